/* Attention of blocks of queries. In a batch of masks most cells of the cache belong to other sequences: a block first
 * lists the cells that one of its queries sees, gathers their keys and values, and then works as FlashAttention does
 * (Dao et al. 2022), a tile of cells at a time with a running maximum and sum. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel-tiles.h"

#include <immintrin.h>

enum {
    QUERIES = 64, /* of a block */
    TILE = 512,   /* cells at a time */
    LANES = 16,
    HIDDEN = 0xfc00 /* minus infinity in the mask */
};
static const float LOG2_E = 1.44269504f; /* scores are powers of 2 */

/* Of one mask, for each block of queries the cells that one of them sees: first the plain ones, that every query sees
 * as they are. All layers of a graph have the same. */
typedef struct {
    const struct ggml_tensor *mask, *first;  /* first: the operator that the list was begun for */
    int                      *count, *plain; /* [blocks] count -1: not listed yet */
    int32_t                  *cells;         /* [blocks * n_cells] */
    size_t                    size;          /* of the memory that count begins */
    int                       blocks, n_cells;
} list;

enum { LISTS = 2 }; /* models with a sliding window have two masks */

struct jp_attention_space {
    char  *memory;
    size_t size;
    list   lists[LISTS];
    int    next; /* list to be given up */
};

/* One operator, its sizes named. */
typedef struct {
    const struct ggml_tensor *q, *k, *v, *mask;
    struct ggml_tensor       *out;
    list                     *list;
    const jp_tiles           *tiles;
    int   width, value_width, n_queries, n_cells, heads, groups; /* groups: of heads that share keys */
    int   terms, parts;                                          /* of scores, of values: accel-tiles.h */
    float scale;
} attention;

/* One thread's buffers; rows: a block's queries of all heads of a group, a multiple of JP_TILES_STEP. */
typedef struct {
    int32_t  *some;      /* [n_cells] scratch */
    uint16_t *q;         /* two parts of [rows * width], scaled */
    uint16_t *k, *v;     /* two parts of [TILE * width] and [TILE * value_width], packed */
    float    *key;       /* [JP_TILES_STEP * the larger width] */
    float    *mask;      /* [QUERIES * TILE] */
    float    *s;         /* [rows * TILE] */
    uint16_t *p;         /* [rows * TILE] */
    float    *o;         /* [rows * value_width] */
    float    *top, *sum; /* [rows] */
} space;

jp_attention_space *jp_attention_space_new(void) { return calloc(1, sizeof(jp_attention_space)); }

void jp_attention_space_free(jp_attention_space *s) {
    if (!s) return;
    free(s->memory);
    for (int i = 0; i < LISTS; i++) free(s->lists[i].count);
    free(s);
}

void jp_attention_begin(jp_attention_space *s) {
    for (int i = 0; i < LISTS; i++) s->lists[i].mask = NULL;
}

static bool plain(const struct ggml_tensor *t, enum ggml_type type) {
    return t && t->type == type && t->nb[0] == ggml_type_size(type) && t->ne[3] == 1;
}

bool jp_attention_takes(const struct ggml_tensor *node) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2], *mask = node->src[3];
    float                     slope, cap;
    memcpy(&slope, node->op_params + 1, sizeof slope);
    memcpy(&cap, node->op_params + 2, sizeof cap);
    return plain(q, GGML_TYPE_F32) && plain(k, GGML_TYPE_F16) && plain(v, GGML_TYPE_F16) &&
           plain(mask, GGML_TYPE_F16) && mask->ne[2] == 1 && !node->src[4] && slope == 0 && cap == 0 &&
           k->ne[2] == v->ne[2] && q->ne[2] % k->ne[2] == 0 && k->ne[0] % JP_TILES_STEP == 0 &&
           v->ne[0] % JP_TILES_STEP == 0;
}

/* ---- vectors
 * --------------------------------------------------------------------------------------------------------- */

/* 2^x for x <= 0, relative error below 1e-5. */
static inline __m512 exp2_negative(__m512 x) {
    __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(9.6181291e-3f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}

static inline void widen_attention(const uint16_t *from, float *to, int n) {
    for (int i = 0; i < n; i += LANES)
        _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + i))));
}

/* ---- a block
 * ------------------------------------------------------------------------------------------------------------ */

static const void *row_attention(const struct ggml_tensor *t, int64_t i, int64_t plane) {
    return (const char *)t->data + (size_t)i * t->nb[1] + (size_t)plane * t->nb[2];
}

