/* Weights as oneDNN's products want them: rounded to bfloat16, laid out anew. A store has those of one model. The
 * scorer and gradients, which map a model's file each for itself, share them: those of the same content are laid out
 * once. Only accel-*.c include this. */
#ifndef JP_ACCEL_WEIGHTS_H
#define JP_ACCEL_WEIGHTS_H

#include <ggml.h>
#include <oneapi/dnnl/dnnl.h>
#include <stddef.h>

#include "engine/accel/accel.h"

typedef struct {
    dnnl_memory_desc_t layout;
    void              *data;
} jp_packed;

/* What a tensor without data of its own stands for the transpose of (engine/accel.h), or the tensor itself. */
const struct ggml_tensor *jp_packed_original(const struct ggml_tensor *t);

/* The weights of `t`, laid out now where the store does not have them yet, and the store's; NULL: no memory, or oneDNN
 * failed. */
const jp_packed *jp_packed_get(jp_accel_store *s, const struct ggml_tensor *t, dnnl_engine_t engine,
                               dnnl_stream_t stream, int threads);

/* A matrix [a, b] in oneDNN's words. False: oneDNN refused. */
bool jp_packed_describe(dnnl_memory_desc_t *out, int64_t a, int64_t b, dnnl_data_type_t type, dnnl_format_tag_t tag);

/* At least `wanted` bytes, *size of them, in large pages where the system has them: weights are read from end to end,
 * again and again. Free with free(). */
void *jp_packed_pages(size_t wanted, size_t *size);

#endif
