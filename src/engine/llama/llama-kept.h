/* Prompts that the local engine keeps from batch to batch, so that later rows need not decode what they begin with: the
 * whole prompt in place 0 until another takes it, and those scored last as far as there is room, the one unused for
 * longest making way. Place p is the sequence p of the key-value cache; to keep a row or to begin with one is to mark
 * cells as another sequence's too: nothing is computed or moved. */
#ifndef JP_LLAMA_KEPT_H
#define JP_LLAMA_KEPT_H

#include <llama.h>

#include "engine/llama/llama-plan.h"

typedef struct {
    llama_memory_t memory;         /* the cache, or NULL (in tests): only the list is kept */
    int            capacity, room; /* rows, and distinct symbols, at most */
    int            width;          /* symbols of a row at most */
    int            n, distinct;    /* so many are kept, with so many distinct symbols: of shared prefixes one counts */
    int32_t       *symbols;        /* [capacity * width] */
    int           *size;           /* [capacity], 0: free */
    int64_t       *used;           /* [capacity] when last */
    int           *order;          /* [n] kept rows, sorted by their symbols */
    int64_t        clock;
} jp_kept;

/* JP_OK or JOPA_ERROR_MEMORY. `capacity` may be 0: then nothing is ever known. */
int  jp_kept_init(jp_kept *k, llama_memory_t memory, int capacity, int room, int width, jopa_error *e);
void jp_kept_free(jp_kept *k);

/* row->known and row->kept: the longest beginning that a kept row has in common with the row's prompt, but for the
 * prompt's last symbol, which has to be decoded for the first output. */
void jp_kept_match(const jp_kept *k, jp_row *row);

/* Whether place 0 holds that prompt. */
bool jp_kept_is_whole(const jp_kept *k, const int32_t *symbols, int n);

/* A batch has been decoded, of matched rows in the plan's order, row_of as in jp_plan; distinct row i is the sequence
 * sequences[i]. Which of them are kept from now on is decided here. With `whole` the first goes to place 0. */
void jp_kept_take(jp_kept *k, const jp_row *rows, const int *row_of, int n, const int32_t *sequences, bool whole);

/* Forget all rows, and empty the cache. */
void jp_kept_forget(jp_kept *k);

#endif
