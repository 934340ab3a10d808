/* The graph of one piece: what gradient-graph.c does forward, with the attention over cells and a head that never holds
 * more than a strip of the vocabulary. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gradient-graph.h"
#include "engine/llama-forward.h"
#include "engine/log-softmax.h"

enum { STRIP = 2048, PER_LAYER = 48, PER_STRIP = 8, OTHERS = 64 }; /* tokens of the vocabulary at once; ggml tensors at most */

static int strips(const jp_forward *f) { return (f->model.shape.n_vocab + STRIP - 1) / STRIP; }

static size_t most_tensors(const jp_forward *f) {
    return (size_t)f->model.shape.n_layer * PER_LAYER + (size_t)strips(f) * PER_STRIP + OTHERS;
}

int jp_forward_graph_init(jp_forward *f, jopa_error *err) {
    f->graph_size = most_tensors(f) * ggml_tensor_overhead() + ggml_graph_overhead_custom(most_tensors(f), false);
    f->graph_memory = malloc(f->graph_size);
    f->jobs = malloc((size_t)(f->model.shape.n_layer + strips(f)) * sizeof *f->jobs);
    return f->graph_memory && f->jobs ? JP_OK : jp_fail_memory(err);
}

/* ---- operations of our own ------------------------------------------------------------------------------------ */

static float *layer_cells(const jp_forward *f, float *all, int layer) { return all + (size_t)layer * jp_attend_size(&f->shape); }

/* The share of a thread of n things. */
static void share(int n, int thread, int threads, int *from, int *to) {
    *from = (int)((int64_t)n * thread / threads);
    *to = (int)((int64_t)n * (thread + 1) / threads);
}

static void store(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const jp_forward_job *j = user;
    jp_forward  *f = j->f;
    size_t       width = (size_t)(f->shape.n_head_kv * f->shape.head_size);
    const float *k = dst->src[0]->data, *v = dst->src[1]->data;
    int          from, to;
    share(f->piece.n, thread, threads, &from, &to);
    for (int i = from; i < to; i++)
        jp_attend_store(&f->shape, k + (size_t)i * width, v + (size_t)i * width, f->piece.cell[i], layer_cells(f, f->keys, j->index),
                        layer_cells(f, f->values, j->index));
}

static void attend(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const jp_forward_job   *j = user;
    jp_forward             *f = j->f;
    const jp_forward_piece *p = &f->piece;
    const jp_attend_run    *runs = j->outputs ? p->out_runs : p->runs;
    int                     n = j->outputs ? p->n_out_runs : p->n_runs, turn = 0;
    float                  *scratch = f->scratch + (size_t)thread * jp_attend_scratch(&f->shape);
    for (int r = 0; r < n; r++)
        for (int tile = 0; tile < jp_attend_tiles(&f->shape, runs + r); tile++)
            if (turn++ % threads == thread)
                jp_attend_tile(&f->shape, runs + r, tile, f->cells, dst->src[0]->data, j->outputs ? p->out_scale : p->scale,
                               layer_cells(f, f->keys, j->index), layer_cells(f, f->values, j->index), dst->data, scratch);
}

static double add_logs(double a, double b) { return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b)); }

/* Add a strip of logits [strip, n_out] to the sums, and pick those that are wanted. */
static void sum_strip(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const jp_forward_job *j = user;
    jp_forward_piece *p = &j->f->piece;
    const float      *logits = dst->src[0]->data;
    int               n = (int)dst->src[0]->ne[0], from, to, w = 0;
    share(p->n_out, thread, threads, &from, &to);
    for (int o = from; o < to; o++) {
        const float *row = logits + (size_t)o * (size_t)n;
        double       sum = jp_log_sum_exp(row, n);
        p->log_sum[o] = j->index ? add_logs(p->log_sum[o], sum) : sum;
        while (w < p->n_wants && p->wants[w].token < p->first + p->out[o]) w++;
        for (; w < p->n_wants && p->wants[w].token == p->first + p->out[o]; w++) {
            int id = p->response[p->wants[w].t] - j->index;
            if (id >= 0 && id < n) p->picked[w] = row[id];
        }
    }
}

/* ---- layers ---------------------------------------------------------------------------------------------------- */

typedef struct {
    jp_forward         *f;
    jp_graph            all, outputs; /* over all tokens, over those with outputs */
    struct ggml_tensor *out;          /* [n_out] */
} builder;

static struct ggml_tensor *scaled(struct ggml_context *ctx, struct ggml_tensor *x, float factor) {
    return factor == 1 ? x : ggml_scale(ctx, x, factor);
}

/* x [n_embd, n] -> heads [head_size, heads, n], normed and rotated. */
static struct ggml_tensor *heads(jp_graph *t, int layer, const jp_linear *w, struct ggml_tensor *norm, struct ggml_tensor *x) {
    struct ggml_tensor *y = jp_graph_linear(t, w, x);
    int                 size = t->g->shape.head_size;
    y = ggml_reshape_3d(t->ctx, y, size, y->ne[0] / size, y->ne[1]);
    if (norm) y = jp_graph_norm(t, y, norm);
    return jp_graph_rope(t, layer, y, 0, false);
}

static struct ggml_tensor *feed_forward(jp_graph *t, const jp_gradient_layer *w, struct ggml_tensor *x) {
    struct ggml_tensor *h = jp_graph_norm(t, x, w->ffn_norm);
    h = ggml_swiglu_split(t->ctx, jp_graph_linear(t, &w->gate, h), jp_graph_linear(t, &w->up, h));
    return ggml_add(t->ctx, scaled(t->ctx, jp_graph_linear(t, &w->down, h), t->g->shape.residual_scale), x);
}

