/* An engine that the caller of the library brings, checked: jopa_model_open_engine. */
#ifndef JP_PLUGIN_H
#define JP_PLUGIN_H

#include "engine/engine.h"

/* `ops` is copied. On success *out is owned by the caller: (*out)->ops->destroy(*out), which calls theirs. */
int jp_plugin_open(jp_engine **out, const jopa_engine_ops *ops, void *self, jopa_error *e);
/* The `self` it was opened with. */
void *jp_plugin_self(const jp_engine *engine);

#endif
