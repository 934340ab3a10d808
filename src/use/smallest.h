/* The smallest set of units that is enough: whose hiding lowers the response's log-probability by a given amount, or
 * passes a test of the caller. Forward selection gives a set, members that are not needed are taken out again, and the
 * method "jopa" looks for a smaller one until it finds none. (Sets that are enough: Carter et al. 2019, "What made you
 * do this?", with joint search instead of backward selection.) */
#ifndef JP_SMALLEST_H
#define JP_SMALLEST_H

#include "method/method.h"

typedef struct {
    jp_scorer *scorer;
    double     enough; /* drop that is enough */
    /* NULL, or what decides instead of `enough`: *yes whether hiding `set` is enough. JP_OK, JP_STOP or an error. */
    int (*suffices)(void *user, const jp_bitset *set, bool *yes, jopa_error *e);
    void *user;
    bool  leave_one; /* of several units one at least stays: without its prompt a model writes something else anyway */
    uint64_t seed;
} jp_smallest_task;

/* found->selected: the set; found->score: the drop of each unit alone. *reached: whether the set is enough; if not, it
 * is a small one with nearly the largest drop that was seen. The searches for a smaller set may cost 12 evaluations a
 * unit in all, or 512 where that is more; the scorer's limit k is changed. JP_OK, JP_STOP (a limit: the best so far) or
 * an error. */
int jp_smallest_set(const jp_smallest_task *task, jp_selection *found, bool *reached, jopa_error *e);

#endif
