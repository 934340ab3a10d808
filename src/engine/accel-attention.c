/* Attention of blocks of queries. In a batch of masks most cells of the cache belong to other sequences: a block first
 * lists the cells that one of its queries sees, gathers their keys and values, and then works as FlashAttention does
 * (Dao et al. 2022), a tile of cells at a time with a running maximum and sum. All sums are F32. */
#include "engine/accel.h"

#ifdef JOPA_ACCEL
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,f16c,fma")
#include <immintrin.h>

enum {
    QUERIES = 32, /* of a block */
    TILE = 512,   /* cells at a time */
    LANES = 16,
    ROWS = 8,     /* of a product at a time, */
    COLUMNS = 32, /* and columns */
    HIDDEN = 0xfc00 /* minus infinity in the mask */
};

struct jp_attention_space {
    char  *memory;
    size_t size;
};

/* One operator, its sizes named. */
typedef struct {
    const struct ggml_tensor *q, *k, *v, *mask;
    struct ggml_tensor       *out;
    int                       width, value_width, n_queries, n_cells, heads, groups; /* groups: of heads that share keys */
    float                     scale;
} attention;

/* One thread's buffers; rows: a block's queries of all heads of a group, a multiple of ROWS. */
typedef struct {
    int32_t  *cells;   /* [n_cells] the visible ones */
    uint16_t *visible; /* [n_cells] */
    float    *q;       /* [rows * width], scaled */
    float    *k;       /* [width * TILE] transposed */
    float    *v;       /* [TILE * value_width] */
    float    *mask;    /* [QUERIES * TILE] */
    float    *s;       /* [rows * TILE] */
    float    *o;       /* [rows * value_width] */
    float    *top, *sum, *shrink; /* [rows] */
} space;

jp_attention_space *jp_attention_space_new(void) { return calloc(1, sizeof(jp_attention_space)); }

void jp_attention_space_free(jp_attention_space *s) {
    if (!s) return;
    free(s->memory);
    free(s);
}

static bool plain(const struct ggml_tensor *t, enum ggml_type type) {
    return t && t->type == type && t->nb[0] == ggml_type_size(type) && t->ne[3] == 1;
}

bool jp_attention_takes(const struct ggml_tensor *node) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2], *mask = node->src[3];
    float                     slope, cap;
    memcpy(&slope, node->op_params + 1, sizeof slope);
    memcpy(&cap, node->op_params + 2, sizeof cap);
    return plain(q, GGML_TYPE_F32) && plain(k, GGML_TYPE_F16) && plain(v, GGML_TYPE_F16) && plain(mask, GGML_TYPE_F16) && mask->ne[2] == 1 &&
           !node->src[4] && slope == 0 && cap == 0 && k->ne[2] == v->ne[2] && q->ne[2] % k->ne[2] == 0 && k->ne[0] % COLUMNS == 0 &&
           v->ne[0] % COLUMNS == 0;
}

/* ---- vectors --------------------------------------------------------------------------------------------------------- */

/* exp(x) for x <= 0, relative error below 3e-7: as in log-softmax.c. */
static inline __m512 exp_negative(__m512 x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
    __m512 whole = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 f = _mm512_fnmadd_ps(whole, _mm512_set1_ps(0.693359375f), x);
    f = _mm512_fmadd_ps(whole, _mm512_set1_ps(2.12194440e-4f), f);
    __m512 p = _mm512_set1_ps(1.0f / 720);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f / 120));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f / 24));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f / 6));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}

/* c[rows, columns] (+)= a[rows, inner] b[inner, columns]; row lengths in memory: stride_c, stride_a, stride_b. */
static void multiply(float *c, int stride_c, const float *a, int stride_a, const float *b, int stride_b, int rows, int inner, int columns, bool add) {
    for (int i = 0; i < rows; i += ROWS)
        for (int j = 0; j < columns; j += COLUMNS) {
            float *to = c + (size_t)i * (size_t)stride_c + j;
            __m512 sum[ROWS][2];
            for (int r = 0; r < ROWS; r++)
                for (int l = 0; l < 2; l++) sum[r][l] = add ? _mm512_loadu_ps(to + r * stride_c + l * LANES) : _mm512_setzero_ps();
            const float *from = a + (size_t)i * (size_t)stride_a;
            for (int x = 0; x < inner; x++) {
                __m512 b0 = _mm512_loadu_ps(b + (size_t)x * (size_t)stride_b + j), b1 = _mm512_loadu_ps(b + (size_t)x * (size_t)stride_b + j + LANES);
#pragma GCC unroll 8
                for (int r = 0; r < ROWS; r++) {
                    __m512 one = _mm512_set1_ps(from[r * stride_a + x]);
                    sum[r][0] = _mm512_fmadd_ps(one, b0, sum[r][0]);
                    sum[r][1] = _mm512_fmadd_ps(one, b1, sum[r][1]);
                }
            }
            for (int r = 0; r < ROWS; r++)
                for (int l = 0; l < 2; l++) _mm512_storeu_ps(to + r * stride_c + l * LANES, sum[r][l]);
        }
}