/* x [n_embd, n] -> [n_embd, n]; in the last layer [n_embd, n_out], or NULL without outputs. */
static struct ggml_tensor *add_layer(builder *b, int layer, struct ggml_tensor *x) {
    const jp_gradient_layer *w = b->f->model.layers + layer;
    jp_graph                *t = &b->all;
    struct ggml_context     *ctx = t->ctx;
    struct ggml_tensor      *h = jp_graph_norm(t, x, w->attn_norm), *kv[2], *q[2];
    jp_forward_job          *j = b->f->jobs + layer;
    *j = (jp_forward_job){b->f, layer, layer == b->f->model.shape.n_layer - 1};
    kv[0] = heads(t, layer, &w->k, w->k_norm, h);
    kv[1] = jp_graph_linear(t, &w->v, h);
    q[1] = ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, kv, 2, store, GGML_N_TASKS_MAX, j);
    ggml_build_forward_expand(t->graph, q[1]);
    if (j->outputs && !b->out) return NULL;
    if (j->outputs) {
        t = &b->outputs;
        h = ggml_get_rows(ctx, h, b->out);
        x = ggml_get_rows(ctx, x, b->out);
    }
    q[0] = heads(t, layer, &w->q, w->q_norm, h);
    h = ggml_custom_4d(ctx, GGML_TYPE_F32, q[0]->ne[0] * q[0]->ne[1], q[0]->ne[2], 1, 1, q, 2, attend, GGML_N_TASKS_MAX, j);
    x = ggml_add(ctx, scaled(ctx, jp_graph_linear(t, &w->o, h), t->g->shape.residual_scale), x);
    return feed_forward(t, w, x);
}

static void add_head(builder *b, struct ggml_tensor *x) {
    const struct jp_gradient *g = &b->f->model;
    struct ggml_context      *ctx = b->all.ctx;
    struct ggml_tensor       *w = g->output.w, *bias = g->output.bias;
    x = jp_graph_norm(&b->outputs, x, g->output_norm);
    for (int i = 0; i < strips(b->f); i++) {
        jp_forward_job *j = b->f->jobs + g->shape.n_layer + i;
        int64_t first = (int64_t)i * STRIP, n = w->ne[1] - first < STRIP ? w->ne[1] - first : STRIP;
        *j = (jp_forward_job){b->f, (int)first, true};
        struct ggml_tensor *y = ggml_mul_mat(ctx, ggml_view_2d(ctx, w, w->ne[0], n, w->nb[1], (size_t)first * w->nb[1]), x);
        if (bias) y = ggml_add(ctx, y, ggml_view_1d(ctx, bias, n, (size_t)first * sizeof(float)));
        y = scaled(ctx, y, g->shape.logit_scale);
        ggml_build_forward_expand(b->all.graph, ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, &y, 1, sum_strip, GGML_N_TASKS_MAX, j));
    }
}

/* ---- a run -------------------------------------------------------------------------------------------------------- */

static struct ggml_tensor *input(struct ggml_context *ctx, enum ggml_type type, int64_t width, int64_t n) {
    struct ggml_tensor *t = ggml_new_tensor_2d(ctx, type, width, n);
    ggml_set_input(t);
    return t;
}

static int compute(jp_forward *f, builder *b, struct ggml_tensor *x, jopa_error *err) {
    const jp_forward_piece *p = &f->piece;
    if (!ggml_gallocr_alloc_graph(f->model.allocator, b->all.graph)) return jp_fail_memory(err);
    int status = f->rows(f->user, p->symbols, p->n, x->data, err);
    if (status) return status;
    memcpy(b->all.position->data, p->position, (size_t)p->n * sizeof *p->position);
    if (b->out) {
        memcpy(b->out->data, p->out, (size_t)p->n_out * sizeof *p->out);
        memcpy(b->outputs.position->data, p->out_position, (size_t)p->n_out * sizeof *p->out_position);
    }
    if (ggml_backend_graph_compute(f->model.cpu, b->all.graph) == GGML_STATUS_SUCCESS) return JP_OK;
    return jp_fail(err, JOPA_ERROR_MODEL, "ggml could not evaluate the batch");
}

int jp_forward_run(jp_forward *f, jopa_error *err) {
    const struct jp_gradient *g = &f->model;
    const jp_forward_piece   *p = &f->piece;
    struct ggml_context      *ctx = ggml_init((struct ggml_init_params){f->graph_size, f->graph_memory, true});
    if (!ctx) return jp_fail_memory(err);
    builder             b = {.f = f, .all = {.g = g, .ctx = ctx, .n = p->n}};
    struct ggml_tensor *first = input(ctx, GGML_TYPE_F32, g->shape.n_embd, p->n), *x = scaled(ctx, first, g->shape.embedding_scale);
    b.all.graph = ggml_new_graph_custom(ctx, most_tensors(f), false);
    b.all.position = input(ctx, GGML_TYPE_I32, p->n, 1);
    b.outputs = b.all;
    if (p->n_out) {
        b.out = input(ctx, GGML_TYPE_I32, p->n_out, 1);
        b.outputs.position = input(ctx, GGML_TYPE_I32, p->n_out, 1);
    }
    for (int i = 0; i < g->shape.n_layer; i++) x = add_layer(&b, i, x);
    if (x) add_head(&b, x);
    int status = compute(f, &b, first, err);
    ggml_free(ctx);
    return status;
}
