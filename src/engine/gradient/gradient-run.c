#include "engine/gradient/gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/accel/accel.h"
#include "engine/gradient/gradient-loss.h"

/* ---- a run's graph -------------------------------------------------------------------------------------------------
 */

typedef struct {
    jp_graph                t;
    jp_graph_layer         *layers;    /* [n_layer] */
    struct ggml_tensor     *input;     /* [n_embd, n] */
    int                     fed;       /* symbols, without the padding */
    int                     kept;      /* layers from here on keep their activations for the backward pass */
    struct ggml_tensor     *d_bias;    /* [n] or NULL */
    float                  *rows;      /* [n_embd * fed] what `input` is to hold */
    float                  *log_probs; /* [n_target] */
    jp_loss_rows           *pieces;    /* of the targets */
    jp_attention_request   *attention;
    struct attention_block *blocks; /* [n_layer * blocks] */
} run;

static int round_up(int n, int step) { return (n + step - 1) / step * step; }

/* Queries in a block of the attention: not many, because a block works on all keys up to its last query. */
static int block_size(const jp_gradient *g, int n) {
    enum { MOST = 256 };
    int64_t rows = (int64_t)g->limits.scores / (4 * (int64_t)n * g->shape.n_head),
            least = (n + JP_MAX_BLOCKS - 1) / JP_MAX_BLOCKS;
    if (rows > MOST) rows = MOST;
    if (rows > n) rows = n;
    if (rows < least) rows = least;
    return round_up((int)rows, g->pad);
}

/* Bytes of one layer's activations; of the weights of attention half, and half a block, are beyond the last key. */
static double layer_bytes(const jp_gradient *g, int n) {
    const jp_gradient_shape *s = &g->shape;
    double wide = 2.0 * s->n_head * s->head_size + 3.0 * s->n_head_kv * s->head_size + 2.0 * s->n_embd + 2.0 * s->n_ff;
    return 4.0 * n * (wide + (n + block_size(g, n)) / 2.0 * s->n_head);
}

/* The first layer that keeps its activations. */
static int first_kept(const jp_gradient *g, int n) {
    double count = (double)g->limits.activations / layer_bytes(g, n);
    return count >= g->shape.n_layer ? 0 : g->shape.n_layer - (int)count;
}

/* Refuse what this machine cannot hold: the layers that are kept, the one in work, the inputs of all. */
static int check_memory(const jp_gradient *g, int n, jopa_error *e) {
    double layers = g->shape.n_layer - first_kept(g, n) + 1, inputs = 4.0 * n * g->shape.n_embd * g->shape.n_layer;
    char   what[80];
    snprintf(what, sizeof what, "a gradient of %d tokens", n);
    return jp_memory_check(layers * layer_bytes(g, n) + inputs, what,
                           "shorten the prompt, or choose a method without gradients", e);
}

/* Nodes of the graph at most: those of a layer (three times: forward, again, backward) and those of tiled products. */
static size_t graph_size(const jp_gradient *g, const jp_graph *t, int n_target) {
    const jp_gradient_shape *s = &g->shape;
    double numbers = (double)s->n_layer * s->n_embd * (2.0 * s->head_size * (s->n_head + s->n_head_kv) + 3.0 * s->n_ff);
    double chunks = n_target / JP_LOSS_ROWS + 1;
    double tiles = numbers / (8 << 20) + chunks * ((double)s->n_vocab * s->n_embd / (8 << 20) + 4);
    size_t blocks = (size_t)jp_graph_blocks(t);
    return (size_t)s->n_layer * (200 + 60 * blocks) + (size_t)(8 * tiles) + 512;
}

static struct ggml_tensor *new_input(jp_graph *t, enum ggml_type type, int a, int b) {
    struct ggml_tensor *x = ggml_new_tensor_2d(t->ctx, type, a, b);
    ggml_set_input(x);
    ggml_set_output(x); /* its memory is not to be reused */
    return x;
}

