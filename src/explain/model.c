#include "explain/model.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table.h"

void jopa_model_options_init(jopa_model_options *o) { *o = (jopa_model_options){.engine = "local"}; }

static void describe(jopa_model *m) {
    static const struct {
        unsigned    bit;
        const char *word;
    } words[] = {
        {JP_CAN_SCORE, "logprobs"},      {JP_CAN_GENERATE, "generate"}, {JP_CAN_GRADIENT, "gradient"},
        {JP_CAN_ATTENTION, "attention"}, {JP_CAN_EMBED, "embed"},
    };
    unsigned can = m->engine->ops->capabilities(m->engine);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(can & words[i].bit)) continue;
        if (m->capabilities[0]) strcat(m->capabilities, ",");
        strcat(m->capabilities, words[i].word);
    }
}

int jopa_model_open(jopa_model **out, const jopa_model_options *o, jopa_error *e) {
    if (!o->file) return jp_fail(e, JOPA_ERROR_USAGE, "no model: give a GGUF file, or `default`");
    jopa_model *m = calloc(1, sizeof *m);
    if (!m) return jp_fail_memory(e);
    jp_engine_options options = {o->file, o->threads, o->context, o->gpu_layers, o->precise != 0, o->progress, o->user};
    int               status = jp_engine_open(&m->engine, o->engine, &options, e);
    if (!status && !(m->engine->ops->capabilities(m->engine) & JP_CAN_SCORE))
        status = jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                         "'%s' is an encoder, which writes no responses: explain a language model", o->file);
    if (!status && o->encoder) {
        options.file = o->encoder;
        options.context = 0;
        status = jp_engine_open(&m->encoder, "local", &options, e);
    }
    if (status) {
        jopa_model_free(m);
        return status;
    }
    describe(m);
    *out = m;
    return JOPA_OK;
}

void jopa_model_free(jopa_model *m) {
    if (!m) return;
    if (m->engine) m->engine->ops->destroy(m->engine);
    if (m->encoder) m->encoder->ops->destroy(m->encoder);
    free(m);
}

const char *jopa_model_capabilities(const jopa_model *m) { return m->capabilities; }
