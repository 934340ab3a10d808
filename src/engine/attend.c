/* Softmax over keys as they come in (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022), in F32. */
#include "engine/attend.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "engine/vector.h"

#if defined(__AVX512F__)
enum { ROWS = 12 }; /* of a product kernel: its sums fill the vector registers */
#else
enum { ROWS = 6 };
#endif
enum {
    TILE_ROWS = 48, /* queries times heads of a group: a multiple of ROWS */
    CHUNK = 64,     /* keys at a time */
    WIDE = JP_KEY_BLOCK,
    VECTORS = WIDE / JP_LANES
};

/* ---- products ------------------------------------------------------------------------------------------------- */

/* c [ROWS x 16] = (or += with `add`) a [ROWS x 16 n] b [16 n x 16]; rows of a and c lie a_step and c_step apart, b is
 * stored in blocks of 16 rows, b_step apart. */
static inline __attribute__((always_inline)) void product(const float *a, size_t a_step, const float *b, size_t b_step, int n, float *c,
                                                          size_t c_step, bool add) {
    jp_vector sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < VECTORS; j++) sum[r][j] = add ? jp_vector_load(c + (size_t)r * c_step + j * JP_LANES) : jp_vector_of(0);
    for (int block = 0; block < n; block++, a += WIDE, b += b_step) {
        for (int i = 0; i < WIDE; i++) {
            jp_vector right[VECTORS];
            for (int j = 0; j < VECTORS; j++) right[j] = jp_vector_load(b + i * WIDE + j * JP_LANES);
            for (int r = 0; r < ROWS; r++) {
                jp_vector left = jp_vector_of(a[(size_t)r * a_step + (size_t)i]);
                for (int j = 0; j < VECTORS; j++) sum[r][j] += left * right[j];
            }
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < VECTORS; j++) jp_vector_store(c + (size_t)r * c_step + j * JP_LANES, sum[r][j]);
}

/* ---- a tile ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const jp_attend_shape *s;
    const float           *keys, *values; /* of this key-value head */
    int                    rows;          /* queries times heads of the group, rounded up to ROWS */
    int                    group;
    int                    cell;          /* of the first query */
    float                 *q;      /* [TILE_ROWS][head_size] scaled */
    float                 *scores; /* [TILE_ROWS][CHUNK] */
    float                 *out;    /* [TILE_ROWS][head_size] */
    float                 *top, *sum; /* [TILE_ROWS] of the softmax so far */
} tile;

/* The scores of keys outside [first, last) within the chunk that begins at cell `from`, and with `causal` of those after
 * the query's own, become -infinity. */
static void hide(const tile *t, int from, int n, int first, int last, bool causal) {
    for (int r = 0; r < t->rows; r++) {
        float *scores = t->scores + (size_t)r * CHUNK;
        int    own = t->cell + r / t->group + 1, end = causal && own < last ? own : last;
        for (int i = 0; i < first - from; i++) scores[i] = -INFINITY;
        for (int i = end > from ? end - from : 0; i < n; i++) scores[i] = -INFINITY;
    }
}

/* Scores of one row become weights relative to its highest score; what was summed before is scaled to it. */
static void soften(const tile *t, int r, int n) {
    float    *scores = t->scores + (size_t)r * CHUNK;
    jp_vector high = jp_vector_load(scores), total = jp_vector_of(0);
    for (int i = JP_LANES; i < n; i += JP_LANES) high = jp_vector_max(high, jp_vector_load(scores + i));
    float top = jp_vector_top(high);
    if (top == -INFINITY) {
        memset(scores, 0, (size_t)n * sizeof *scores);
        return;
    }
    if (top > t->top[r]) {
        float factor = t->top[r] == -INFINITY ? 0 : expf(t->top[r] - top);
        for (int d = 0; d < t->s->head_size; d++) t->out[(size_t)r * (size_t)t->s->head_size + (size_t)d] *= factor;
        t->sum[r] *= factor;
        t->top[r] = top;
    }
    for (int i = 0; i < n; i += JP_LANES) {
        jp_vector weight = jp_vector_exp(jp_vector_load(scores + i) - t->top[r]);
        jp_vector_store(scores + i, weight);
        total += weight;
    }
    t->sum[r] += jp_vector_sum(total);
}

