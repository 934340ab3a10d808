/* Copies of the weights in what the CPU multiplies fast: transposed for the backward pass, because ggml's own way
 * (OUT_PROD) is many times slower on quantized weights; and unquantized for the forward pass where memory allows. */
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel.h"
#include "engine/gradient/gradient-model.h"
#include "engine/half.h"

/* GGML_TYPE_COUNT stands for "no copy". */
typedef struct {
    enum ggml_type forward, back;
} plan;

static const plan PLANS[] = {
    {GGML_TYPE_F16, GGML_TYPE_F16},
    {GGML_TYPE_COUNT, GGML_TYPE_F16},
    {GGML_TYPE_COUNT, GGML_TYPE_Q8_0},
    {GGML_TYPE_COUNT, GGML_TYPE_COUNT},
};
static const plan EXACT = {GGML_TYPE_F32, GGML_TYPE_F32};

/* ---- which matrices, which types ----------------------------------------------------------------------------------
 */

enum { PER_LAYER = 7 };

static jp_linear *linear_at(jp_gradient *g, int i) {
    if (i == 0) return &g->output;
    jp_gradient_layer *y = g->layers + (i - 1) / PER_LAYER;
    jp_linear         *all[PER_LAYER] = {&y->q, &y->k, &y->v, &y->o, &y->gate, &y->up, &y->down};
    return all[(i - 1) % PER_LAYER];
}

static int linear_count(const jp_gradient *g) { return 1 + g->shape.n_layer * PER_LAYER; }

/* The type of a copy with rows of n numbers. */
static enum ggml_type fitting(enum ggml_type type, int64_t n) {
    return type != GGML_TYPE_COUNT && n % ggml_blck_size(type) ? GGML_TYPE_F16 : type;
}

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

static plan choose_copies(jp_gradient *g, bool exact) {
    if (exact) return EXACT;
    int i = 0;
    while (bytes(g, PLANS[i]) > g->limits.copies) i++;
    return PLANS[i];
}

/* ---- without copies
 * ---------------------------------------------------------------------------------------------------- */

/* The accelerator lays out each matrix twice, in 2 bytes a number, and needs no other copy. */
static size_t laid_out(jp_gradient *g) {
    size_t total = 0;
    for (int i = 0; i < linear_count(g); i++) total += 4 * (size_t)ggml_nelements(linear_at(g, i)->w);
    return total;
}

static bool accelerate(jp_gradient *g, int threads) {
    enum { LEAST = 64 };
    for (int i = 0; i < linear_count(g); i++) {
        const struct ggml_tensor *w = linear_at(g, i)->w;
        if (w->type == GGML_TYPE_F32 || w->ne[0] < LEAST || w->ne[1] < LEAST) return false;
    }
    g->accel = laid_out(g) <= g->limits.copies ? jp_accel_open(threads) : NULL;
    return g->accel != NULL;
}

/* For the backward pass tensors that only have a shape: jp_products_takes. */
static void declare_transposed(jp_gradient *g) {
    ggml_backend_buffer_set_usage(g->file_buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    for (int i = 0; i < linear_count(g); i++) {
        jp_linear *l = linear_at(g, i);
        l->back = ggml_new_tensor_2d(g->copies, GGML_TYPE_F16, l->w->ne[1], l->w->ne[0]);
        l->back->extra = l->w;
        l->back->data = l->w->data;
        l->back->buffer = g->file_buffer;
    }
    g->copy_size = laid_out(g);
}

/* ---- filling the copies, strips of rows spread over the threads
 * ------------------------------------------------------ */

enum { STRIP = 32 }; /* rows at a time: a block of every type that copies have */

typedef struct {
    const struct ggml_tensor *from;
    struct ggml_tensor       *straight, *transposed; /* or NULL */
    float                    *scratch;               /* [threads * 2 * STRIP * widest row] */
    size_t                    scratch_size;          /* of one thread */
} copy_job;

static void read_rows_copies(const struct ggml_tensor *t, int64_t first, int64_t count, float *out) {
    const char *from = (const char *)t->data + (size_t)first * t->nb[1];
    int64_t     n = count * t->ne[0]; /* rows are contiguous */
    if (t->type == GGML_TYPE_F32) memcpy(out, from, (size_t)n * sizeof *out);
    else ggml_get_type_traits(t->type)->to_float(from, out, n);
}

static void write_numbers(const struct ggml_tensor *t, int64_t row, int64_t column, const float *values, int64_t n) {
    char *to = (char *)t->data + (size_t)row * t->nb[1] + ggml_row_size(t->type, column);
    if (t->type == GGML_TYPE_F32) memcpy(to, values, (size_t)n * sizeof *values);
    else if (t->type == GGML_TYPE_F16) jp_to_halves(values, (uint16_t *)(void *)to, n);
    else ggml_get_type_traits(t->type)->from_float_ref(values, to, n);
}

/* A strip of rows, written as rows of one copy and as columns of the other. */
static void copy_strip(const copy_job *job, int64_t first, int64_t count, float *rows) {
    int64_t width = job->from->ne[0];
    float  *columns = rows + STRIP * width;
    read_rows_copies(job->from, first, count, rows);
    for (int64_t i = 0; job->straight && i < count; i++)
        write_numbers(job->straight, first + i, 0, rows + i * width, width);
    if (!job->transposed) return;
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < width; c++) columns[c * count + i] = rows[i * width + c];
    for (int64_t c = 0; c < width; c++) write_numbers(job->transposed, c, first, columns + c * count, count);
}

