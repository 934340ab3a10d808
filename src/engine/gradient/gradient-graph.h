/* The model's graph, forward and backward, layer by layer. Only src/engine/gradient*.c include this.
 *
 * Shapes are in ggml's order, fastest first: a matrix [a, b] has b rows of a numbers. n is the (padded) number of
 * symbols fed, m the number of rows from `first` on: all of them, but in the last layer only those that outputs need.
 */
#ifndef JP_GRADIENT_GRAPH_H
#define JP_GRADIENT_GRAPH_H

#include "engine/gradient/gradient-model.h"

enum { JP_MAX_BLOCKS = 64 };

typedef struct {
    const jp_gradient   *g;
    struct ggml_context *ctx;
    struct ggml_cgraph  *graph;
    int                  n, block;    /* queries in a block of the attention */
    struct ggml_tensor  *position;    /* [n] */
    struct ggml_tensor  *temperature; /* [1, 1, n] or NULL */
    struct ggml_tensor
        *mask[JP_MAX_BLOCKS]; /* [end of block, queries]: bias left of the diagonal, 0 on it, -inf right */
} jp_graph;

/* What the backward pass needs of a layer's forward pass. */
typedef struct {
    int                 layer, first;     /* queries from `first` on */
    struct ggml_tensor *x;                /* [n_embd, n] input */
    struct ggml_tensor *q_raw, *k_raw;    /* [head_size, heads, m or n] before the norms of qwen3 */
    struct ggml_tensor *q, *k, *v;        /* [head_size, m or n, heads] */
    struct ggml_tensor *p[JP_MAX_BLOCKS]; /* [end of block, queries, n_head] attention weights */
    struct ggml_tensor *o;                /* [head_size, m, n_head] heads' outputs */
    struct ggml_tensor *y;                /* [n_embd, m] after attention */
    struct ggml_tensor *gate, *up;        /* [n_ff, m] */
    struct ggml_tensor *out;              /* [n_embd, m] */
} jp_graph_layer;

/* The queries [*from, *to) of block `b` that are not before `first`; false: none. */
bool jp_graph_block(const jp_graph *t, int b, int first, int *from, int *to);
int  jp_graph_blocks(const jp_graph *t);

/* Forward. */
struct ggml_tensor *jp_graph_linear(jp_graph *t, const jp_linear *l, struct ggml_tensor *x);
struct ggml_tensor *jp_graph_norm(jp_graph *t, struct ggml_tensor *x, struct ggml_tensor *weight);
void                jp_graph_forward(jp_graph *t, int layer, struct ggml_tensor *x, int first, jp_graph_layer *out);
/* Rows [from, from + count) of x [a, n]; heads-last tensors [a, n, heads] keep their heads. Not contiguous. */
struct ggml_tensor *jp_graph_rows(jp_graph *t, struct ggml_tensor *x, int from, int count);
/* [a, b, c] -> contiguous [a, c, b]: from heads-last to rows-last and back. */
struct ggml_tensor *jp_graph_swap(jp_graph *t, struct ggml_tensor *x);
/* Contiguous F32 [a, b, c] -> [b, a, c]. ggml copies a transpose number by number. */
struct ggml_tensor *jp_graph_transposed(jp_graph *t, struct ggml_tensor *x);
struct ggml_tensor *jp_graph_rope(jp_graph *t, int layer, struct ggml_tensor *x, int first, bool back);

/* Called with each block's gradient with respect to the attention scores times their scale, [end, queries, n_head]. */
typedef struct ggml_tensor *jp_score_visit(jp_graph *t, void *user, const jp_graph_layer *l, int block,
                                           struct ggml_tensor *d_score);

/* Backward: from d out [n_embd, m] to d x [n_embd, n]. With `scores_only`, NULL: nothing below the scores is computed.
 */
struct ggml_tensor *jp_graph_backward(jp_graph *t, const jp_graph_layer *l, struct ggml_tensor *d_out, bool scores_only,
                                      jp_score_visit *visit, void *user);
struct ggml_tensor *jp_graph_linear_back(jp_graph *t, const jp_linear *l, struct ggml_tensor *dy);
struct ggml_tensor *jp_graph_norm_back(jp_graph *t, struct ggml_tensor *x, struct ggml_tensor *weight,
                                       struct ggml_tensor *dy);

#endif
