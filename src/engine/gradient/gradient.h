/* Gradients of f = sum of log p(target tokens | prompt), computed by ggml on the weights of a GGUF file, which is
 * mapped, not copied. libllama has no backward pass; this is a second, small implementation of its graphs for the
 * Llama family (llama and mistral, qwen2, qwen3, smollm3, granite, mistral3), checked against it.
 *
 * Memory beside the mapped file. Copies of the weights in the types and orientation that the CPU is fast with: at
 * most 768 MiB or the file's size, whichever is more; a model that is too large for that has its matrices dequantized
 * piece by piece (64 MiB) in every backward pass instead. Activations that the backward pass needs: at most 1 GiB,
 * layers beyond that are computed a second time (about 30 % slower); then the inputs of the layers, 4 bytes * n_embd *
 * n_layer a token, and the work of one layer, whose attention is done in blocks of 64 MiB. On the default model that is
 * 0.9 GB at 2,000 tokens, 1.1 GB at 4,000, 3.2 GB at 8,000; what the machine cannot hold is refused beforehand. `exact`
 * asks for F32 copies in both orientations, 8 bytes a parameter, without a bound. */
#ifndef JP_GRADIENT_H
#define JP_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"
#include "engine/stop.h"

typedef struct jp_gradient jp_gradient;

/* Whether jp_gradient_open can take this file, by its header alone; if not, why[size] says why in one line. */
bool jp_gradient_covers(const char *gguf_file, char *why, size_t size);

/* threads: 0 is all cores. exact: F32 arithmetic throughout, for comparisons; otherwise weights are at worst in Q8_0
 * and activations may be rounded likewise. JOPA_ERROR_UNSUPPORTED: an architecture that is not covered. On success
 * *out is owned by the caller: jp_gradient_free. */
int  jp_gradient_open(jp_gradient **out, const char *gguf_file, int threads, bool exact, jopa_error *e);
void jp_gradient_free(jp_gradient *g); /* NULL is fine */

/* The same with other bounds, in bytes; NULL: those above. */
typedef struct {
    size_t copies, activations, scores;
} jp_gradient_limits;
int jp_gradient_open_within(jp_gradient **out, const char *gguf_file, int threads, bool exact,
                            const jp_gradient_limits *limits, jopa_error *e);

/* As jp_gradient_open, not exact. Opening and all runs hear a stop by `ear`, which must outlive *out:
 * JOPA_ERROR_INTERRUPTED. */
int jp_gradient_open_heard(jp_gradient **out, const char *gguf_file, int threads, jp_ear *ear, jopa_error *e);

struct jp_accel_store; /* engine/accel.h */
/* Before the first run: keep the accelerator's weights in that store, which must outlive g. */
void jp_gradient_share(jp_gradient *g, struct jp_accel_store *store);

/* Fill the outputs that the request asks for. One forward and one backward pass. */
int jp_gradient_run(jp_gradient *g, const jp_gradient_request *rq, jopa_error *e);
/* One forward pass, up to the last layer that is wanted. */
int jp_gradient_attention(jp_gradient *g, jp_attention_request *rq, jopa_error *e);

/* Bytes held beside the mapped file: copies of weights, and the largest working buffer so far. */
void jp_gradient_memory(const jp_gradient *g, size_t *copies, size_t *work);

#endif
