#include "explain/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/capability.h"
#include "engine/table.h"
#include "question/options.h"

typedef struct {
    const jopa_options *o;
    double              started;
    bool                stopped; /* by the caller */
} loading;

static int tell_loading(void *user, double fraction) {
    loading      *l = user;
    jopa_progress p = {.best_drop = NAN,
                       .seconds = jp_seconds() - l->started,
                       .seconds_left = -1,
                       .stage = "loading",
                       .fraction = fraction};
    l->stopped = l->stopped || (l->o->progress && l->o->progress(l->o->user, &p));
    return l->stopped;
}

static int open_engines(jopa_model *m, const jopa_options *o, loading *l, jopa_error *e) {
    const char       *encoder = jp_options_text(o, "encoder");
    jp_engine_options options = {.file = jp_options_text(o, "model"),
                                 .threads = jp_options_integer(o, "threads"),
                                 .context = jp_options_integer(o, "ctx"),
                                 .gpu_layers = jp_options_integer(o, "gpu_layers"),
                                 .rpc = jp_options_text(o, "rpc"),
                                 .precise = jp_options_switch(o, "precise"),
                                 .progress = tell_loading,
                                 .user = l};
    const char       *engine = jp_options_text(o, "engine");
    bool              remote = jp_engine_is_remote(engine);
    options.key = jp_options_text(o, "key");
    options.tokenizer = jp_options_text(o, "tokenizer");
    options.timeout = jp_options_number(o, "timeout");
    if (options.rpc && engine && strcmp(engine, "local"))
        return jp_fail(e, JOPA_ERROR_USAGE, "`rpc` gives the local engine more machines: leave `rpc` or `engine` out");
    if (!options.file && !remote) return jp_fail(e, JOPA_ERROR_USAGE, "no `model`: give a GGUF file");
    m->precise = options.precise;
    int status = jp_engine_open(&m->engine, engine, &options, e);
    if (!status && !(m->engine->ops->capabilities(m->engine) & JP_CAN_SCORE))
        status = jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                         "'%s' is an encoder, which writes no responses: explain a language model", options.file);
    if (status || !encoder) return status;
    options.file = encoder;
    options.key = options.tokenizer = NULL;
    options.context = 0;
    options.rpc = NULL;
    if (!(m->encoder_file = strdup(encoder))) return jp_fail_memory(e);
    return jp_engine_open(&m->encoder, "local", &options, e);
}

int jopa_model_open(jopa_model **out, const jopa_options *o, jopa_error *e) {
    jopa_model *m = calloc(1, sizeof *m);
    if (!m) return jp_fail_memory(e);
    loading l = {.o = o, .started = jp_seconds()};
    int     status = open_engines(m, o, &l, e);
    if (status) {
        jopa_model_free(m);
        return l.stopped ? jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted while loading: the model is not open")
                         : status;
    }
    jp_model_info info = {.size = sizeof info};
    jp_capability_words(m->engine->ops->capabilities(m->engine), m->capabilities, sizeof m->capabilities);
    m->engine->ops->model_info(m->engine, &info);
    memcpy(m->devices, info.devices, sizeof m->devices);
    *out = m;
    return JP_OK;
}

static int share_engines(jopa_model *made, const jopa_model *m, jopa_error *e) {
    jp_engine_options options = {.file = m->encoder_file};
    int               status = m->engine->sharing->share(&made->engine, m->engine, e);
    if (status || !m->encoder) return status;
    if (!(made->encoder_file = strdup(m->encoder_file))) return jp_fail_memory(e);
    return jp_engine_open(&made->encoder, "local", &options, e);
}

int jopa_model_share(jopa_model **out, jopa_model *m, jopa_error *e) {
    if (!m->engine->sharing)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "the engine '%s' answers one question at a time: only a remote one is shared",
                       m->engine->ops->name);
    jopa_model *made = calloc(1, sizeof *made);
    if (!made) return jp_fail_memory(e);
    int status = share_engines(made, m, e);
    memcpy(made->capabilities, m->capabilities, sizeof made->capabilities);
    memcpy(made->devices, m->devices, sizeof made->devices);
    made->precise = m->precise;
    if (status) jopa_model_free(made);
    else *out = made;
    return status;
}

int jp_model_question(jp_question *q, const jopa_model *m, const jopa_options *o, jopa_error *e) {
    int status = jp_question_init(q, o, e);
    if (status || !m->engine->sharing || jopa_options_given(o, "operator")) return status;
    return jp_operator_choose(&q->op, "delete", e);
}

void jp_model_begin(jopa_model *m) {
    if (!m->many) atomic_store(&m->cancelled, false);
}

void jopa_cancel(jopa_model *m) { atomic_store(&m->cancelled, true); }

void jopa_model_free(jopa_model *m) {
    if (!m) return;
    if (m->engine) m->engine->ops->destroy(m->engine);
    if (m->encoder) m->encoder->ops->destroy(m->encoder);
    free(m->encoder_file);
    free(m);
}

const char *jopa_model_capabilities(const jopa_model *m) { return m->capabilities; }
const char *jopa_model_devices(const jopa_model *m) { return m->devices; }
