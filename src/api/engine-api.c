#include <stdlib.h>

#include "engine/capability.h"
#include "engine/plugin.h"
#include "explain/model.h"

int jopa_model_open_engine(jopa_model **out, const jopa_engine_ops *ops, void *self, jopa_error *e) {
    jopa_model *m = calloc(1, sizeof *m);
    if (!m) return jp_fail_memory(e);
    int status = jp_plugin_open(&m->engine, ops, self, e);
    if (status) {
        free(m);
        return status;
    }
    unsigned can = m->engine->ops->capabilities(m->engine);
    jp_capability_words(can, m->capabilities, sizeof m->capabilities);
    *out = m;
    return JOPA_OK;
}