static int run_init(run *r, jp_gradient *g, int fed, int n_target, jopa_error *e) {
    *r = (run){.fed = fed, .t = {.g = g, .n = round_up(fed, g->pad)}};
    jp_graph *t = &r->t;
    r->rows = malloc((size_t)fed * (size_t)g->shape.n_embd * sizeof *r->rows);
    r->log_probs = malloc((size_t)(n_target + 1) * sizeof *r->log_probs);
    r->pieces = malloc((size_t)(n_target / JP_LOSS_ROWS + 1) * sizeof *r->pieces);
    t->block = block_size(g, t->n);
    r->kept = first_kept(g, t->n);
    size_t size = graph_size(g, t, n_target);
    t->ctx = ggml_init((struct ggml_init_params){
        .mem_size = size * ggml_tensor_overhead() + ggml_graph_overhead_custom(size, false), .no_alloc = true});
    r->layers = malloc((size_t)g->shape.n_layer * sizeof *r->layers);
    if (!r->rows || !r->log_probs || !r->pieces || !t->ctx || !r->layers) return jp_fail_memory(e);
    t->graph = ggml_new_graph_custom(t->ctx, size, false);
    r->input = new_input(t, GGML_TYPE_F32, g->shape.n_embd, t->n);
    t->position = ggml_view_1d(t->ctx, new_input(t, GGML_TYPE_I32, t->n, 1), t->n, 0);
    if (g->shape.temperature != 0) t->temperature = new_input(t, GGML_TYPE_F32, 1, t->n);
    for (int b = 0, from, to; b < jp_graph_blocks(t); b++) {
        jp_graph_block(t, b, 0, &from, &to);
        t->mask[b] = new_input(t, GGML_TYPE_F32, to, to - from);
    }
    return JP_OK;
}

static void run_free(run *r) {
    free(r->rows);
    free(r->log_probs);
    free(r->pieces);
    free(r->blocks);
    free(r->layers);
    ggml_free(r->t.ctx);
}

/* bias [n_bias] of the first key columns, or NULL. */
static void fill_mask(const jp_graph *t, int b, const float *bias, int n_bias) {
    int from, to;
    jp_graph_block(t, b, 0, &from, &to);
    float *row = t->mask[b]->data;
    for (int i = from; i < to; i++, row += to)
        for (int j = 0; j < to; j++) row[j] = j > i ? -INFINITY : j < i && bias && j < n_bias ? bias[j] : 0;
}

/* A scheduler for the graph between the accelerator and the CPU. */
static bool ensure_sched(jp_gradient *g, size_t size) {
    if (size <= g->sched_size) return true;
    ggml_backend_t             backends[] = {g->accel, g->cpu};
    ggml_backend_buffer_type_t buffers[] = {ggml_backend_cpu_buffer_type(), ggml_backend_cpu_buffer_type()};
    ggml_backend_sched_free(g->sched);
    g->sched = ggml_backend_sched_new(backends, buffers, 2, size, false, false);
    g->sched_size = g->sched ? size : 0;
    return g->sched != NULL;
}

static bool allocate_graph(jp_gradient *g, struct ggml_cgraph *graph) {
    size_t work = 0;
    if (g->accel) {
        if (!ensure_sched(g, (size_t)ggml_graph_size(graph))) return false;
        ggml_backend_sched_reset(g->sched);
        if (!ggml_backend_sched_alloc_graph(g->sched, graph)) return false;
        work = ggml_backend_sched_get_buffer_size(g->sched, g->accel) +
               ggml_backend_sched_get_buffer_size(g->sched, g->cpu);
    } else {
        if (!ggml_gallocr_alloc_graph(g->allocator, graph)) return false;
        work = ggml_gallocr_get_buffer_size(g->allocator, 0);
    }
    g->work_size = work > g->work_size ? work : g->work_size;
    return true;
}

static int run_compute(run *r, const float *bias, int n_bias, jopa_error *e) {
    jp_graph                 *t = &r->t;
    jp_gradient              *g = (jp_gradient *)(uintptr_t)t->g;
    const struct ggml_tensor *position = t->position->view_src;
    if (!allocate_graph(g, t->graph)) return jp_fail_memory(e);
    size_t width = (size_t)g->shape.n_embd * sizeof(float);
    memcpy(r->input->data, r->rows, (size_t)r->fed * width);
    memset((char *)r->input->data + (size_t)r->fed * width, 0, (size_t)(t->n - r->fed) * width);
    for (int i = 0; position->data && i < t->n; i++) ((int32_t *)position->data)[i] = i;
    for (int i = 0; t->temperature && i < t->n; i++)
        ((float *)t->temperature->data)[i] =
            logf((float)(i / g->shape.temperature_floor) + 1) * g->shape.temperature + 1;
    for (int b = 0; b < jp_graph_blocks(t); b++) fill_mask(t, b, bias, n_bias);
    jp_accel_begin(g->store, 2, 2);
    enum ggml_status done =
        g->accel ? ggml_backend_sched_graph_compute(g->sched, t->graph) : ggml_backend_graph_compute(g->cpu, t->graph);
    jp_accel_end();
    if (g->ear && g->ear->stopped) return jp_fail_interrupted(e);
    if (done != GGML_STATUS_SUCCESS) return jp_fail(e, JOPA_ERROR_MODEL, "the gradient could not be computed");
    return JP_OK;
}

/* ---- attention bias: d f / d b_j = sum of d scores over heads and queries i > j
 * ---------------------------------------- */

