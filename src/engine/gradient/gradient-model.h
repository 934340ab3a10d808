/* The model behind jp_gradient: hyperparameters and weights. Only src/engine/gradient*.c include this. */
#ifndef JP_GRADIENT_MODEL_H
#define JP_GRADIENT_MODEL_H

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include "engine/gradient/gradient.h"

/* y = W x + b. Shapes in ggml's order (fastest first): w [n_in, n_out], back [n_out, n_in], bias [n_out]. */
typedef struct {
    struct ggml_tensor *w;    /* for the forward pass: the file's own or a copy in a faster type */
    struct ggml_tensor *back; /* the transposed copy, or NULL: made piece by piece in the graph */
    struct ggml_tensor *bias; /* or NULL */
} jp_linear;

typedef struct {
    struct ggml_tensor *attn_norm, *ffn_norm; /* [n_embd] */
    struct ggml_tensor *q_norm, *k_norm;      /* [head_size] or NULL (qwen3) */
    jp_linear           q, k, v, o, gate, up, down;
} jp_gradient_layer;

typedef struct {
    int   n_layer, n_embd, n_head, n_head_kv, head_size, n_ff, n_vocab;
    float epsilon;
    float attention_scale;                              /* of the scores */
    float embedding_scale, residual_scale, logit_scale; /* 1: none; factors on embeddings, branches, logits */
    float
        temperature; /* mistral3: queries times 1 + temperature log(1 + floor(position / temperature_floor)); 0: none */
    int temperature_floor;
    int rope_step; /* every rope_step-th layer has no RoPE; 0: all have */
    bool  rope;
    int   rope_mode, rope_context;
    float rope_base, rope_scale, rope_ext, rope_attn, rope_fast, rope_slow;
} jp_gradient_shape;

struct jp_gradient {
    jp_gradient_shape   shape;
    struct ggml_tensor *embedding, *output_norm; /* [n_embd, n_vocab], [n_embd] */
    struct ggml_tensor *rope_factors;            /* [head_size / 2] or NULL */
    jp_linear           output;
    jp_gradient_layer  *layers;
    float              *mean; /* [n_embd] of the embedding table, lazily */

    void                 *map;
    size_t                map_size;
    struct ggml_context  *tensors, *copies; /* of the file; of the copies */
    ggml_backend_buffer_t file_buffer, copy_buffer;
    size_t                copy_size, work_size;
    jp_gradient_limits    limits;
    jp_ear               *ear; /* or NULL */

    ggml_backend_t         cpu;
    ggml_backend_t         accel;     /* engine/accel.h, which then multiplies by the weights; or NULL */
    struct jp_accel_store *store;     /* where accel keeps the weights; NULL: by itself. The owner is who opened this */
    ggml_gallocr_t         allocator; /* without accel */
    ggml_backend_sched_t   sched;     /* with it, for graphs of up to sched_size nodes */
    size_t                 sched_size;
    int                    pad; /* lengths that products contract over are multiples of this */
};

/* The file mapped and its tensors placed. On failure the caller frees what is there by jp_gradient_model_free. */
int  jp_gradient_model_load(jp_gradient *g, const char *file, jopa_error *e);
void jp_gradient_model_free(jp_gradient *g);
/* Copies of the weights, within g->limits. */
int jp_gradient_copy_weights(jp_gradient *g, bool exact, int threads, jopa_error *e);
/* out[n, n_embd]: the embeddings of n symbols. */
int jp_gradient_rows(jp_gradient *g, const int32_t *symbols, int n, float *out, jopa_error *e);

#endif