/* Keys [first, last), which lie within one chunk of whole blocks. */
static void add_chunk(const tile *t, int first, int last, bool causal) {
    int    from = first / WIDE * WIDE, n = (last - from + WIDE - 1) / WIDE * WIDE, head = t->s->head_size;
    for (int block = 0; block < n; block += WIDE) {
        const float *keys = t->keys + (size_t)(from + block) * (size_t)head;
        for (int r = 0; r < t->rows; r += ROWS)
            product(t->q + (size_t)(r * head), (size_t)head, keys, WIDE * WIDE, head / WIDE, t->scores + r * CHUNK + block, CHUNK, false);
    }
    if (first > from || last < from + n || (causal && last > t->cell + 1)) hide(t, from, n, first, last, causal);
    for (int r = 0; r < t->rows; r++) soften(t, r, n);
    const float *values = t->values + (size_t)from * (size_t)head;
    for (int d = 0; d < head; d += WIDE)
        for (int r = 0; r < t->rows; r += ROWS)
            product(t->scores + r * CHUNK, CHUNK, values + d * WIDE, (size_t)(head * WIDE), n / WIDE, t->out + r * head + d, (size_t)head, true);
}

static void add_range(const tile *t, int first, int last, bool causal) {
    for (int at = first; at < last;) {
        int end = at / WIDE * WIDE + CHUNK;
        if (end > last) end = last;
        add_chunk(t, at, end, causal);
        at = end;
    }
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int tile_queries(const jp_attend_shape *s) {
    int n = TILE_ROWS / (s->n_head / s->n_head_kv);
    return n > 0 ? n : 1;
}

static int tile_rows(const jp_attend_shape *s) {
    int rows = tile_queries(s) * (s->n_head / s->n_head_kv);
    return (rows + ROWS - 1) / ROWS * ROWS;
}

int jp_attend_tiles(const jp_attend_shape *s, const jp_attend_run *run) {
    int queries = tile_queries(s);
    return (run->count + queries - 1) / queries * s->n_head_kv;
}

size_t jp_attend_scratch(const jp_attend_shape *s) { return (size_t)tile_rows(s) * (size_t)(2 * s->head_size + CHUNK + 2); }

void jp_attend_tile(const jp_attend_shape *s, const jp_attend_run *run, int index, const jp_cells *cells, const float *q, const float *scale,
                    const float *keys, const float *values, float *out, float *scratch) {
    int    group = s->n_head / s->n_head_kv, kv = index % s->n_head_kv, skipped = index / s->n_head_kv * tile_queries(s);
    int    first = run->query + skipped, left = run->count - skipped, queries = left < tile_queries(s) ? left : tile_queries(s);
    size_t head = (size_t)s->head_size, width = (size_t)s->n_head * head, per_kv = (size_t)s->n_cells * head;
    int    all = tile_rows(s);
    tile   t = {s, keys + (size_t)kv * per_kv, values + (size_t)kv * per_kv, (queries * group + ROWS - 1) / ROWS * ROWS, group, run->cell + skipped,
                scratch, scratch + (size_t)all * head, scratch + (size_t)all * (head + CHUNK), NULL, NULL};
    t.top = t.out + (size_t)all * head;
    t.sum = t.top + all;
    memset(t.out, 0, (size_t)t.rows * head * sizeof *t.out);
    for (int r = 0; r < t.rows; r++) {
        int          i = r / group < queries ? r / group : queries - 1; /* rows that fill up the tile repeat its last query */
        const float *from = q + (size_t)(first + i) * width + (size_t)(kv * group + r % group) * head;
        for (size_t d = 0; d < head; d++) t.q[(size_t)r * head + d] = from[d] * scale[first + i];
        t.top[r] = -INFINITY;
        t.sum[r] = 0;
    }
    for (int i = 0; i < run->n_before; i++) add_range(&t, cells[run->before + i].first, cells[run->before + i].last, false);
    add_range(&t, run->own, t.cell + queries, true);
    for (int r = 0; r < queries * group; r++) {
        float *to = out + (size_t)(first + r / group) * width + (size_t)(kv * group + r % group) * head, share = 1 / t.sum[r];
        for (size_t d = 0; d < head; d++) to[d] = t.out[(size_t)r * head + d] * share;
    }
}

void jp_attend_store(const jp_attend_shape *s, const float *k, const float *v, int cell, float *keys, float *values) {
    size_t head = (size_t)s->head_size, block = (size_t)(cell / WIDE), lane = (size_t)(cell % WIDE);
    for (size_t kv = 0; kv < (size_t)s->n_head_kv; kv++) {
        size_t at = (kv * (size_t)s->n_cells + block * WIDE) * head;
        for (size_t d = 0; d < head; d++) keys[at + d * WIDE + lane] = k[kv * head + d];
        for (size_t d = 0; d < head; d += WIDE) memcpy(values + at + d * WIDE + lane * WIDE, v + kv * head + d, WIDE * sizeof *values);
    }
}
