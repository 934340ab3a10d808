/* Reading a GGUF header: is the architecture covered, and what are its numbers? */
#ifndef JP_GRADIENT_SHAPE_H
#define JP_GRADIENT_SHAPE_H

#include <gguf.h>

#include "engine/gradient/gradient-model.h"

/* `meta` holds the tensors' shapes. JOPA_ERROR_UNSUPPORTED with the reason in one line when not covered. */
int jp_gradient_shape_read(jp_gradient_shape *s, const struct gguf_context *gguf, struct ggml_context *meta,
                           jopa_error *e);

#endif
