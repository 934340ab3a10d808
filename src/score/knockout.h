/* Knockouts of masks (attention knockout, Geva et al. 2023): the prompt stays as it was computed up to a tail; the tail
 * and the response are computed again, and cannot attend to what a mask hides before it. So a mask costs tail and
 * response instead of everything from its first unit on. What the prompt between mask and tail has taken up of the
 * hidden units stays in it: a guide to the drop of hiding them, not the drop itself. */
#ifndef JP_KNOCKOUT_H
#define JP_KNOCKOUT_H

#include "score/scorer.h"

typedef struct {
    const int32_t **row_tail; /* owned, [n], as all below: of a jopa_knockout_request */
    int            *n_row_tail;
    const int     **hidden;
    int            *n_hidden;
    int32_t        *symbols; /* what row_tail points into */
    int            *ranges;  /* what hidden points into */
} jp_knockout;

/* The rows of `n` masks, masks[index[i]]. The tail begins at the token `tail` > 0. The token before the tail is always
 * attended to; a mask's units in the tail are hidden as the problem's operator does it. JP_OK or JOPA_ERROR_MEMORY;
 * free with jp_knockout_free. */
int  jp_knockout_build(jp_knockout *k, const jp_problem *problem, int tail, const jp_bitset *masks, const int *index,
                       int n, jopa_error *e);
void jp_knockout_free(jp_knockout *k);

#endif
