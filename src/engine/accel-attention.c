/* Attention of blocks of queries. In a batch of masks most cells of the cache belong to other sequences: a block first
 * lists the cells that one of its queries sees, gathers their keys and values, and then works as FlashAttention does
 * (Dao et al. 2022), a tile of cells at a time with a running maximum and sum. */
#include "engine/accel.h"

#ifdef JOPA_ACCEL
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel-tiles.h"

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,f16c,fma")
#include <immintrin.h>

enum {
    QUERIES = 64, /* of a block */
    TILE = 512,   /* cells at a time */
    LANES = 16,
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

/* One thread's buffers; rows: a block's queries of all heads of a group, a multiple of JP_TILES_STEP. */
typedef struct {
    int32_t  *cells;   /* [n_cells] the visible ones */
    uint16_t *visible; /* [n_cells] */
    uint16_t *q;       /* two parts of [rows * width], scaled */
    uint16_t *k, *v;   /* two parts of [TILE * width] and [TILE * value_width], packed */
    float    *key;     /* [JP_TILES_STEP * the larger width] */
    float    *mask;    /* [QUERIES * TILE] */
    float    *s;       /* [rows * TILE] */
    uint16_t *p;       /* two parts of [rows * TILE] */
    float    *o;       /* [rows * value_width] */
    float    *top, *sum; /* [rows] */
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
           !node->src[4] && slope == 0 && cap == 0 && k->ne[2] == v->ne[2] && q->ne[2] % k->ne[2] == 0 && k->ne[0] % JP_TILES_STEP == 0 &&
           v->ne[0] % JP_TILES_STEP == 0;
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

/* Keys and values of `count` listed cells of one group, packed; zeros up to `wide`. */
static void gather(const attention *a, space *w, int group, const int32_t *cells, int count, int wide) {
    for (int at = 0; at < wide; at += JP_TILES_STEP) {
        int some = count - at < JP_TILES_STEP ? count - at : JP_TILES_STEP;
        for (int c = 0; c < some; c++) widen(row(a->k, cells[at + c], group), w->key + (size_t)c * (size_t)a->width, a->width);
        memset(w->key + (size_t)some * (size_t)a->width, 0, (size_t)(JP_TILES_STEP - some) * (size_t)a->width * sizeof *w->key);
        jp_tiles_pack_keys(w->key, a->width, at, TILE, w->k);
        for (int c = 0; c < some; c++) widen(row(a->v, cells[at + c], group), w->key + (size_t)c * (size_t)a->value_width, a->value_width);
        memset(w->key + (size_t)some * (size_t)a->value_width, 0, (size_t)(JP_TILES_STEP - some) * (size_t)a->value_width * sizeof *w->key);
        jp_tiles_pack_values(w->key, a->value_width, at, TILE, w->v);
    }
}

/* The mask of the listed cells as floats. Most of them are neighbours. */
static void gather_mask(const attention *a, space *w, int first, int queries, const int32_t *cells, int count, int wide) {
    for (int i = 0; i < queries; i++) {
        const uint16_t *mask = row(a->mask, first + i, 0);
        float          *to = w->mask + (size_t)i * TILE;
        for (int c = 0; c < wide; c += LANES) {
            bool run = c + LANES <= count && cells[c + LANES - 1] - cells[c] == LANES - 1;
            if (run) widen(mask + cells[c], to + c, LANES);
            for (int l = c; l < c + LANES && !run; l++) to[l] = l < count && mask[cells[l]] != HIDDEN ? _cvtsh_ss(mask[cells[l]]) : -INFINITY;
        }
    }
}

/* p = exp(s + mask - top), with the running top and sum of one row; returns by how much what is known shrinks. */
static float soften(float *s, const float *mask, int wide, float *top, float *sum, uint16_t *p, size_t part) {
    __m512 most = _mm512_set1_ps(*top);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_add_ps(_mm512_loadu_ps(s + c), _mm512_loadu_ps(mask + c));
        _mm512_storeu_ps(s + c, x);
        most = _mm512_max_ps(most, x);
    }
    float now = _mm512_reduce_max_ps(most), shrink = now == -INFINITY ? 1 : expf(*top - now);
    *top = now;
    __m512 total = _mm512_setzero_ps(), base = _mm512_set1_ps(now == -INFINITY ? 0 : now);
    for (int c = 0; c < wide; c += LANES) {
        __m512    x = _mm512_loadu_ps(s + c);
        __mmask16 seen = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-INFINITY), _CMP_NEQ_OQ);
        x = _mm512_maskz_mov_ps(seen, exp_negative(_mm512_sub_ps(x, base)));
        jp_tiles_split(x, p + c, p + part + c);
        total = _mm512_add_ps(total, x);
    }
    *sum = *sum * shrink + _mm512_reduce_add_ps(total);
    return shrink;
}

