/* The search behind jopa and its ablations: state, and the steps of a round. */
#ifndef JP_SEARCH_H
#define JP_SEARCH_H

#include "score/cache.h"
#include "search/surrogate.h"
#include "search/task.h"

typedef struct {
    const jp_task *task;
    int            n, k, budget; /* budget: what jp_search_spent may come to */
    jp_random      random;

    double *mean, *v;           /* [n] prior of the surrogate */
    double *probability;        /* [n] masking probabilities, sum k */
    double *single;             /* [n] drops of the units alone, NAN: not scored */
    double *odds, *gain, *keys; /* [n] scratch */
    int    *units;              /* [n] scratch */

    jp_surrogate *surrogate;
    jp_quadratic  belief; /* the posterior mean, or a draw */
    jp_bitset     incumbent;
    double        best;         /* its drop; -INFINITY: none yet */
    int           since_better; /* evaluations since it was found */

    jp_bitset *round; /* [batch] sets to be scored next */
    double    *drops; /* [batch] */
    int        batch, n_round;
    int        rounds; /* fits of the surrogate so far */
    jp_cache   taken;  /* where the scorer knows sets of earlier runs: those that this one knows */
} jp_search;

/* More than JP_SEARCH_UNITS units are refused (JOPA_ERROR_USAGE): the belief holds a number for each pair of them, in
 * 512 MiB for that many. All else takes about 10 MB and 3,000 bytes a unit. */
enum { JP_SEARCH_UNITS = 8192 };
int  jp_search_init(jp_search *s, const jp_task *task, int budget, jopa_error *e);
void jp_search_free(jp_search *s);

int jp_search_spent(const jp_search *s); /* jp_task_spent */
/* Room for another set in the round, the budget considered. */
bool jp_search_room(const jp_search *s);
/* Put the set into the round unless it is known, there already, empty, or there is no room. One that is known from an
 * earlier run with the same scorer is taken into account. */
bool jp_search_propose(jp_search *s, const jp_bitset *set);
/* Take into account a set whose drop is known; one that has none (NAN) is passed over. */
int jp_search_take(jp_search *s, const jp_bitset *set, double drop, jopa_error *e);
/* Score the round, remember it and empty it. JP_STOP: a limit was reached. */
int jp_search_score(jp_search *s, jopa_error *e);
/* Into the room that is left: the exchanges around the incumbent that the posterior mean thinks most of; `set` is
 * scratch. */
int jp_search_propose_neighbours(jp_search *s, jp_bitset *set, jopa_error *e);
/* A set of `size` units drawn without replacement with the odds of the masking probabilities. */
void jp_search_draw(jp_search *s, int size, jp_bitset *set);
/* The mean of the masking probabilities moves to sum k, each within [floor, 1 - floor]. */
void jp_search_normalise(jp_search *s);

#endif
