/* The largest set of units whose removal costs little, or the cheapest set of a given size. */
#ifndef JP_SHORTEN_H
#define JP_SHORTEN_H

#include "method/method.h"

typedef struct {
    jp_scorer *scorer;
    const int *weight;  /* [n] tokens of each unit, at least 1 */
    int        want;    /* tokens to take out at least; 0: as many as `allowed` permits */
    double     allowed; /* with want 0: drop at most */
    int        budget;  /* evaluations for the search, 0: its own default */
    uint64_t   seed;
} jp_shorten_task;

/* found->selected: what to take out, never everything; found->score: the drop of each unit taken out alone.
 * Backward elimination in chunks, each chunk chosen by drops measured around what is already out, then sweeps of
 * exchanges: what putting each unit back gains, what taking each other one out costs, and the best exchanges together.
 * JP_OK, JP_STOP (a limit: the best so far) or an error. */
int jp_shorten(const jp_shorten_task *task, jp_selection *found, jopa_error *e);

/* The same goal by a fixed order: units by ascending order[n] until enough is out, or while the drop is allowed (the
 * longest such run of the order that a bisection finds). */
int jp_shorten_in_order(const jp_shorten_task *task, const double *order, jp_bitset *out, jopa_error *e);

#endif
