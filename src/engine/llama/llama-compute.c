/* Contexts and batches, computed by this thread, or on other machines by one that is looked after. */
#include "engine/accel/accel.h"
#include "engine/llama/llama-local.h"

/* ---- contexts --------------------------------------------------------------------------------------------------- */

typedef struct {
    jp_local                   *l;
    struct llama_context_params params;
    struct llama_context       *made;
} making;

static void make_context_work(void *user) {
    making *m = user;
    m->made = llama_init_from_model(m->l->model, m->params);
}

struct llama_context *jp_local_new_context(jp_local *l, struct llama_context_params p) {
    making m = {.l = l, .params = p};
    m.params.n_threads = m.params.n_threads_batch = l->threads;
    m.params.no_perf = true;
    m.params.abort_callback = l->rpc ? jp_rpc_stopped_callback : jp_hears_stop_callback;
    m.params.abort_callback_data = l->rpc ? (void *)l->rpc : &l->ear;
    if (l->rpc) jp_rpc_run(l->rpc, &l->ear, make_context_work, &m);
    else make_context_work(&m);
    return m.made;
}

/* ---- batches ---------------------------------------------------------------------------------------------------- */

typedef struct {
    jp_local             *l;
    struct llama_context *context;
    struct llama_batch    batch;
    int                   inputs, attention, code;
} computing;

static void compute_work(void *user) {
    computing *c = user;
    jp_accel_begin(c->l->store, c->inputs, c->attention);
    c->code = jp_local_is_encoder(c->l) ? llama_encode(c->context, c->batch) : llama_decode(c->context, c->batch);
    if (c->l->rpc) llama_synchronize(c->context); /* here, where somebody looks after it */
    jp_accel_end();
}

static int check_computed(jp_local *l, int code, jopa_error *err) {
    enum { NO_ROOM = 1, ABORTED = 2 };
    if (l->ear.stopped || code == ABORTED) return jp_fail_interrupted(err); /* graphs of several parts may not say it */
    int status = l->rpc ? jp_rpc_check(l->rpc, err) : JP_OK;
    if (status || code == 0) return status;
    if (code == NO_ROOM)
        return jp_fail(err, JOPA_ERROR_MODEL, "the key-value cache is too small for this batch: raise `ctx`");
    return jp_fail(err, JOPA_ERROR_MODEL, "libllama could not evaluate the batch (code %d)", code);
}

int jp_local_compute(jp_local *l, struct llama_context *context, struct llama_batch batch, int inputs, int attention,
                     jopa_error *err) {
    computing c = {l, context, batch, inputs, attention, 0};
    int       status = l->rpc ? jp_rpc_check(l->rpc, err) : JP_OK;
    if (status) return status;
    if (l->rpc) jp_rpc_run(l->rpc, &l->ear, compute_work, &c);
    else compute_work(&c);
    return check_computed(l, c.code, err);
}