static inline void widen(const uint16_t *from, float *to, int n) {
    for (int i = 0; i < n; i += LANES) _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + i))));
}

/* ---- a block ------------------------------------------------------------------------------------------------------------ */

static const void *row(const struct ggml_tensor *t, int64_t i, int64_t plane) {
    return (const char *)t->data + (size_t)i * t->nb[1] + (size_t)plane * t->nb[2];
}

/* The cells that one of the block's queries sees; returns how many. */
static int list_cells(const attention *a, space *w, int first, int count) {
    int n = 0;
    memset(w->visible, 0, (size_t)a->n_cells * sizeof *w->visible);
    for (int i = 0; i < count; i++) {
        const uint16_t *mask = row(a->mask, first + i, 0);
        for (int c = 0; c < a->n_cells; c++) w->visible[c] |= mask[c] ^ HIDDEN;
    }
    for (int c = 0; c < a->n_cells; c++)
        if (w->visible[c]) w->cells[n++] = c;
    return n;
}

/* Keys transposed and values of `count` listed cells of one group; zeros up to `wide`. */
static void gather(const attention *a, space *w, int group, const int32_t *cells, int count, int wide) {
    float key[LANES];
    for (int c = 0; c < count; c++) {
        const uint16_t *k = row(a->k, cells[c], group);
        for (int x = 0; x < a->width; x += LANES) {
            widen(k + x, key, LANES);
            for (int l = 0; l < LANES; l++) w->k[(size_t)(x + l) * TILE + (size_t)c] = key[l];
        }
        widen(row(a->v, cells[c], group), w->v + (size_t)c * (size_t)a->value_width, a->value_width);
    }
    for (int x = 0; x < a->width; x++)
        for (int c = count; c < wide; c++) w->k[(size_t)x * TILE + (size_t)c] = 0;
    memset(w->v + (size_t)count * (size_t)a->value_width, 0, (size_t)(wide - count) * (size_t)a->value_width * sizeof *w->v);
}

static void gather_mask(const attention *a, space *w, int first, int queries, const int32_t *cells, int count, int wide) {
    for (int i = 0; i < queries; i++) {
        const uint16_t *mask = row(a->mask, first + i, 0);
        float          *to = w->mask + (size_t)i * TILE;
        for (int c = 0; c < count; c++) to[c] = mask[cells[c]] == HIDDEN ? -INFINITY : mask[cells[c]] ? _cvtsh_ss(mask[cells[c]]) : 0;
        for (int c = count; c < wide; c++) to[c] = -INFINITY;
    }
}

/* s = exp(s + mask - top), with the running top and sum of one row; what is known shrinks by *shrink. */
static void soften(float *s, const float *mask, int wide, float *top, float *sum, float *shrink) {
    __m512 most = _mm512_set1_ps(*top);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_add_ps(_mm512_loadu_ps(s + c), _mm512_loadu_ps(mask + c));
        _mm512_storeu_ps(s + c, x);
        most = _mm512_max_ps(most, x);
    }
    float now = _mm512_reduce_max_ps(most);
    *shrink = now == -INFINITY ? 1 : expf(*top - now);
    *top = now;
    __m512 total = _mm512_setzero_ps(), base = _mm512_set1_ps(now == -INFINITY ? 0 : now);
    for (int c = 0; c < wide; c += LANES) {
        __m512    x = _mm512_loadu_ps(s + c);
        __mmask16 seen = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-INFINITY), _CMP_NEQ_OQ);
        x = _mm512_maskz_mov_ps(seen, exp_negative(_mm512_sub_ps(x, base)));
        _mm512_storeu_ps(s + c, x);
        total = _mm512_add_ps(total, x);
    }
    *sum = *sum * *shrink + _mm512_reduce_add_ps(total);
}

static void shrink_row(float *o, int n, float by) {
    if (by == 1) return;
    for (int x = 0; x < n; x += LANES) _mm512_storeu_ps(o + x, _mm512_mul_ps(_mm512_loadu_ps(o + x), _mm512_set1_ps(by)));
}

static void load_queries(const attention *a, space *w, int group, int first, int queries, int rows) {
    int per = a->heads / a->groups;
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++) {
            const float *from = row(a->q, first + i, group * per + h);
            float       *to = w->q + (size_t)(h * queries + i) * (size_t)a->width;
            for (int x = 0; x < a->width; x++) to[x] = from[x] * a->scale;
        }
    memset(w->q + (size_t)(per * queries) * (size_t)a->width, 0, (size_t)(rows - per * queries) * (size_t)a->width * sizeof *w->q);
}

