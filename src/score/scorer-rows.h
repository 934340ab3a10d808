/* Rows through the engine: masks go in, log-probabilities of one answer or two come back, are checked, remembered and
 * charged. Only src/score/scorer*.c includes this. */
#ifndef JP_SCORER_ROWS_H
#define JP_SCORER_ROWS_H

#include "score/scorer-state.h"

/* One call of the engine: masks[index[i]] is its row i. */
typedef struct {
    jp_scorer       *s;
    const jp_bitset *masks;
    const int       *index; /* NULL: i */
    bool             drops; /* rows are drops to be remembered, and limits hold between batches */
    int              first, last, left;
    const int       *sizes;     /* [n] of the rows' prompts, or NULL: knockouts */
    float           *log_probs; /* [n * (last - first)] */
    float           *others;    /* [n * other_width] of the other answer */
    int              other_width;
    int              base, later; /* the engine's row 0 is this one; rows that other calls are for */
    int              status;
    jopa_error      *e;
    jp_engine_cost   seen;
    jopa_error       why; /* what went wrong in take_batch: the engine, told to stop, says that it was interrupted */
} jp_engine_run;

/* What the engine has to tell of each of `n` rows, and room for it: of all response tokens where they are stored. To be
 * let go of by jp_rows_free in any case. */
int  jp_rows_init(jp_engine_run *r, int n);
void jp_rows_free(jp_engine_run *r);

/* The rows of `n` masks, hidden by the operator; the same as knockouts; and prompts that are there, r->sizes. */
int jp_rows_masks(jp_engine_run *r, int n);
int jp_rows_knockouts(jp_engine_run *r, int n);
int jp_rows_prompts(jp_engine_run *r, const int32_t *const *prompts, int n, unsigned flags);

/* f of a row's or a stored set's log-probabilities, which begin with response token `first`. */
double jp_rows_score(const jp_scorer *s, const float *log_probs, int first, const float *others);
/* What the store has of a set, of both answers; false: it lacks one. */
bool jp_rows_stored(const jp_scorer *s, const jp_bitset *mask, const float **log_probs, const float **others);
int  jp_rows_store(jp_scorer *s, const jp_bitset *mask, const float *log_probs, const float *others, jopa_error *e);

#endif
