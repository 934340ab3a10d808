/* Attention of a tree of rows over cells of keys and values: what a token sees is a list of ranges of cells, computed
 * in tiles that never touch a key that none of their queries sees. */
#ifndef JP_ATTEND_H
#define JP_ATTEND_H

#include <stddef.h>

enum { JP_KEY_BLOCK = 16 }; /* keys are stored transposed in blocks of so many cells */

/* Cells [first, last). */
typedef struct { int first, last; } jp_cells;

typedef struct {
    int n_head, n_head_kv, head_size; /* head_size: a multiple of 16 */
    int n_cells;                      /* a multiple of JP_KEY_BLOCK */
} jp_attend_shape;

/* Queries [query, query + count), whose own cells are cell, cell + 1, ...: each sees the cells of entries [before,
 * before + n_before) of a list, and from `own` on those up to its own. */
typedef struct {
    int query, count;
    int cell, own;
    int before, n_before;
} jp_attend_run;

/* Numbers of one layer's keys, and of its values. */
static inline size_t jp_attend_size(const jp_attend_shape *s) { return (size_t)s->n_head_kv * (size_t)s->n_cells * (size_t)s->head_size; }

/* Put a token's k and v [n_head_kv * head_size] into `cell`. In blocks of 16 cells, keys: [n_head_kv][block][head_size]
 * [cell], values: [n_head_kv][block][head_size / 16][cell][16]. All have to be finite numbers from the start. */
void jp_attend_store(const jp_attend_shape *s, const float *k, const float *v, int cell, float *keys, float *values);
/* How many tiles a run has, and floats of scratch space that a tile needs. */
int    jp_attend_tiles(const jp_attend_shape *s, const jp_attend_run *run);
size_t jp_attend_scratch(const jp_attend_shape *s);

/* One tile of a run: the heads of one key-value head, some queries; `cells` is the list that the run refers to.
 * out[query][head] = sum over keys of softmax(scale[query] q[query][head] . key) value, both [n][n_head * head_size]. */
void jp_attend_tile(const jp_attend_shape *s, const jp_attend_run *run, int tile, const jp_cells *cells, const float *q, const float *scale, const float *keys,
                    const float *values, float *out, float *scratch);

#endif