static void run_copy_job(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const copy_job *job = user;
    int64_t         rows = job->from->ne[1];
    (void)dst;
    for (int64_t first = (int64_t)thread * STRIP; first < rows; first += (int64_t)threads * STRIP)
        copy_strip(job, first, rows - first < STRIP ? rows - first : STRIP,
                   job->scratch + (size_t)thread * job->scratch_size);
}

/* The empty tensors of all copies, in g->copies, and what fills them. */
static void declare(jp_gradient *g, plan p, copy_job *jobs) {
    for (int i = 0; i < linear_count(g); i++) {
        jp_linear     *l = linear_at(g, i);
        enum ggml_type straight = forward_type(l, p.forward), back = fitting(p.back, l->w->ne[1]);
        jobs[i].from = l->w;
        jobs[i].straight =
            straight == GGML_TYPE_COUNT ? NULL : ggml_new_tensor_2d(g->copies, straight, l->w->ne[0], l->w->ne[1]);
        jobs[i].transposed =
            back == GGML_TYPE_COUNT ? NULL : ggml_new_tensor_2d(g->copies, back, l->w->ne[1], l->w->ne[0]);
        l->back = jobs[i].transposed;
        if (jobs[i].straight) l->w = jobs[i].straight;
    }
}

/* A graph whose nodes only do the jobs. */
static bool run_jobs(jp_gradient *g, copy_job *jobs) {
    int                  n = linear_count(g);
    size_t               size = (size_t)n * ggml_tensor_overhead() + ggml_graph_overhead_custom((size_t)n, false);
    struct ggml_context *ctx = ggml_init((struct ggml_init_params){.mem_size = size, .no_alloc = true});
    if (!ctx) return false;
    struct ggml_cgraph *graph = ggml_new_graph_custom(ctx, (size_t)n, false);
    for (int i = 0; i < n; i++)
        ggml_build_forward_expand(
            graph, ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, NULL, 0, run_copy_job, GGML_N_TASKS_MAX, jobs + i));
    bool done = ggml_gallocr_alloc_graph(g->allocator, graph) &&
                ggml_backend_graph_compute(g->cpu, graph) == GGML_STATUS_SUCCESS;
    ggml_free(ctx);
    return done;
}

static size_t widest(jp_gradient *g) {
    int64_t n = 0;
    for (int i = 0; i < linear_count(g); i++) n = linear_at(g, i)->w->ne[0] > n ? linear_at(g, i)->w->ne[0] : n;
    return (size_t)n;
}

static int fill_copies(jp_gradient *g, plan p, copy_job *jobs, int threads, jopa_error *e) {
    size_t scratch_size = 2 * STRIP * widest(g);
    float *scratch = malloc((size_t)threads * scratch_size * sizeof *scratch);
    if (!scratch) return jp_fail_memory(e);
    declare(g, p, jobs);
    for (int i = 0; i < linear_count(g); i++) {
        jobs[i].scratch = scratch;
        jobs[i].scratch_size = scratch_size;
    }
    g->copy_buffer = ggml_backend_alloc_ctx_tensors_from_buft(g->copies, ggml_backend_cpu_buffer_type());
    bool done = g->copy_buffer && run_jobs(g, jobs);
    int  status = g->ear && g->ear->stopped ? jp_fail_interrupted(e) : done ? JP_OK : jp_fail_memory(e);
    free(scratch);
    return status;
}

int jp_gradient_copy_weights(jp_gradient *g, bool exact, int threads, jopa_error *e) {
    plan p = choose_copies(g, exact);
    bool accelerated = !exact && accelerate(g, threads);
    g->copy_size = bytes(g, p);
    if (!g->copy_size && !accelerated) return JP_OK;
    g->copies = ggml_init(
        (struct ggml_init_params){.mem_size = 2 * (size_t)linear_count(g) * ggml_tensor_overhead(), .no_alloc = true});
    if (accelerated && g->copies) declare_transposed(g);
    if (accelerated) return g->copies ? JP_OK : jp_fail_memory(e);
    copy_job *jobs = calloc((size_t)linear_count(g), sizeof *jobs);
    int       status = g->copies && jobs ? fill_copies(g, p, jobs, threads, e) : jp_fail_memory(e);
    free(jobs);
    return status;
}