static void column_sums(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const struct ggml_tensor *d = dst->src[0]; /* [keys, queries, heads] */
    int64_t                   from = (int64_t)(intptr_t)user, keys = d->ne[0];
    int64_t                   first = keys * thread / threads, last = keys * (thread + 1) / threads;
    float                    *sum = dst->data;
    for (int64_t j = first; j < last; j++) sum[j] = 0;
    for (int64_t h = 0; h < d->ne[2]; h++)
        for (int64_t i = 0; i < d->ne[1]; i++) {
            const float *row = (const float *)((const char *)d->data + (size_t)h * d->nb[2] + (size_t)i * d->nb[1]);
            int64_t      end = last < from + i ? last : from + i;
            for (int64_t j = first; j < end; j++) sum[j] += row[j];
        }
}

static struct ggml_tensor *add_bias_gradient(jp_graph *t, void *user, const jp_graph_layer *l, int block,
                                             struct ggml_tensor *d_score) {
    run *r = user;
    int  from, to;
    jp_graph_block(t, block, l->first, &from, &to);
    struct ggml_tensor *sum = ggml_custom_4d(t->ctx, GGML_TYPE_F32, to, 1, 1, 1, &d_score, 1, column_sums,
                                             GGML_N_TASKS_MAX, (void *)(intptr_t)from);
    r->d_bias =
        r->d_bias ? ggml_acc(t->ctx, r->d_bias, sum, r->d_bias->nb[1], r->d_bias->nb[2], r->d_bias->nb[3], 0) : sum;
    return r->d_bias;
}

/* ---- attention weights: means over heads, written out while they are there ------------------------------------------
 */

/* Where one block's weights go: rows from, from + 1, ... of out [n, n]. */
typedef struct attention_block {
    float *out;
    int    n, from;
} attention_block;

static void mean_of_heads(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const attention_block    *b = user;
    const struct ggml_tensor *p = dst->src[0]; /* [keys, queries, heads] */
    float                     share = 1 / (float)p->ne[2];
    for (int64_t i = thread; i < p->ne[1] && b->from + i < b->n; i += threads) {
        float *row = b->out + (b->from + i) * b->n;
        for (int j = 0; j < b->n; j++) row[j] = 0;
        for (int64_t h = 0; h < p->ne[2]; h++) {
            const float *weight = (const float *)((const char *)p->data + (size_t)h * p->nb[2] + (size_t)i * p->nb[1]);
            for (int64_t j = 0; j <= b->from + i; j++) row[j] += share * weight[j];
        }
    }
}

static void write_attention(run *r, const jp_graph_layer *l) {
    jp_graph *t = &r->t;
    size_t    n = (size_t)r->attention->n;
    for (int b = 0, from, to; b < jp_graph_blocks(t); b++) {
        jp_graph_block(t, b, 0, &from, &to);
        int              layer = l->layer - r->attention->first;
        attention_block *block = r->blocks + layer * jp_graph_blocks(t) + b;
        *block = (attention_block){r->attention->weights + (size_t)layer * n * n, (int)n, from};
        struct ggml_tensor *p = l->p[b];
        ggml_build_forward_expand(
            t->graph, ggml_custom_4d(t->ctx, GGML_TYPE_F32, 1, 1, 1, 1, &p, 1, mean_of_heads, GGML_N_TASKS_MAX, block));
    }
}

/* ---- the passes
 * ------------------------------------------------------------------------------------------------------- */

static struct ggml_tensor *forward_gradient(run *r, int first) {
    jp_graph                *t = &r->t;
    const jp_gradient_shape *s = &t->g->shape;
    struct ggml_tensor      *x = s->embedding_scale == 1 ? r->input : ggml_scale(t->ctx, r->input, s->embedding_scale);
    int                      end = r->attention ? r->attention->first + r->attention->n_layer : s->n_layer;
    for (int i = 0; i < end; i++) {
        jp_graph_forward(t, i, x, i == s->n_layer - 1 ? first : 0, r->layers + i);
        if (r->attention && i >= r->attention->first) write_attention(r, r->layers + i);
        x = r->layers[i].out;
        ggml_build_forward_expand(t->graph, x);
    }
    return x;
}

/* d [n_embd, m] of the last layer's output -> d of the input [n_embd, n]; NULL when only the biases are asked for. */
static struct ggml_tensor *backward(run *r, struct ggml_tensor *d, bool want_bias, bool want_embedding) {
    jp_graph                *t = &r->t;
    const jp_gradient_shape *s = &t->g->shape;
    for (int i = s->n_layer - 1; i >= 0; i--) {
        jp_graph_layer *l = r->layers + i;
        if (i < r->kept) jp_graph_forward(t, i, l->x, l->first, l);
        d = jp_graph_backward(t, l, d, i == 0 && !want_embedding, want_bias ? add_bias_gradient : NULL, r);
        if (d) ggml_build_forward_expand(t->graph, d);
    }
    if (d && s->embedding_scale != 1) d = ggml_scale(t->ctx, d, s->embedding_scale);
    return d;
}

