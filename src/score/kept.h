/* Prompts that the engine keeps from batch to batch, so that later rows need not decode what they begin with: the
 * unmasked prompt for good, in row 0, and those scored last as far as there is room, the one unused for longest making
 * way. */
#ifndef JP_KEPT_H
#define JP_KEPT_H

#include "score/plan.h"

typedef struct {
    int      capacity, room; /* rows, and distinct symbols, at most */
    int      width;          /* symbols of a row at most */
    int      n, distinct;    /* so many are kept, with so many distinct symbols: of shared prefixes one counts */
    int32_t *symbols;        /* [capacity * width] */
    int     *size;           /* [capacity], 0: free */
    int64_t *used;           /* [capacity] when last */
    int     *order;          /* [n] kept rows, sorted by their symbols */
    int     *victims;        /* [capacity] scratch: jp_batch.forget */
    int     *places;         /* [n rows of a batch] scratch: jp_batch.keep */
    int      n_victims, n_places;
    int64_t  clock;
} jp_kept;

/* JP_OK or JOPA_ERROR_MEMORY. `capacity` may be 0: then nothing is ever known. */
int  jp_kept_init(jp_kept *k, const jp_engine_room *room, int width, jopa_error *e);
void jp_kept_free(jp_kept *k);

/* row->known and row->kept: the longest beginning that a kept row has in common with the row's prompt, but for the
 * prompt's last symbol, which has to be decoded for the first output. */
void jp_kept_match(const jp_kept *k, jp_row *row);

/* Which of the matched rows of a batch are kept from now on, in k->places[row_of[i]] (-1: not), and which kept ones
 * make way, k->victims[n_victims]. The first of all gets place 0 for good. `row_of` as in jp_plan. */
int jp_kept_take(jp_kept *k, const jp_row *rows, const int *row_of, int n, jopa_error *e);

#endif