static void shrink_row(float *o, int n, float by) {
    if (by == 1) return;
    for (int x = 0; x < n; x += LANES) _mm512_storeu_ps(o + x, _mm512_mul_ps(_mm512_loadu_ps(o + x), _mm512_set1_ps(by)));
}

static void load_queries(const attention *a, space *w, int group, int first, int queries, int rows) {
    int    per = a->heads / a->groups;
    size_t part = (size_t)rows * (size_t)a->width;
    memset(w->q, 0, 2 * part * sizeof *w->q);
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++) {
            const float *from = row(a->q, first + i, group * per + h);
            uint16_t    *to = w->q + (size_t)(h * queries + i) * (size_t)a->width;
            for (int x = 0; x < a->width; x += LANES)
                jp_tiles_split(_mm512_mul_ps(_mm512_loadu_ps(from + x), _mm512_set1_ps(a->scale)), to + x, to + part + x);
        }
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
    int    n = list_cells(a, w, first, queries), used = a->heads / a->groups * queries, rows = (used + JP_TILES_STEP - 1) / JP_TILES_STEP * JP_TILES_STEP;
    size_t part = (size_t)rows * TILE;
    for (int group = 0; group < a->groups; group++) {
        load_queries(a, w, group, first, queries, rows);
        memset(w->o, 0, (size_t)rows * (size_t)a->value_width * sizeof *w->o);
        for (int r = 0; r < used; r++) {
            w->top[r] = -INFINITY;
            w->sum[r] = 0;
        }
        for (int at = 0; at < n; at += TILE) {
            int count = n - at < TILE ? n - at : TILE, wide = (count + JP_TILES_STEP - 1) / JP_TILES_STEP * JP_TILES_STEP;
            gather(a, w, group, w->cells + at, count, wide);
            if (group == 0 || n > TILE) gather_mask(a, w, first, queries, w->cells + at, count, wide);
            jp_tiles_scores(w->q, (size_t)rows * (size_t)a->width, w->k, a->width, rows, wide, TILE, w->s);
            for (int r = 0; r < used; r++) {
                float shrink = soften(w->s + (size_t)r * TILE, w->mask + (size_t)(r % queries) * TILE, wide, w->top + r, w->sum + r, w->p + (size_t)r * TILE, part);
                shrink_row(w->o + (size_t)r * (size_t)a->value_width, a->value_width, shrink);
            }
            jp_tiles_values(w->p, part, w->v, a->value_width, rows, wide, TILE, w->o);
        }
        store(a, w, group, first, queries);
    }
}

/* ---- the operator --------------------------------------------------------------------------------------------------------- */

/* Lay out one thread's buffers from `base`, or with NULL only measure them; returns the bytes. */
static size_t lay_out(space *w, const attention *a, char *base) {
    size_t rows = (size_t)(a->heads / a->groups * QUERIES + JP_TILES_STEP), width = (size_t)a->width, values = (size_t)a->value_width, cells = (size_t)a->n_cells, at = 0;
    struct { void **place; size_t size; } parts[] = {
        {(void **)&w->cells, cells * sizeof *w->cells},       {(void **)&w->visible, cells * sizeof *w->visible},
        {(void **)&w->q, 2 * rows * width * sizeof *w->q},    {(void **)&w->k, 2 * TILE * width * sizeof *w->k},
        {(void **)&w->v, 2 * TILE * values * sizeof *w->v},   {(void **)&w->key, JP_TILES_STEP * (width > values ? width : values) * sizeof *w->key},
        {(void **)&w->mask, QUERIES * TILE * sizeof *w->mask}, {(void **)&w->s, rows * TILE * sizeof *w->s},
        {(void **)&w->p, 2 * rows * TILE * sizeof *w->p},     {(void **)&w->o, rows * values * sizeof *w->o},
        {(void **)&w->top, rows * sizeof *w->top},            {(void **)&w->sum, rows * sizeof *w->sum}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (base) *parts[i].place = base + at;
        at += (parts[i].size + 63) / 64 * 64;
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
        jp_tiles_begin();
#pragma omp for schedule(dynamic)
        for (int b = 0; b < blocks; b++) run_block(&a, &w, b * QUERIES, a.n_queries - b * QUERIES < QUERIES ? a.n_queries - b * QUERIES : QUERIES);
        jp_tiles_end();
    }
    return true;
}
#endif
