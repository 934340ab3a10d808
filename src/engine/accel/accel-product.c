/* Products by oneDNN's kernels. Of many rows each thread has some, with all of the weights, which stay in its cache for
 * both parts; few rows are one kernel's on all threads. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel-store.h"

enum {
    PARTS = 2, /* bfloat16 numbers that an input is the sum of, at most */
    STEP = 32, /* kernels are made for multiples of so many rows */
    LEAST_WIDTH = 64
};

/* The weights of one tensor. */
typedef struct {
    const void   *data; /* of the tensor */
    bool          transposed;
    int64_t       in, out;
    dnnl_memory_t packed;
} weights;

typedef struct {
    int64_t            in, out, rows;
    int                threads;
    dnnl_memory_desc_t source, target, scratch;
    dnnl_primitive_t   part[PARTS]; /* target = product, target += product */
} kernel;

struct jp_products {
    dnnl_engine_t             engine;
    dnnl_stream_t             stream;
    jp_accel_store           *store; /* of the packed weights; NULL until the first graph */
    bool                      owns_store;
    weights                  *weights;
    kernel                  **kernels;
    int                       n_weights, n_kernels, threads, parts;
    uint16_t                 *rows;    /* the parts of the input, one after the other */
    float                    *rest;    /* STEP rows of a result */
    char                     *scratch; /* for each thread what oneDNN asks for */
    size_t                    rows_size, rest_size, scratch_size, scratch_each;
    const struct ggml_tensor *split; /* whose parts `rows` holds */
};

/* ---- life -----------------------------------------------------------------------------------------------------------
 */

jp_products *jp_products_new(void) {
    jp_products *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    if (!dnnl_engine_create(&p->engine, dnnl_cpu, 0) &&
        !dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags))
        return p;
    jp_products_free(p);
    return NULL;
}

static void kernel_free(kernel *k) {
    for (int part = 0; part < PARTS; part++)
        if (k->part[part]) dnnl_primitive_destroy(k->part[part]);
    free(k);
}

void jp_products_free(jp_products *p) {
    if (!p) return;
    for (int i = 0; i < p->n_weights; i++) dnnl_memory_destroy(p->weights[i].packed);
    if (p->owns_store) jp_accel_store_free(p->store);
    for (int i = 0; i < p->n_kernels; i++) kernel_free(p->kernels[i]);
    if (p->stream) dnnl_stream_destroy(p->stream);
    if (p->engine) dnnl_engine_destroy(p->engine);
    free(p->weights);
    free(p->kernels);
    free(p->rows);
    free(p->rest);
    free(p->scratch);
    free(p);
}

/* Room for one more in an array that doubles at powers of two. */
static bool grow_product(void **array, int n, size_t size) {
    if (n & (n - 1)) return true;
    void *larger = realloc(*array, (n ? 2 * (size_t)n : 1) * size);
    if (larger) *array = larger;
    return larger != NULL;
}

/* At least `wanted` bytes, what was there is lost. */
static bool ensure(void **buffer, size_t *size, size_t wanted) {
    if (wanted <= *size) return true;
    free(*buffer);
    *buffer = jp_packed_pages(wanted, size);
    return *buffer != NULL;
}

/* ---- kernels
 * ---------------------------------------------------------------------------------------------------------- */

static dnnl_primitive_desc_t plan(const jp_products *p, const kernel *k, const dnnl_memory_desc_t *weights, bool add) {
    dnnl_matmul_desc_t    d;
    dnnl_primitive_desc_t found = NULL;
    dnnl_primitive_attr_t how = NULL;
    dnnl_post_ops_t       after = NULL;
    bool                  fine = !dnnl_matmul_desc_init(&d, &k->source, weights, NULL, &k->target) &&
                !dnnl_primitive_attr_create(&how) && !dnnl_post_ops_create(&after) &&
                !dnnl_primitive_attr_set_scratchpad_mode(how, dnnl_scratchpad_mode_user);
    if (fine && add) fine = !dnnl_post_ops_append_sum(after, 1) && !dnnl_primitive_attr_set_post_ops(how, after);
    if (fine && dnnl_primitive_desc_create(&found, &d, how, p->engine, NULL)) found = NULL;
    if (after) dnnl_post_ops_destroy(after);
    if (how) dnnl_primitive_attr_destroy(how);
    return found;
}

static bool build_product(const jp_products *p, kernel *k, const dnnl_memory_desc_t *weights, int part) {
    dnnl_primitive_desc_t planned = plan(p, k, weights, part > 0);
    if (!planned) return false;
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(planned, dnnl_query_scratchpad_md, 0);
    if (scratch && dnnl_memory_desc_get_size(scratch) >= dnnl_memory_desc_get_size(&k->scratch)) k->scratch = *scratch;
    bool fine = !dnnl_primitive_create(k->part + part, planned);
    dnnl_primitive_desc_destroy(planned);
    return fine;
}