static void store(const attention *a, const space *w, int group, int first, int queries) {
    int per = a->heads / a->groups;
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++) {
            int          r = h * queries + i;
            const float *from = w->o + (size_t)r * (size_t)a->value_width;
            float       *to = (float *)((char *)a->out->data + (size_t)(group * per + h) * a->out->nb[1] + (size_t)(first + i) * a->out->nb[2]);
            float        by = w->sum[r] > 0 ? 1 / w->sum[r] : 0;
            for (int x = 0; x < a->value_width; x++) to[x] = from[x] * by;
        }
}

static void run_block(const attention *a, space *w, int first, int queries) {
    int n = list_cells(a, w, first, queries), used = a->heads / a->groups * queries, rows = (used + ROWS - 1) / ROWS * ROWS;
    for (int group = 0; group < a->groups; group++) {
        load_queries(a, w, group, first, queries, rows);
        memset(w->o, 0, (size_t)rows * (size_t)a->value_width * sizeof *w->o);
        for (int r = 0; r < used; r++) {
            w->top[r] = -INFINITY;
            w->sum[r] = 0;
        }
        for (int at = 0; at < n; at += TILE) {
            int count = n - at < TILE ? n - at : TILE, wide = (count + COLUMNS - 1) / COLUMNS * COLUMNS;
            gather(a, w, group, w->cells + at, count, wide);
            if (group == 0 || n > TILE) gather_mask(a, w, first, queries, w->cells + at, count, wide);
            multiply(w->s, TILE, w->q, a->width, w->k, TILE, rows, a->width, wide, false);
            for (int r = 0; r < used; r++) {
                soften(w->s + (size_t)r * TILE, w->mask + (size_t)(r % queries) * TILE, wide, w->top + r, w->sum + r, w->shrink + r);
                shrink_row(w->o + (size_t)r * (size_t)a->value_width, a->value_width, w->shrink[r]);
            }
            multiply(w->o, a->value_width, w->s, TILE, w->v, a->value_width, rows, count, a->value_width, true);
        }
        store(a, w, group, first, queries);
    }
}

/* ---- the operator --------------------------------------------------------------------------------------------------------- */

/* Room for `size` bytes from *at on, which moves behind them; returns where it begins. */
static size_t take(size_t *at, size_t size) {
    size_t place = *at;
    *at += (size + 63) / 64 * 64;
    return place;
}

/* Lay out one thread's buffers from `base`, or with NULL only measure them; returns the bytes. */
static size_t lay_out(space *w, const attention *a, char *base) {
    size_t  rows = (size_t)(a->heads / a->groups * QUERIES + ROWS), width = (size_t)a->width, values = (size_t)a->value_width, cells = (size_t)a->n_cells, at = 0;
    float **floats[] = {&w->q, &w->k, &w->v, &w->mask, &w->s, &w->o, &w->top, &w->sum, &w->shrink};
    size_t  counts[] = {rows * width, width * TILE, TILE * values, (size_t)QUERIES * TILE, rows * TILE, rows * values, rows, rows, rows};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        size_t place = take(&at, counts[i] * sizeof(float));
        if (base) *floats[i] = (float *)(void *)(base + place);
    }
    size_t list = take(&at, cells * sizeof *w->cells), seen = take(&at, cells * sizeof *w->visible);
    if (base) {
        w->cells = (int32_t *)(void *)(base + list);
        w->visible = (uint16_t *)(void *)(base + seen);
    }
    return at;
}

static attention read_operator(struct ggml_tensor *node) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2];
    attention                 a = {.q = q, .k = k, .v = v, .mask = node->src[3], .out = node, .width = (int)k->ne[0], .value_width = (int)v->ne[0],
                                   .n_queries = (int)q->ne[1], .n_cells = (int)k->ne[1], .heads = (int)q->ne[2], .groups = (int)k->ne[2]};
    memcpy(&a.scale, node->op_params, sizeof a.scale);
    return a;
}

bool jp_attention_run(jp_attention_space *s, struct ggml_tensor *node, int threads) {
    attention a = read_operator(node);
    space     measure = {0};
    size_t    each = lay_out(&measure, &a, NULL);
    if (each * (size_t)threads > s->size) {
        free(s->memory);
        s->size = each * (size_t)threads;
        s->memory = aligned_alloc(64, s->size);
        if (!s->memory) s->size = 0;
    }
    if (!s->memory) return false;
    int blocks = (a.n_queries + QUERIES - 1) / QUERIES;
#pragma omp parallel num_threads(threads)
    {
        space w;
        lay_out(&w, &a, s->memory + each * (size_t)omp_get_thread_num());
#pragma omp for schedule(dynamic)
        for (int b = 0; b < blocks; b++) run_block(&a, &w, b * QUERIES, a.n_queries - b * QUERIES < QUERIES ? a.n_queries - b * QUERIES : QUERIES);
    }
    return true;
}
#endif
