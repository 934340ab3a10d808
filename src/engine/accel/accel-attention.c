/* Attention of blocks of queries. In a batch of masks most cells of the cache belong to other sequences: a block first
 * lists the cells that one of its queries sees, gathers their keys and values, and then works as FlashAttention does
 * (Dao et al. 2022), a tile of cells at a time with a running maximum and sum. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel-kernel.h"

enum { QUERIES = 64, /* of a block */ STEP = JP_KERNEL_CELLS, LANES = 16 };

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
    const jp_kernel          *kernel;
    int   width, value_width, n_queries, n_cells, heads, groups; /* groups: of heads that share keys */
    int   parts;
    float scale;
} attention;

/* One thread's buffers; rows: a block's queries of all heads of a group, a multiple of the kernel's. */
typedef struct {
    int32_t *some;      /* [n_cells] scratch */
    void    *q, *k, *v; /* as the kernel lays them out: [rows * width], [tile * width], [tile * value_width] */
    float   *key;       /* [STEP * the larger width] */
    float   *mask;      /* [QUERIES * tile] */
    float   *s;         /* [rows * tile] */
    void    *p;         /* [rows * tile] */
    float   *o;         /* [rows * value_width] */
    float   *top, *sum; /* [rows] */
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
           k->ne[2] == v->ne[2] && q->ne[2] % k->ne[2] == 0 && k->ne[0] % STEP == 0 && v->ne[0] % STEP == 0;
}

/* ---- which cells ------------------------------------------------------------------------------------------------- */

static const void *row_attention(const struct ggml_tensor *t, int64_t i, int64_t plane) {
    return (const char *)t->data + (size_t)i * t->nb[1] + (size_t)plane * t->nb[2];
}

