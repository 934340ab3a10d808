/* Copies of the weights in what the CPU multiplies fast: transposed for the backward pass, because ggml's own way
 * (OUT_PROD) is many times slower on quantized weights; and unquantized for the forward pass where memory allows. */
#include <stdlib.h>
#include <string.h>

#include "engine/gradient-model.h"

/* GGML_TYPE_COUNT stands for "no copy". */
typedef struct { enum ggml_type forward, back; } plan;

static const plan PLANS[] = {
    {GGML_TYPE_F16, GGML_TYPE_F16},    {GGML_TYPE_COUNT, GGML_TYPE_F16},
    {GGML_TYPE_COUNT, GGML_TYPE_Q8_0}, {GGML_TYPE_COUNT, GGML_TYPE_COUNT},
};
static const plan EXACT = {GGML_TYPE_F32, GGML_TYPE_F32};

/* ---- which matrices, which types ---------------------------------------------------------------------------------- */

enum { PER_LAYER = 7 };

static jp_linear *linear_at(jp_gradient *g, int i) {
    if (i == 0) return &g->output;
    jp_gradient_layer *y = g->layers + (i - 1) / PER_LAYER;
    jp_linear         *all[PER_LAYER] = {&y->q, &y->k, &y->v, &y->o, &y->gate, &y->up, &y->down};
    return all[(i - 1) % PER_LAYER];
}

static int linear_count(const jp_gradient *g) { return 1 + g->shape.n_layer * PER_LAYER; }

/* The type of a copy with rows of n numbers. */
static enum ggml_type fitting(enum ggml_type type, int64_t n) { return type != GGML_TYPE_COUNT && n % ggml_blck_size(type) ? GGML_TYPE_F16 : type; }

/* A forward copy is for types that are not fast as they are. */
static enum ggml_type forward_type(const jp_linear *l, enum ggml_type wish) {
    enum ggml_type has = l->w->type;
    if (wish == GGML_TYPE_F32) return has == GGML_TYPE_F32 ? GGML_TYPE_COUNT : wish;
    return ggml_is_quantized(has) && has != wish ? fitting(wish, l->w->ne[0]) : GGML_TYPE_COUNT;
}

static size_t bytes(jp_gradient *g, plan p) {
    size_t total = 0;
    for (int i = 0; i < linear_count(g); i++) {
        const jp_linear *l = linear_at(g, i);
        enum ggml_type   forward = forward_type(l, p.forward), back = fitting(p.back, l->w->ne[1]);
        if (forward != GGML_TYPE_COUNT) total += ggml_row_size(forward, l->w->ne[0]) * (size_t)l->w->ne[1];
        if (back != GGML_TYPE_COUNT) total += ggml_row_size(back, l->w->ne[1]) * (size_t)l->w->ne[0];
    }
    return total;
}

static plan choose(jp_gradient *g, bool exact) {
    if (exact) return EXACT;
    int i = 0;
    while (bytes(g, PLANS[i]) > g->limits.copies) i++;
    return PLANS[i];
}

/* ---- filling a copy ----------------------------------------------------------------------------------------------- */

static void read_rows(const struct ggml_tensor *t, int64_t first, int64_t count, float *out) {
    const char *from = (const char *)t->data + (size_t)first * t->nb[1];
    int64_t     n = count * t->ne[0]; /* rows are contiguous */
    if (t->type == GGML_TYPE_F32) memcpy(out, from, (size_t)n * sizeof *out);
    else ggml_get_type_traits(t->type)->to_float(from, out, n);
}

/* Rows of w as rows of copy, `rows` numbers of scratch. */
static void copy_straight(const struct ggml_tensor *w, struct ggml_tensor *copy, float *scratch, char *out) {
    size_t size = ggml_row_size(copy->type, w->ne[0]);
    for (int64_t r = 0; r < w->ne[1]; r++) {
        read_rows(w, r, 1, scratch);
        ggml_quantize_chunk(copy->type, scratch, out + (size_t)r * size, 0, 1, w->ne[0], NULL);
    }
}

enum { STRIP = 32 }; /* rows of w at a time: a block of every type that copies have */

/* A strip of w's rows becomes a strip of copy's columns. */
static void copy_transposed(const struct ggml_tensor *w, struct ggml_tensor *copy, float *scratch, char *out) {
    size_t row = ggml_row_size(copy->type, w->ne[1]);
    float  column[STRIP];
    for (int64_t r = 0; r < w->ne[1]; r += STRIP) {
        int64_t count = w->ne[1] - r < STRIP ? w->ne[1] - r : STRIP;
        read_rows(w, r, count, scratch);
        for (int64_t c = 0; c < w->ne[0]; c++) {
            for (int64_t i = 0; i < count; i++) column[i] = scratch[i * w->ne[0] + c];
            ggml_quantize_chunk(copy->type, column, out + (size_t)c * row + ggml_row_size(copy->type, r), 0, 1, count, NULL);
        }
    }
}

/* The empty tensors of all copies, in g->copies. */
static void declare(jp_gradient *g, plan p, struct ggml_tensor **forward) {
    for (int i = 0; i < linear_count(g); i++) {
        jp_linear     *l = linear_at(g, i);
        enum ggml_type straight = forward_type(l, p.forward), back = fitting(p.back, l->w->ne[1]);
        forward[i] = straight == GGML_TYPE_COUNT ? NULL : ggml_new_tensor_2d(g->copies, straight, l->w->ne[0], l->w->ne[1]);
        l->back = back == GGML_TYPE_COUNT ? NULL : ggml_new_tensor_2d(g->copies, back, l->w->ne[1], l->w->ne[0]);
    }
}

static void fill(jp_gradient *g, struct ggml_tensor **forward, float *scratch) {
    for (int i = 0; i < linear_count(g); i++) {
        jp_linear *l = linear_at(g, i);
        if (l->back) copy_transposed(l->w, l->back, scratch, l->back->data);
        if (!forward[i]) continue;
        copy_straight(l->w, forward[i], scratch, forward[i]->data);
        l->w = forward[i];
    }
}

static size_t widest(jp_gradient *g) {
    int64_t n = 0;
    for (int i = 0; i < linear_count(g); i++) n = linear_at(g, i)->w->ne[0] > n ? linear_at(g, i)->w->ne[0] : n;
    return (size_t)n;
}

int jp_gradient_copy_weights(jp_gradient *g, bool exact, jopa_error *e) {
    plan p = choose(g, exact);
    g->copy_size = bytes(g, p);
    if (!g->copy_size) return JP_OK;
    g->copies = ggml_init((struct ggml_init_params){.mem_size = 2 * (size_t)linear_count(g) * ggml_tensor_overhead(), .no_alloc = true});
    struct ggml_tensor **forward = calloc((size_t)linear_count(g), sizeof *forward);
    float               *scratch = malloc(STRIP * widest(g) * sizeof *scratch);
    int                  status = g->copies && forward && scratch ? JP_OK : jp_fail_memory(e);
    if (!status) {
        declare(g, p, forward);
        g->copy_buffer = ggml_backend_alloc_ctx_tensors_from_buft(g->copies, ggml_backend_cpu_buffer_type());
        if (!g->copy_buffer) status = jp_fail_memory(e);
    }
    if (!status) fill(g, forward, scratch);
    free(scratch);
    free(forward);
    return status;
}