/* Of 32 cells from `c` on, which some of the queries see, and for which some mask is not 0. */
static inline void look(const attention *a, int first, int count, int c, __mmask32 *seen, __mmask32 *masked) {
    __mmask32 inside = a->n_cells - c < 32 ? (1u << (a->n_cells - c)) - 1 : ~0u;
    __m512i   any = _mm512_setzero_si512(), other = any, hidden = _mm512_set1_epi16((short)HIDDEN);
    for (int i = 0; i < count; i++) {
        __m512i mask = _mm512_maskz_loadu_epi16(inside, (const uint16_t *)row_attention(a->mask, first + i, 0) + c);
        any = _mm512_or_si512(any, _mm512_xor_si512(mask, hidden));
        other = _mm512_or_si512(other, mask);
    }
    *seen = _mm512_test_epi16_mask(any, any) & inside;
    *masked = _mm512_test_epi16_mask(other, other);
}

static void list_cells(const attention *a, space *w, int block, int first, int count) {
    int      n = 0, rest = 0;
    int32_t *cells = a->list->cells + (size_t)block * (size_t)a->n_cells;
    for (int c = 0; c < a->n_cells; c += 32) {
        __mmask32 seen, masked;
        look(a, first, count, c, &seen, &masked);
        for (; seen; seen &= seen - 1) {
            int bit = __builtin_ctz(seen);
            if (masked >> bit & 1) w->some[rest++] = c + bit;
            else cells[n++] = c + bit;
        }
    }
    memcpy(cells + n, w->some, (size_t)rest * sizeof *cells);
    a->list->plain[block] = n;
    a->list->count[block] = n + rest;
}

/* The list for the operator's mask, begun where there is none; NULL: no memory. An operator comes again in another
 * graph only. */
static list *find_list(jp_attention_space *s, const struct ggml_tensor *node, int blocks) {
    const struct ggml_tensor *mask = node->src[3];
    list                     *l = s->lists + s->next;
    size_t                    n = (size_t)blocks, size = n * (2 + (size_t)mask->ne[0]) * sizeof *l->count;
    for (int i = 0; i < LISTS; i++)
        if (s->lists[i].mask == mask) l = s->lists + i;
    if (l->mask == mask && l->first != node && l->blocks == blocks && l->n_cells == mask->ne[0]) return l;
    if (size > l->size) {
        free(l->count);
        l->count = malloc(size);
        l->size = l->count ? size : 0;
    }
    if (!l->count) return NULL;
    s->next = (int)(l - s->lists + 1) % LISTS;
    *l = (list){mask, node, l->count, l->count + n, l->count + 2 * n, l->size, blocks, (int)mask->ne[0]};
    for (int b = 0; b < blocks; b++) l->count[b] = -1;
    return l;
}

static inline void fetch_attention(const void *from, int n) {
    for (int i = 0; i < n * 2; i += 64) _mm_prefetch((const char *)from + i, _MM_HINT_T0);
}

/* Keys and values of `count` listed cells of one group, packed; zeros up to `wide`. */
static void gather(const attention *a, space *w, int group, const int32_t *cells, int count, int wide) {
    for (int at = 0; at < wide; at += JP_TILES_STEP) {
        int some = count - at < JP_TILES_STEP ? count - at : JP_TILES_STEP;
        for (int c = at + JP_TILES_STEP; c < count && c < at + 2 * JP_TILES_STEP; c++) {
            fetch_attention(row_attention(a->k, cells[c], group), a->width);
            fetch_attention(row_attention(a->v, cells[c], group), a->value_width);
        }
        for (int c = 0; c < some; c++)
            widen_attention(row_attention(a->k, cells[at + c], group), w->key + (size_t)c * (size_t)a->width, a->width);
        memset(w->key + (size_t)some * (size_t)a->width, 0,
               (size_t)(JP_TILES_STEP - some) * (size_t)a->width * sizeof *w->key);
        jp_tiles_pack_keys(w->key, a->width, at, TILE, w->k);
        for (int c = 0; c < some; c++)
            widen_attention(row_attention(a->v, cells[at + c], group), w->key + (size_t)c * (size_t)a->value_width,
                            a->value_width);
        memset(w->key + (size_t)some * (size_t)a->value_width, 0,
               (size_t)(JP_TILES_STEP - some) * (size_t)a->value_width * sizeof *w->key);
        jp_tiles_pack_values(w->key, a->value_width, at, TILE, w->v);
    }
}