static bool shape_kernel(kernel *k, int64_t in, int64_t out, int64_t rows, int threads) {
    *k = (kernel){.in = in, .out = out, .rows = rows, .threads = threads};
    return jp_packed_describe(&k->source, rows, in, dnnl_bf16, dnnl_ab) &&
           jp_packed_describe(&k->target, rows, out, dnnl_f32, dnnl_ab);
}

/* The kernel for `rows` rows, made where it is new; oneDNN has been told how many threads it will run on. */
static const kernel *find_kernel(jp_products *p, const weights *w, int64_t rows, int threads) {
    for (int i = 0; i < p->n_kernels; i++) {
        const kernel *k = p->kernels[i];
        if (k->in == w->in && k->out == w->out && k->rows == rows && k->threads == threads) return k;
    }
    const dnnl_memory_desc_t *layout;
    kernel                   *k = calloc(1, sizeof *k);
    bool                      fine = k && grow_product((void **)&p->kernels, p->n_kernels, sizeof *p->kernels) &&
                !dnnl_memory_get_memory_desc(w->packed, &layout) && shape_kernel(k, w->in, w->out, rows, threads);
    for (int part = 0; part < PARTS && fine; part++) fine = build_product(p, k, layout, part);
    if (!fine) {
        if (k) kernel_free(k);
        return NULL;
    }
    size_t scratch = (dnnl_memory_desc_get_size(&k->scratch) + 63) / 64 * 64;
    if (scratch > p->scratch_each) p->scratch_each = scratch;
    return p->kernels[p->n_kernels++] = k;
}

/* ---- weights
 * ----------------------------------------------------------------------------------------------------------- */

static bool take_product(jp_products *p, const struct ggml_tensor *t, weights *w) {
    *w =
        (weights){.data = jp_packed_original(t)->data, .transposed = t->extra != NULL, .in = t->ne[0], .out = t->ne[1]};
    const jp_packed *packed = p->store ? jp_packed_get(p->store, t, p->engine, p->stream, p->threads) : NULL;
    return packed && !dnnl_memory_create(&w->packed, &packed->layout, p->engine, packed->data);
}

static const weights *find_weights(jp_products *p, const struct ggml_tensor *t) {
    for (int i = 0; i < p->n_weights; i++)
        if (p->weights[i].data == jp_packed_original(t)->data && p->weights[i].transposed == (t->extra != NULL))
            return p->weights + i;
    if (!grow_product((void **)&p->weights, p->n_weights, sizeof *p->weights) ||
        !take_product(p, t, p->weights + p->n_weights))
        return NULL;
    return p->weights + p->n_weights++;
}

/* ---- products
 * ----------------------------------------------------------------------------------------------------------- */

bool jp_products_takes(const struct ggml_tensor *node) {
    const struct ggml_tensor *w = node->src[0], *x = node->src[1], *data = jp_packed_original(w);
    bool weights = w->op == GGML_OP_NONE && !w->view_src && ggml_n_dims(w) == 2 && data->type != GGML_TYPE_F32 &&
                   ggml_is_contiguous(data) && ggml_get_type_traits(data->type)->to_float && w->ne[0] >= LEAST_WIDTH &&
                   w->ne[1] >= LEAST_WIDTH;
    return weights && x->type == GGML_TYPE_F32 && ggml_is_contiguous(x) && node->type == GGML_TYPE_F32 &&
           ggml_is_contiguous(node);
}

