#include "engine/gradient/gradient-graph.h"

/* ---- linear maps: dx = W^T dy -------------------------------------------------------------------------------------
 */

enum { TILE = 16 << 20 }; /* numbers of W dequantized at a time where there is no transposed copy */

struct ggml_tensor *jp_graph_linear_back(jp_graph *t, const jp_linear *l, struct ggml_tensor *dy) {
    if (l->back) return ggml_mul_mat(t->ctx, l->back, ggml_is_contiguous(dy) ? dy : ggml_cont(t->ctx, dy));
    int64_t             n_in = l->w->ne[0], n_out = l->w->ne[1], rows = TILE / n_in / 32 * 32;
    struct ggml_tensor *dx = NULL;
    if (rows < 32) rows = 32;
    for (int64_t at = 0; at < n_out; at += rows) {
        int64_t             count = n_out - at < rows ? n_out - at : rows;
        struct ggml_tensor *tile = ggml_view_2d(t->ctx, l->w, n_in, count, l->w->nb[1], (size_t)at * l->w->nb[1]);
        struct ggml_tensor *part = ggml_view_2d(t->ctx, dy, count, dy->ne[1], dy->nb[1], (size_t)at * sizeof(float));
        if (tile->type != GGML_TYPE_F32) tile = ggml_cast(t->ctx, tile, GGML_TYPE_F32);
        tile = jp_graph_transposed(t, tile);
        part = ggml_mul_mat(t->ctx, tile, count == n_out ? dy : ggml_cont(t->ctx, part));
        dx = dx ? ggml_add(t->ctx, dx, part) : part;
        ggml_build_forward_expand(t->graph, dx); /* one tile alive at a time */
    }
    return dx;
}

struct ggml_tensor *jp_graph_norm_back(jp_graph *t, struct ggml_tensor *x, struct ggml_tensor *weight,
                                       struct ggml_tensor *dy) {
    return ggml_rms_norm_back(t->ctx, ggml_mul(t->ctx, dy, weight), x, t->g->shape.epsilon);
}

/* ---- attention ----------------------------------------------------------------------------------------------------
 */

typedef struct {
    struct ggml_tensor *q, *k, *v;
} heads; /* gradients, [head_size, m or n, heads] */

/* Adds b [a, fewer rows, heads] to the first rows of sum [a, n, heads]. */
static struct ggml_tensor *add_left(jp_graph *t, struct ggml_tensor *sum, struct ggml_tensor *b) {
    return sum ? ggml_acc(t->ctx, sum, b, sum->nb[1], sum->nb[2], sum->nb[3], 0) : b;
}

/* [a, queries, n_head] -> [a, queries * heads of a group, n_head_kv]: the heads that share keys are contracted
 * together. */
static struct ggml_tensor *grouped(jp_graph *t, struct ggml_tensor *x) {
    int kv = t->g->shape.n_head_kv;
    return ggml_reshape_3d(t->ctx, x, x->ne[0], x->ne[1] * x->ne[2] / kv, kv);
}

/* One block of queries: d o -> d scores, then d q, and d k and d v added up. Blocks come last first, so that the first
 * sum spans all keys. */
static void block_back(jp_graph *t, const jp_graph_layer *l, int b, int from, int to, struct ggml_tensor *d_o,
                       struct ggml_tensor *k_left, bool scores_only, heads *d, jp_score_visit *visit, void *user) {
    int                 m = to - from;
    struct ggml_tensor *p = l->p[b];
    struct ggml_tensor *go = grouped(t, ggml_cont(t->ctx, jp_graph_rows(t, d_o, from - l->first, m)));
    struct ggml_tensor *d_p = ggml_mul_mat(t->ctx, jp_graph_rows(t, l->v, 0, to), go);
    d_p = ggml_reshape_3d(t->ctx, d_p, to, m, p->ne[2]);
    struct ggml_tensor *d_s = ggml_soft_max_ext_back_inplace(t->ctx, d_p, p, t->g->shape.attention_scale, 0);
    if (visit) ggml_build_forward_expand(t->graph, visit(t, user, l, b, d_s));
    if (scores_only) return;
    struct ggml_tensor *q = grouped(t, ggml_cont(t->ctx, jp_graph_rows(t, l->q, from - l->first, m))),
                       *s = grouped(t, d_s);
    struct ggml_tensor *left =
        ggml_view_3d(t->ctx, k_left, to, k_left->ne[1], k_left->ne[2], k_left->nb[1], k_left->nb[2], 0);
    struct ggml_tensor *d_q = ggml_reshape_3d(t->ctx, ggml_mul_mat(t->ctx, left, s), q->ne[0], m, p->ne[2]);
    d->q = d->q ? ggml_concat(t->ctx, d_q, d->q, 1) : d_q;
    d->k = add_left(t, d->k, ggml_mul_mat(t->ctx, jp_graph_transposed(t, q), jp_graph_transposed(t, s)));
    d->v = add_left(t, d->v, ggml_mul_mat(t->ctx, jp_graph_transposed(t, go), jp_graph_transposed(t, grouped(t, p))));
}