/* The mask of the listed cells as floats. Most of them are neighbours. */
static void gather_mask(const attention *a, space *w, int first, int queries, const int32_t *cells, int count,
                        int wide) {
    for (int i = 0; i < queries; i++) {
        const uint16_t *mask = row_attention(a->mask, first + i, 0);
        float          *to = w->mask + (size_t)i * TILE;
        for (int c = 0; c < wide; c += LANES) {
            bool run = c + LANES <= count && cells[c + LANES - 1] - cells[c] == LANES - 1;
            if (run)
                _mm512_storeu_ps(to + c,
                                 _mm512_mul_ps(_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(mask + cells[c]))),
                                               _mm512_set1_ps(LOG2_E)));
            for (int l = c; l < c + LANES && !run; l++)
                to[l] = l < count && mask[cells[l]] != HIDDEN ? LOG2_E * _cvtsh_ss(mask[cells[l]]) : -INFINITY;
        }
    }
}

/* p = 2^(s + mask - top), with the running top and sum of one row; mask may be NULL: 0. Returns by how much what is
 * known shrinks. p is rounded to bfloat16 and the sum is that of the rounded numbers, so that weights still add up
 * to 1. */
static inline float soften(float *s, const float *mask, int wide, float *top, float *sum, uint16_t *p) {
    __m512 most = _mm512_set1_ps(*top);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_loadu_ps(s + c);
        if (mask) {
            x = _mm512_add_ps(x, _mm512_loadu_ps(mask + c));
            _mm512_storeu_ps(s + c, x);
        }
        most = _mm512_max_ps(most, x);
    }
    float now = _mm512_reduce_max_ps(most), shrink = now == -INFINITY || now == *top ? 1 : exp2f(*top - now);
    *top = now;
    __m512 total = _mm512_setzero_ps(), base = _mm512_set1_ps(now == -INFINITY ? 0 : now);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_loadu_ps(s + c), y = exp2_negative(_mm512_sub_ps(x, base));
        x = mask ? _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(-INFINITY), _CMP_NEQ_OQ), y) : y;
        __m256i rounded = (__m256i)_mm512_cvtneps_pbh(x);
        _mm256_storeu_si256((__m256i *)(void *)(p + c), rounded);
        total = _mm512_add_ps(total, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16)));
    }
    *sum = *sum * shrink + _mm512_reduce_add_ps(total);
    return shrink;
}

static void shrink_row(float *o, int n, float by) {
    if (by == 1) return;
    for (int x = 0; x < n; x += LANES)
        _mm512_storeu_ps(o + x, _mm512_mul_ps(_mm512_loadu_ps(o + x), _mm512_set1_ps(by)));
}

static void load_queries(const attention *a, space *w, int group, int first, int queries, int rows) {
    int    per = a->heads / a->groups;
    size_t part = (size_t)rows * (size_t)a->width;
    memset(w->q, 0, 2 * part * sizeof *w->q);
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++) {
            const float *from = row_attention(a->q, first + i, group * per + h);
            uint16_t    *to = w->q + (size_t)(h * queries + i) * (size_t)a->width;
            for (int x = 0; x < a->width; x += LANES)
                jp_tiles_split(_mm512_mul_ps(_mm512_loadu_ps(from + x), _mm512_set1_ps(a->scale * LOG2_E)), to + x,
                               to + part + x);
        }
}

static void store(const attention *a, const space *w, int group, int first, int queries) {
    int per = a->heads / a->groups;
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++) {
            int          r = h * queries + i;
            const float *from = w->o + (size_t)r * (size_t)a->value_width;
            float       *to = (float *)((char *)a->out->data + (size_t)(group * per + h) * a->out->nb[1] +
                                  (size_t)(first + i) * a->out->nb[2]);
            float        by = w->sum[r] > 0 ? 1 / w->sum[r] : 0;
            for (int x = 0; x < a->value_width; x++) to[x] = from[x] * by;
        }
}