static inline uint16_t round_one(float x) { /* to nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float widen_product(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float    f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Part 0 of each number is itself rounded, part 1 what is missing then; zeros up to `all`. By all threads of a region.
 */
static void split_product(const float *from, int64_t n, int64_t all, int parts, uint16_t *to) {
    if (parts == 1) {
#pragma omp for simd
        for (int64_t i = 0; i < n; i++) to[i] = round_one(from[i]);
    } else {
#pragma omp for simd
        for (int64_t i = 0; i < n; i++) {
            uint16_t whole = round_one(from[i]);
            to[i] = whole;
            to[all + i] = round_one(from[i] - widen_product(whole));
        }
    }
#pragma omp single
    for (int part = 0; part < parts; part++) memset(to + part * all + n, 0, (size_t)(all - n) * sizeof *to);
}

/* A product on its way. Rows are worked on in chunks of `chunk`, a multiple of STEP; those of the last chunk that fill
 * no STEP are computed beside their place. */
typedef struct {
    const weights *w;
    const kernel *full, *last, *rest; /* for a chunk, for the last one as far as it fills STEPs, and for what is left */
    const float  *source;
    float        *target;
    int64_t       rows, chunk, all; /* all: from part to part of the input */
    int           chunks;
    bool          together; /* one chunk, on all threads */
} product;

static bool prepare_product(jp_products *p, struct ggml_tensor *node, product *m) {
    omp_set_num_threads(p->threads);
    const weights *w = find_weights(p, node->src[0]);
    if (!w) return false;
    int64_t rows = ggml_nrows(node->src[1]), steps = (rows + STEP - 1) / STEP;
    *m = (product){
        .w = w, .source = node->src[1]->data, .target = node->data, .rows = rows, .all = steps * STEP * w->in};
    m->together = steps < 2 * p->threads;
    m->chunk = m->together ? steps * STEP : (steps + p->threads - 1) / p->threads * STEP;
    m->chunks = (int)((rows + m->chunk - 1) / m->chunk);
    int     threads = m->together ? p->threads : 1;
    int64_t last = (rows - (m->chunks - 1) * m->chunk) / STEP * STEP;
    omp_set_num_threads(threads);
    if (m->chunks > 1 && !(m->full = find_kernel(p, w, m->chunk, threads))) return false;
    if (last && !(m->last = find_kernel(p, w, last, threads))) return false;
    if (rows % STEP && !(m->rest = find_kernel(p, w, STEP, threads))) return false;
    return ensure((void **)&p->rows, &p->rows_size, (size_t)(PARTS * m->all) * sizeof *p->rows) &&
           ensure((void **)&p->rest, &p->rest_size, (size_t)(STEP * w->out) * sizeof *p->rest) &&
           ensure((void **)&p->scratch, &p->scratch_size, (size_t)p->threads * p->scratch_each + 64);
}

static bool multiply(const jp_products *p, const product *m, const kernel *k, int64_t row, float *target) {
    bool  fine = true;
    char *scratch = p->scratch + (size_t)omp_get_thread_num() * p->scratch_each;
    for (int part = 0; part < (m->w->transposed ? 1 : p->parts) && fine; part++) {
        dnnl_memory_t from = NULL, to = NULL, space = NULL;
        fine = !dnnl_memory_create(&from, &k->source, p->engine, p->rows + part * m->all + row * m->w->in) &&
               !dnnl_memory_create(&to, &k->target, p->engine, target) &&
               !dnnl_memory_create(&space, &k->scratch, p->engine, scratch);
        dnnl_exec_arg_t arguments[] = {
            {DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, m->w->packed}, {DNNL_ARG_DST, to}, {DNNL_ARG_SCRATCHPAD, space}};
        fine = fine && !dnnl_primitive_execute(k->part[part], p->stream, 4, arguments);
        if (from) dnnl_memory_destroy(from);
        if (to) dnnl_memory_destroy(to);
        if (space) dnnl_memory_destroy(space);
    }
    return fine;
}

static bool run_chunk(const jp_products *p, const product *m, int c) {
    int64_t row = c * m->chunk, out = m->w->out;
    if (c < m->chunks - 1) return multiply(p, m, m->full, row, m->target + row * out);
    bool fine = !m->last || multiply(p, m, m->last, row, m->target + row * out);
    if (!m->rest || !fine) return fine;
    if (m->last) row += m->last->rows;
    fine = multiply(p, m, m->rest, row, p->rest);
    memcpy(m->target + row * out, p->rest, (size_t)((m->rows - row) * out) * sizeof *m->target);
    return fine;
}

void jp_products_begin(jp_products *p, jp_accel_store *store, int parts) {
    p->split = NULL;
    if (!p->store) {
        p->owns_store = !store;
        p->store = store ? store : jp_accel_store_new();
    }
    p->parts = parts < PARTS ? parts : PARTS;
}

bool jp_products_run(jp_products *p, struct ggml_tensor *node, int threads) {
    product m;
    int     before = omp_get_max_threads(); /* from which oneDNN takes its own */
    p->threads = threads;
    bool fine = prepare_product(p, node, &m), known = p->split == node->src[1];
    if (fine) {
#pragma omp parallel num_threads(threads) reduction(&& : fine)
        {
            if (!known) split_product(m.source, m.rows * m.w->in, m.all, p->parts, p->rows);
#pragma omp for schedule(static)
            for (int c = 0; c < (m.together ? 0 : m.chunks); c++) fine = run_chunk(p, &m, c) && fine;
        }
        if (m.together) fine = run_chunk(p, &m, 0) && fine;
    }
    p->split = fine ? node->src[1] : NULL;
    omp_set_num_threads(before);
    return fine;
}
#endif
