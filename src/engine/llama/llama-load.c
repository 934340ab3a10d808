/* Loading a model: here, or onto the devices of other machines. */
#include <stdio.h>
#include <string.h>

#include "engine/accel/accel.h"
#include "engine/llama/llama-local.h"

/* ---- libllama's log: its hook is global to the process, so it only keeps the last error, per thread ------------- */

static _Thread_local char last_error[256];

static void keep_error(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    if (level != GGML_LOG_LEVEL_ERROR || !text[0] || text[0] == '\n') return;
    const char *from = strstr(text, ": "); /* drop the name of libllama's function */
    snprintf(last_error, sizeof last_error, "%s", from ? from + 2 : text);
    size_t size = strlen(last_error);
    while (size && (last_error[size - 1] == '\n' || last_error[size - 1] == '.')) last_error[--size] = '\0';
}

void jp_local_quiet(void) { llama_log_set(keep_error, NULL); }

/* ---- progress --------------------------------------------------------------------------------------------------- */

/* Where the weights are copied first that is the first half of it. */
typedef struct {
    jp_local                 *l;
    const jp_engine_options  *options;
    double                    from;
    bool                      stopped;
    struct llama_model_params params;
    FILE                     *copy; /* NULL: the file itself */
    char                      error[sizeof last_error];
} loading;

static int ask_loading(void *user, double fraction) {
    loading *p = user;
    double   done = fraction > 0 ? p->from + (1 - p->from) * fraction : p->from; /* below 0: unknown */
    if (p->options->progress && p->options->progress(p->options->user, done)) p->stopped = true;
    return p->stopped;
}

static bool report_progress(float fraction, void *user) {
    loading *p = user;
    return p->l->rpc ? jp_rpc_goes_on(p->l->rpc, (double)fraction) : !ask_loading(p, (double)fraction);
}

static int ask_copying(void *user, double fraction) { return ask_loading(user, fraction / 2); }

/* ---- loading ---------------------------------------------------------------------------------------------------- */

static void load_weights(void *user) {
    loading *p = user;
    last_error[0] = '\0';
    p->l->model = p->copy ? llama_model_load_from_file_ptr(p->copy, p->params)
                          : llama_model_load_from_file(p->options->file, p->params);
    memcpy(p->error, last_error, sizeof p->error);
}

static void run_loading(loading *p) {
    jopa_stop stop = {ask_loading, p};
    jp_ear    ear = jp_ear_for(&stop);
    if (p->l->rpc) jp_rpc_run(p->l->rpc, &ear, load_weights, p);
    else load_weights(p);
}

/* In F16 copies, where that is faster and there is room for them. */
static void load_copy(loading *p) {
    jopa_stop stop = {ask_copying, p};
    jp_ear    ear = jp_ear_for(&stop);
    p->copy = jp_local_faster_weights(p->options->file, GGML_TYPE_F16, &ear);
    if (!p->copy) return;
    p->from = 0.5;
    run_loading(p);
    fclose(p->copy);
    p->copy = NULL;
    p->l->weights = p->l->model ? "F16" : NULL;
}

static int open_rpc(loading *p, jopa_error *e) {
    jopa_stop stop = {ask_loading, p};
    jp_ear    ear = jp_ear_for(&stop);
    if (!p->options->rpc) return JP_OK;
    int status = jp_rpc_open(&p->l->rpc, p->options->rpc, &ear, e);
    if (status) return status;
    p->params.devices = jp_rpc_devices(p->l->rpc);
    if (!p->options->gpu_layers) p->params.n_gpu_layers = -1; /* all of them */
    return JP_OK;
}

static int check_loaded(const loading *p, jopa_error *e) {
    const char *why = p->error[0] ? p->error : "no reason given";
    int         status = p->l->rpc && !p->stopped ? jp_rpc_check(p->l->rpc, e) : JP_OK;
    if (status) return status;
    if (p->stopped) return jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted while the model was loaded");
    if (p->l->model) return JP_OK;
    if (p->l->rpc)
        return jp_fail(e, JOPA_ERROR_MODEL,
                       "the model '%s' cannot be loaded onto %s (%s): have the servers too little memory?",
                       p->options->file, jp_rpc_names(p->l->rpc), why);
    return jp_fail(e, JOPA_ERROR_MODEL,
                   "the model '%s' cannot be loaded (%s): the file may be truncated or of a kind that this "
                   "libllama does not know",
                   p->options->file, why);
}

int jp_local_load(jp_local *l, const jp_engine_options *o, jopa_error *e) {
    loading p = {.l = l, .options = o, .params = llama_model_default_params()};
    jp_local_quiet();
    p.params.n_gpu_layers = o->gpu_layers;
    p.params.progress_callback = report_progress;
    p.params.progress_callback_user_data = &p;
    int status = open_rpc(&p, e);
    if (status) return status;
    bool     elsewhere = o->gpu_layers && !l->rpc;
    unsigned takes = elsewhere || l->rpc ? 0 : jp_accel_register();
    l->attends = takes & JP_ACCEL_ATTENTION;
    l->accelerated = takes & JP_ACCEL_PRODUCTS;
    if (l->accelerated) l->store = jp_accel_store_new();
    p.params.use_extra_bufts = !l->accelerated; /* they are laid out for other products */
    if (!elsewhere && !l->accelerated) load_copy(&p);
    if (!l->model && !p.stopped && (!l->rpc || !jp_rpc_check(l->rpc, e))) run_loading(&p);
    status = check_loaded(&p, e);
    if (status) return status;
    l->vocab = llama_model_get_vocab(l->model);
    if (l->accelerated && !jp_local_is_float(l)) l->weights = "BF16";
    return JP_OK;
}
