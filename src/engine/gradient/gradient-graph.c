#include "engine/gradient/gradient-graph.h"

struct ggml_tensor *jp_graph_linear(jp_graph *t, const jp_linear *l, struct ggml_tensor *x) {
    struct ggml_tensor *y = ggml_mul_mat(t->ctx, l->w, x);
    return l->bias ? ggml_add(t->ctx, y, l->bias) : y;
}

struct ggml_tensor *jp_graph_norm(jp_graph *t, struct ggml_tensor *x, struct ggml_tensor *weight) {
    return ggml_mul(t->ctx, ggml_rms_norm(t->ctx, x, t->g->shape.epsilon), weight);
}

struct ggml_tensor *jp_graph_rows(jp_graph *t, struct ggml_tensor *x, int from, int count) {
    if (from == 0 && count == x->ne[1]) return x;
    return ggml_view_3d(t->ctx, x, x->ne[0], count, x->ne[2], x->nb[1], x->nb[2], (size_t)from * x->nb[1]);
}

struct ggml_tensor *jp_graph_swap(jp_graph *t, struct ggml_tensor *x) {
    return ggml_cont(t->ctx, ggml_permute(t->ctx, x, 0, 2, 1, 3));
}

/* Square tiles, so that what is read and what is written both stay in the cache; threads share out bands of columns. */
static void transpose_graph(struct ggml_tensor *dst, int thread, int threads, void *user) {
    enum { TILE = 16 };
    const struct ggml_tensor *x = dst->src[0];
    int64_t                   wide = x->ne[0], rows = x->ne[1], bands = (wide + TILE - 1) / TILE;
    (void)user;
    for (int64_t band = thread; band < bands * x->ne[2]; band += threads) {
        const float *from = (const float *)x->data + band / bands * wide * rows;
        float       *to = (float *)dst->data + band / bands * wide * rows;
        int64_t      first = band % bands * TILE, last = first + TILE < wide ? first + TILE : wide;
        for (int64_t at = 0; at < rows; at += TILE) {
            int64_t end = at + TILE < rows ? at + TILE : rows;
            for (int64_t column = first; column < last; column++)
                for (int64_t row = at; row < end; row++) to[column * rows + row] = from[row * wide + column];
        }
    }
}

struct ggml_tensor *jp_graph_transposed(jp_graph *t, struct ggml_tensor *x) {
    return ggml_custom_4d(t->ctx, GGML_TYPE_F32, x->ne[1], x->ne[0], x->ne[2], 1, &x, 1, transpose_graph,
                          GGML_N_TASKS_MAX, NULL);
}

static bool has_rope(const jp_gradient_shape *s, int layer) {
    return s->rope && (s->rope_step == 0 || (layer + 1) % s->rope_step != 0);
}

struct ggml_tensor *jp_graph_rope(jp_graph *t, int layer, struct ggml_tensor *x, int first, bool back) {
    const jp_gradient_shape *s = &t->g->shape;
    if (!has_rope(s, layer)) return x;
    struct ggml_tensor *position =
        first ? ggml_view_1d(t->ctx, t->position, x->ne[2], (size_t)first * sizeof(int32_t)) : t->position;
    return (back ? ggml_rope_ext_back : ggml_rope_ext)(t->ctx, x, position, t->g->rope_factors, s->head_size,
                                                       s->rope_mode, s->rope_context, s->rope_base, s->rope_scale,
                                                       s->rope_ext, s->rope_attn, s->rope_fast, s->rope_slow);
}

/* ---- attention -------------------------------------------------------------------------------------------------- */

int jp_graph_blocks(const jp_graph *t) { return (t->n + t->block - 1) / t->block; }

bool jp_graph_block(const jp_graph *t, int b, int first, int *from, int *to) {
    *from = b * t->block > first ? b * t->block : first;
    *to = (b + 1) * t->block < t->n ? (b + 1) * t->block : t->n;
    return *from < *to;
}

/* q [head_size, queries, n_head] of one block -> [to, queries, n_head] weights. Heads of a group share keys: their
 * queries are rows of one product. */
static struct ggml_tensor *weights(jp_graph *t, const jp_graph_layer *l, int block, int from, int to) {
    const jp_gradient_shape *s = &t->g->shape;
    struct ggml_tensor      *q = ggml_cont(t->ctx, jp_graph_rows(t, l->q, from - l->first, to - from));
    struct ggml_tensor      *k = jp_graph_rows(t, l->k, 0, to);
    struct ggml_tensor      *mask = jp_graph_rows(t, t->mask[block], from - block * t->block, to - from);
    q = ggml_reshape_3d(t->ctx, q, s->head_size, (int64_t)(to - from) * (s->n_head / s->n_head_kv), s->n_head_kv);
    struct ggml_tensor *score = ggml_reshape_3d(t->ctx, ggml_mul_mat(t->ctx, k, q), to, to - from, s->n_head);
    return ggml_soft_max_ext(t->ctx, score, mask, s->attention_scale, 0);
}