static void list_cells(const attention *a, space *w, int block, int first, int count) {
    int      n = 0, rest = 0;
    int32_t *cells = a->list->cells + (size_t)block * (size_t)a->n_cells;
    for (int c = 0; c < a->n_cells; c += STEP) {
        uint32_t seen, masked;
        int      inside = a->n_cells - c < STEP ? a->n_cells - c : STEP;
        a->kernel->look((const uint16_t *)row_attention(a->mask, first, 0) + c, a->mask->nb[1], count, inside, &seen,
                        &masked);
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

/* ---- a block ----------------------------------------------------------------------------------------------------- */

static inline void fetch_attention(const void *from, int n) {
    for (int i = 0; i < n * 2; i += 64) __builtin_prefetch((const char *)from + i, 0, 3);
}

/* STEP rows of `t`, of the cells from `cells` on, as floats; zeros after the first `some`. */
static void widen_rows(const attention *a, const struct ggml_tensor *t, int width, int group, const int32_t *cells,
                       int some, float *to) {
    for (int c = 0; c < some; c++)
        a->kernel->widen(row_attention(t, cells[c], group), to + (size_t)c * (size_t)width, width);
    memset(to + (size_t)some * (size_t)width, 0, (size_t)(STEP - some) * (size_t)width * sizeof *to);
}

/* Keys and values of `count` listed cells of one group, packed; zeros up to `wide`. */
static void gather(const attention *a, space *w, int group, const int32_t *cells, int count, int wide) {
    for (int at = 0; at < wide; at += STEP) {
        int some = count - at < STEP ? count - at : STEP;
        for (int c = at + STEP; c < count && c < at + 2 * STEP; c++) {
            fetch_attention(row_attention(a->k, cells[c], group), a->width);
            fetch_attention(row_attention(a->v, cells[c], group), a->value_width);
        }
        widen_rows(a, a->k, a->width, group, cells + at, some, w->key);
        a->kernel->pack_keys(w->key, a->width, at, w->k);
        widen_rows(a, a->v, a->value_width, group, cells + at, some, w->key);
        a->kernel->pack_values(w->key, a->value_width, at, w->v);
    }
}

/* The mask of the listed cells as floats. Most of them are neighbours. */
static void gather_mask(const attention *a, space *w, int first, int queries, const int32_t *cells, int count,
                        int wide) {
    for (int i = 0; i < queries; i++) {
        const uint16_t *mask = row_attention(a->mask, first + i, 0);
        float          *to = w->mask + (size_t)i * (size_t)a->kernel->cells;
        for (int c = 0; c < wide; c += LANES) {
            bool run = c + LANES <= count && cells[c + LANES - 1] - cells[c] == LANES - 1;
            if (run) a->kernel->widen_mask(mask + cells[c], to + c);
            for (int l = c; l < c + LANES && !run; l++)
                to[l] = l < count && mask[cells[l]] != JP_KERNEL_HIDDEN
                            ? JP_KERNEL_LOG2_E * ggml_fp16_to_fp32(mask[cells[l]])
                            : -INFINITY;
        }
    }
}

static void load_queries(const attention *a, space *w, int group, int first, int queries, int rows) {
    int per = a->heads / a->groups;
    memset(w->q, 0, (size_t)rows * (size_t)a->width * (size_t)a->kernel->number);
    for (int h = 0; h < per; h++)
        for (int i = 0; i < queries; i++)
            a->kernel->load_query(row_attention(a->q, first + i, group * per + h), a->scale * JP_KERNEL_LOG2_E,
                                  h * queries + i, rows, a->width, w->q);
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

/* Scores of a tile's cells, their weights, and what these make of the values. */
static void run_tile(const attention *a, space *w, int queries, int used, int rows, int wide, bool masked) {
    const jp_kernel *k = a->kernel;
    size_t           tile = (size_t)k->cells;
    k->scores(w->q, w->k, a->width, rows, wide, a->parts, w->s);
    for (int r = 0; r < used; r++) {
        float shrink = k->soften(w->s + (size_t)r * tile, masked ? w->mask + (size_t)(r % queries) * tile : NULL, r,
                                 wide, w->top + r, w->sum + r, w->p);
        if (shrink != 1) k->shrink(w->o + (size_t)r * (size_t)a->value_width, a->value_width, shrink);
    }
    k->values(w->p, w->v, a->value_width, rows, wide, a->parts, w->o);
}

static int multiple_of(int n, int step) { return (n + step - 1) / step * step; }

static void run_block(const attention *a, space *w, int block) {
    int first = block * QUERIES, queries = a->n_queries - first < QUERIES ? a->n_queries - first : QUERIES;
    if (a->list->count[block] < 0) list_cells(a, w, block, first, queries);
    const int32_t *cells = a->list->cells + (size_t)block * (size_t)a->n_cells;
    int            n = a->list->count[block], used = a->heads / a->groups * queries, tile = a->kernel->cells,
        rows = multiple_of(used, a->kernel->rows);
    for (int group = 0; group < a->groups; group++) {
        load_queries(a, w, group, first, queries, rows);
        memset(w->o, 0, (size_t)rows * (size_t)a->value_width * sizeof *w->o);
        for (int r = 0; r < used; r++) {
            w->top[r] = -INFINITY;
            w->sum[r] = 0;
        }
        for (int at = 0; at < n; at += tile) {
            int  count = n - at < tile ? n - at : tile, wide = multiple_of(count, STEP);
            bool masked = at + wide > a->list->plain[block];
            gather(a, w, group, cells + at, count, wide);
            if (masked && (group == 0 || n > tile)) gather_mask(a, w, first, queries, cells + at, count, wide);
            run_tile(a, w, queries, used, rows, wide, masked);
        }
        store(a, w, group, first, queries);
    }
}

/* ---- the operator ------------------------------------------------------------------------------------------------ */

/* Lay out one thread's buffers from `base`, or with NULL only measure them; returns the bytes. */
static size_t lay_out(space *w, const attention *a, char *base) {
    size_t rows = (size_t)multiple_of(a->heads / a->groups * QUERIES, a->kernel->rows), width = (size_t)a->width,
           values = (size_t)a->value_width, tile = (size_t)a->kernel->cells, number = (size_t)a->kernel->number, at = 0;
    struct {
        void **place;
        size_t size;
    } parts[] = {{(void **)&w->some, (size_t)a->n_cells * sizeof *w->some},
                 {&w->q, rows * width * number},
                 {&w->k, tile * width * number},
                 {&w->v, tile * values * number},
                 {(void **)&w->key, STEP * (width > values ? width : values) * sizeof *w->key},
                 {(void **)&w->mask, QUERIES * tile * sizeof *w->mask},
                 {(void **)&w->s, rows * tile * sizeof *w->s},
                 {&w->p, rows * tile * (size_t)a->kernel->weight},
                 {(void **)&w->o, rows * values * sizeof *w->o},
                 {(void **)&w->top, rows * sizeof *w->top},
                 {(void **)&w->sum, rows * sizeof *w->sum}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (base) *parts[i].place = base + at;
        at += (parts[i].size + 63) / 64 * 64;
    }
    if (base && !a->kernel->weight) w->p = w->s;
    return at;
}

static attention read_operator(struct ggml_tensor *node, int parts) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2];
    attention                 a = {.q = q,
                                   .k = k,
                                   .v = v,
                                   .mask = node->src[3],
                                   .out = node,
                                   .kernel = jp_attention_kernel(),
                                   .width = (int)k->ne[0],
                                   .value_width = (int)v->ne[0],
                                   .n_queries = (int)q->ne[1],
                                   .n_cells = (int)k->ne[1],
                                   .heads = (int)q->ne[2],
                                   .groups = (int)k->ne[2],
                                   .parts = parts};
    memcpy(&a.scale, node->op_params, sizeof a.scale);
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
        a.kernel->begin();
#pragma omp for schedule(dynamic)
        for (int b = 0; b < blocks; b++) run_block(&a, &w, b);
        a.kernel->end();
    }
    return true;
}
#endif