/* ---- gradients
 * ---------------------------------------------------------------------------------------------------------- */

static int check_request(const jp_gradient *g, const jp_gradient_request *rq, jopa_error *e) {
    if (rq->n_symbols < 1)
        return jp_fail(e, JOPA_ERROR_INPUT, "the prompt is empty: there is nothing to differentiate by");
    if (rq->target_first < 0 || rq->target_last <= rq->target_first || rq->target_last > rq->n_response)
        return jp_fail(e, JOPA_ERROR_INPUT, "the target is not a part of the response");
    for (int i = 0; i < rq->n_response; i++)
        if (rq->response[i] < 0 || rq->response[i] >= g->shape.n_vocab)
            return jp_fail(e, JOPA_ERROR_INPUT, "token %d is not in the model's vocabulary of %d", rq->response[i],
                           g->shape.n_vocab);
    return JP_OK;
}

/* The rows that are fed: prompt (as given or looked up) and all of the response that precedes the last target. */
static int read_input(run *r, jp_gradient *g, const jp_gradient_request *rq, jopa_error *e) {
    size_t prompt = (size_t)rq->n_symbols * (size_t)g->shape.n_embd;
    int    status = JP_OK;
    if (rq->embedding) memcpy(r->rows, rq->embedding, prompt * sizeof *r->rows);
    else status = jp_gradient_rows(g, rq->symbols, rq->n_symbols, r->rows, e);
    return status ? status : jp_gradient_rows(g, rq->response, rq->target_last - 1, r->rows + prompt, e);
}

/* The whole graph; returns d f / d input, or NULL when it is not asked for. */
static struct ggml_tensor *build_gradient(run *r, const jp_gradient_request *rq) {
    int                 row = rq->n_symbols + rq->target_first - 1, first = row / r->t.g->pad * r->t.g->pad;
    int                 n_target = rq->target_last - rq->target_first;
    bool                want = rq->d_embedding || rq->d_bias;
    struct ggml_tensor *x = forward_gradient(r, first);
    struct ggml_tensor *d =
        jp_graph_loss(&r->t, x, row - first, n_target, rq->response + rq->target_first, r->log_probs, r->pieces, !want);
    if (want) d = backward(r, d, rq->d_bias, rq->d_embedding);
    if (r->d_bias) ggml_set_output(r->d_bias);
    if (d) {
        ggml_set_output(d);
        ggml_build_forward_expand(r->t.graph, d);
    }
    return d;
}

static void collect(const run *r, const jp_gradient_request *rq, const struct ggml_tensor *d) {
    const jp_gradient_shape *s = &r->t.g->shape;
    if (rq->d_embedding) memcpy(rq->d_embedding, d->data, (size_t)rq->n_symbols * (size_t)s->n_embd * sizeof(float));
    for (int i = 0; rq->d_bias && i < rq->n_symbols; i++)
        rq->d_bias[i] = ((const float *)r->d_bias->data)[i] / s->attention_scale;
    if (rq->log_probs)
        memcpy(rq->log_probs, r->log_probs, (size_t)(rq->target_last - rq->target_first) * sizeof(float));
}

int jp_gradient_run(jp_gradient *g, const jp_gradient_request *rq, jopa_error *e) {
    int status = check_request(g, rq, e);
    if (!status) status = check_memory(g, rq->n_symbols + rq->target_last - 1, e);
    if (status) return status;
    run r;
    status = run_init(&r, g, rq->n_symbols + rq->target_last - 1, rq->target_last - rq->target_first, e);
    if (!status) status = read_input(&r, g, rq, e);
    if (!status) {
        struct ggml_tensor *d = build_gradient(&r, rq);
        status = run_compute(&r, rq->bias, rq->n_symbols, e);
        if (!status) collect(&r, rq, d);
    }
    run_free(&r);
    return status;
}

int jp_gradient_attention(jp_gradient *g, jp_attention_request *rq, jopa_error *e) {
    if (rq->n < 1) return jp_fail(e, JOPA_ERROR_INPUT, "the prompt is empty: there is no attention to show");
    run r;
    int status = run_init(&r, g, rq->n, 0, e);
    if (!status) status = jp_gradient_rows(g, rq->symbols, rq->n, r.rows, e);
    if (!status) {
        rq->n_layer = rq->wanted ? rq->wanted : g->shape.n_layer;
        r.attention = rq;
        r.blocks = malloc((size_t)rq->n_layer * (size_t)jp_graph_blocks(&r.t) * sizeof *r.blocks);
        if (!r.blocks) status = jp_fail_memory(e);
    }
    if (!status) {
        forward_gradient(&r, 0);
        status = run_compute(&r, NULL, 0, e);
    }
    run_free(&r);
    return status;
}