static void run_block(const attention *a, space *w, int block) {
    int first = block * QUERIES, queries = a->n_queries - first < QUERIES ? a->n_queries - first : QUERIES;
    if (a->list->count[block] < 0) list_cells(a, w, block, first, queries);
    const int32_t *cells = a->list->cells + (size_t)block * (size_t)a->n_cells;
    int            n = a->list->count[block], used = a->heads / a->groups * queries,
        rows = (used + JP_TILES_STEP - 1) / JP_TILES_STEP * JP_TILES_STEP;
    for (int group = 0; group < a->groups; group++) {
        load_queries(a, w, group, first, queries, rows);
        memset(w->o, 0, (size_t)rows * (size_t)a->value_width * sizeof *w->o);
        for (int r = 0; r < used; r++) {
            w->top[r] = -INFINITY;
            w->sum[r] = 0;
        }
        for (int at = 0; at < n; at += TILE) {
            int count = n - at < TILE ? n - at : TILE,
                wide = (count + JP_TILES_STEP - 1) / JP_TILES_STEP * JP_TILES_STEP;
            bool masked = at + wide > a->list->plain[block];
            gather(a, w, group, cells + at, count, wide);
            if (masked && (group == 0 || n > TILE)) gather_mask(a, w, first, queries, cells + at, count, wide);
            a->tiles->scores(w->q, (size_t)rows * (size_t)a->width, w->k, a->width, rows, wide, TILE, a->terms, w->s);
            for (int r = 0; r < used; r++) {
                float shrink = soften(w->s + (size_t)r * TILE, masked ? w->mask + (size_t)(r % queries) * TILE : NULL,
                                      wide, w->top + r, w->sum + r, w->p + (size_t)r * TILE);
                shrink_row(w->o + (size_t)r * (size_t)a->value_width, a->value_width, shrink);
            }
            a->tiles->values(w->p, w->v, a->value_width, rows, wide, TILE, a->parts, w->o);
        }
        store(a, w, group, first, queries);
    }
}

/* ---- the operator
 * --------------------------------------------------------------------------------------------------------- */

/* Lay out one thread's buffers from `base`, or with NULL only measure them; returns the bytes. */
static size_t lay_out(space *w, const attention *a, char *base) {
    size_t rows = (size_t)(a->heads / a->groups * QUERIES + JP_TILES_STEP), width = (size_t)a->width,
           values = (size_t)a->value_width, cells = (size_t)a->n_cells, at = 0;
    struct {
        void **place;
        size_t size;
    } parts[] = {{(void **)&w->some, cells * sizeof *w->some},
                 {(void **)&w->q, 2 * rows * width * sizeof *w->q},
                 {(void **)&w->k, 2 * TILE * width * sizeof *w->k},
                 {(void **)&w->v, 2 * TILE * values * sizeof *w->v},
                 {(void **)&w->key, JP_TILES_STEP * (width > values ? width : values) * sizeof *w->key},
                 {(void **)&w->mask, QUERIES * TILE * sizeof *w->mask},
                 {(void **)&w->s, rows * TILE * sizeof *w->s},
                 {(void **)&w->p, rows * TILE * sizeof *w->p},
                 {(void **)&w->o, rows * values * sizeof *w->o},
                 {(void **)&w->top, rows * sizeof *w->top},
                 {(void **)&w->sum, rows * sizeof *w->sum}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (base) *parts[i].place = base + at;
        at += (parts[i].size + 63) / 64 * 64;
    }
    return at;
}

static attention read_operator(struct ggml_tensor *node, int parts) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2];
    attention                 a = {.q = q,
                                   .k = k,
                                   .v = v,
                                   .mask = node->src[3],
                                   .out = node,
                                   .width = (int)k->ne[0],
                                   .value_width = (int)v->ne[0],
                                   .n_queries = (int)q->ne[1],
                                   .n_cells = (int)k->ne[1],
                                   .heads = (int)q->ne[2],
                                   .groups = (int)k->ne[2]};
    memcpy(&a.scale, node->op_params, sizeof a.scale);
    a.tiles = jp_products_amx() ? &jp_tiles_amx : &jp_tiles_avx512;
    a.parts = parts;
    a.terms = parts > 1 ? JP_TILES_TERMS : JP_TILES_TERMS - 1; /* keys with one part */
    return a;
}

bool jp_attention_run(jp_attention_space *s, struct ggml_tensor *node, int threads, int parts) {
    attention a = read_operator(node, parts);
    space     measure = {0};
    size_t    each = lay_out(&measure, &a, NULL);
    if (each * (size_t)threads > s->size) {
        free(s->memory);
        s->size = each * (size_t)threads;
        s->memory = aligned_alloc(64, s->size);
        if (!s->memory) s->size = 0;
    }
    int blocks = (a.n_queries + QUERIES - 1) / QUERIES;
    a.list = find_list(s, node, blocks);
    if (!s->memory || !a.list) return false;
#pragma omp parallel num_threads(threads)
    {
        space w;
        lay_out(&w, &a, s->memory + each * (size_t)omp_get_thread_num());
        a.tiles->begin();
#pragma omp for schedule(dynamic)
        for (int b = 0; b < blocks; b++) run_block(&a, &w, b);
        a.tiles->end();
    }
    return true;
}
#endif