/* Heads' outputs [head_size, m, n_head]. */
static struct ggml_tensor *attend_graph(jp_graph *t, jp_graph_layer *l) {
    const jp_gradient_shape *s = &t->g->shape;
    struct ggml_tensor      *v = jp_graph_transposed(t, l->v), *all = NULL; /* [n, head_size, n_head_kv] */
    for (int b = 0, from, to; b < jp_graph_blocks(t); b++) {
        if (!jp_graph_block(t, b, l->first, &from, &to)) continue;
        l->p[b] = weights(t, l, b, from, to);
        struct ggml_tensor *p =
            ggml_reshape_3d(t->ctx, l->p[b], to, (int64_t)(to - from) * (s->n_head / s->n_head_kv), s->n_head_kv);
        struct ggml_tensor *left = ggml_view_3d(t->ctx, v, to, v->ne[1], v->ne[2], v->nb[1], v->nb[2], 0);
        struct ggml_tensor *o =
            ggml_reshape_3d(t->ctx, ggml_mul_mat(t->ctx, left, p), s->head_size, to - from, s->n_head);
        all = all ? ggml_concat(t->ctx, all, o, 1) : o;
    }
    return all;
}

/* h [n_embd, rows] -> raw [head_size, heads, rows], and normed and rotated [head_size, rows, heads]. */
static struct ggml_tensor *project_graph(jp_graph *t, const jp_graph_layer *l, const jp_linear *w,
                                         struct ggml_tensor *norm, struct ggml_tensor *h, int first,
                                         struct ggml_tensor **raw) {
    const jp_gradient_shape *s = &t->g->shape;
    struct ggml_tensor      *x = jp_graph_linear(t, w, h);
    *raw = x = ggml_reshape_3d(t->ctx, x, s->head_size, x->ne[0] / s->head_size, x->ne[1]);
    if (norm) x = jp_graph_norm(t, x, norm);
    return jp_graph_swap(t, jp_graph_rope(t, l->layer, x, first, false));
}

static struct ggml_tensor *scale_graph(jp_graph *t, struct ggml_tensor *x, float factor) {
    return factor == 1 ? x : ggml_scale(t->ctx, x, factor);
}

void jp_graph_forward(jp_graph *t, int layer, struct ggml_tensor *x, int first, jp_graph_layer *l) {
    const jp_gradient_shape *s = &t->g->shape;
    const jp_gradient_layer *w = t->g->layers + layer;
    int                      m = t->n - first;
    *l = (jp_graph_layer){.layer = layer, .first = first, .x = x};
    struct ggml_tensor *h = jp_graph_norm(t, x, w->attn_norm), *v;
    l->q = project_graph(t, l, &w->q, w->q_norm, jp_graph_rows(t, h, first, m), first, &l->q_raw);
    l->k = project_graph(t, l, &w->k, w->k_norm, h, 0, &l->k_raw);
    v = jp_graph_linear(t, &w->v, h);
    l->v = jp_graph_swap(t, ggml_reshape_3d(t->ctx, v, s->head_size, s->n_head_kv, t->n));
    if (t->temperature)
        l->q = ggml_mul(t->ctx, l->q,
                        ggml_view_2d(t->ctx, t->temperature, 1, m, sizeof(float), (size_t)first * sizeof(float)));
    l->o = attend_graph(t, l);
    struct ggml_tensor *joined = ggml_reshape_2d(t->ctx, jp_graph_swap(t, l->o), (int64_t)s->head_size * s->n_head, m);
    l->y = ggml_add(t->ctx, scale_graph(t, jp_graph_linear(t, &w->o, joined), s->residual_scale),
                    jp_graph_rows(t, x, first, m));
    h = jp_graph_norm(t, l->y, w->ffn_norm);
    l->gate = jp_graph_linear(t, &w->gate, h);
    l->up = jp_graph_linear(t, &w->up, h);
    h = jp_graph_linear(t, &w->down, ggml_swiglu_split(t->ctx, l->gate, l->up));
    l->out = ggml_add(t->ctx, scale_graph(t, h, s->residual_scale), l->y);
}