/* From heads' gradients [head_size, rows, heads] back through rotation and norm to [head_size * heads, rows]. */
static struct ggml_tensor *project_back(jp_graph *t, int layer, struct ggml_tensor *d, struct ggml_tensor *raw,
                                        struct ggml_tensor *norm, int first) {
    d = jp_graph_rope(t, layer, jp_graph_swap(t, d), first, true);
    if (norm) d = jp_graph_norm_back(t, raw, norm, d);
    return ggml_reshape_2d(t->ctx, d, d->ne[0] * d->ne[1], d->ne[2]);
}

/* Adds d of rows `first` on, [n_embd, m], to all [n_embd, n]. */
static struct ggml_tensor *add_right(jp_graph *t, struct ggml_tensor *all, struct ggml_tensor *d, int first) {
    if (first == 0) return ggml_add(t->ctx, all, d);
    return ggml_acc(t->ctx, all, d, all->nb[1], all->nb[2], all->nb[3], (size_t)first * all->nb[1]);
}

static struct ggml_tensor *attention_back(jp_graph *t, const jp_graph_layer *l, struct ggml_tensor *d_o,
                                          bool scores_only, jp_score_visit *visit, void *user) {
    const jp_gradient_layer *w = t->g->layers + l->layer;
    struct ggml_tensor      *k_left = scores_only ? NULL : jp_graph_transposed(t, l->k);
    heads                    d = {0};
    for (int b = jp_graph_blocks(t) - 1, from, to; b >= 0; b--)
        if (jp_graph_block(t, b, l->first, &from, &to))
            block_back(t, l, b, from, to, d_o, k_left, scores_only, &d, visit, user);
    if (scores_only) return NULL;
    if (t->temperature)
        d.q = ggml_mul(
            t->ctx, d.q,
            ggml_view_2d(t->ctx, t->temperature, 1, d.q->ne[1], sizeof(float), (size_t)l->first * sizeof(float)));
    struct ggml_tensor *v = jp_graph_swap(t, d.v);
    v = ggml_reshape_2d(t->ctx, v, v->ne[0] * v->ne[1], v->ne[2]);
    struct ggml_tensor *h = jp_graph_linear_back(t, &w->k, project_back(t, l->layer, d.k, l->k_raw, w->k_norm, 0));
    h = ggml_add(t->ctx, h, jp_graph_linear_back(t, &w->v, v));
    return add_right(
        t, h, jp_graph_linear_back(t, &w->q, project_back(t, l->layer, d.q, l->q_raw, w->q_norm, l->first)), l->first);
}

/* ---- a layer --------------------------------------------------------------------------------------------------------
 */

static struct ggml_tensor *scale_backward(jp_graph *t, struct ggml_tensor *x, float factor) {
    return factor == 1 ? x : ggml_scale(t->ctx, x, factor);
}

/* out = y + r W_down (silu(gate) up). */
static struct ggml_tensor *feed_forward_back(jp_graph *t, const jp_graph_layer *l, struct ggml_tensor *d_out) {
    const jp_gradient_layer *w = t->g->layers + l->layer;
    struct ggml_tensor *d = jp_graph_linear_back(t, &w->down, scale_backward(t, d_out, t->g->shape.residual_scale));
    struct ggml_tensor *d_gate = ggml_silu_back(t->ctx, ggml_mul(t->ctx, d, l->up), l->gate);
    struct ggml_tensor *d_up = ggml_mul(t->ctx, d, ggml_silu(t->ctx, l->gate));
    d = ggml_add(t->ctx, jp_graph_linear_back(t, &w->gate, d_gate), jp_graph_linear_back(t, &w->up, d_up));
    return ggml_add(t->ctx, d_out, jp_graph_norm_back(t, l->y, w->ffn_norm, d));
}

struct ggml_tensor *jp_graph_backward(jp_graph *t, const jp_graph_layer *l, struct ggml_tensor *d_out, bool scores_only,
                                      jp_score_visit *visit, void *user) {
    const jp_gradient_shape *s = &t->g->shape;
    const jp_gradient_layer *w = t->g->layers + l->layer;
    struct ggml_tensor      *d_y = feed_forward_back(t, l, d_out);
    struct ggml_tensor      *d_o = jp_graph_linear_back(t, &w->o, scale_backward(t, d_y, s->residual_scale));
    d_o = jp_graph_swap(t, ggml_reshape_3d(t->ctx, d_o, s->head_size, s->n_head, d_o->ne[1]));
    struct ggml_tensor *d_h = attention_back(t, l, d_o, scores_only, visit, user);
    if (!d_h) return NULL;
    return add_right(t, jp_graph_norm_back(t, l->x, w->attn_norm, d_h), d_y, l->first);
}
