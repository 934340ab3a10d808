/* What every search has in common: the task, what it selects, and the type of a method, so that the pieces of search/
 * can run one without knowing any. The methods themselves: method/. */
#ifndef JP_TASK_H
#define JP_TASK_H

#include "base/random.h"
#include "score/scorer.h"

typedef struct {
    jp_scorer *scorer;
    int        n;      /* units */
    int        k;      /* 1 <= k <= n */
    int        budget; /* evaluations that this run may make; 0: the method's own default */
    int        spent;  /* of what is on the scorer's bill, what earlier runs have spent: no part of the budget */
    uint64_t   seed;
    /* What is known already, for jopa; zeroed: nothing. */
    const double    *prior; /* [n] the drop that each unit is expected to have alone, or NULL */
    const jp_bitset *start; /* [n_start] sets of at most k units to begin with */
    int              n_start;
    bool             known; /* the sets that the scorer knows already, of other targets' searches, are begun with */
    bool             rough; /* the set need not be pruned */
} jp_task;

/* Filled by a method; arrays have n entries, owned by the caller, NAN = "this method gives none". */
typedef struct {
    jp_bitset selected;
    double   *score;       /* importance of each unit by this method */
    double   *probability; /* final masking probability */
} jp_selection;

typedef struct {
    const char *name;
    const char *summary;
    unsigned    needs;  /* JP_CAN_... beyond scoring */
    bool        ranks;  /* score[] ranks all units */
    bool        seeded; /* the result depends on the seed */
    bool        learns; /* it makes use of task->known */
    /* JP_OK, JP_STOP (a limit was reached; the selection holds the best so far) or an error. */
    int (*run)(const jp_task *task, jp_selection *selection, jopa_error *e);
    /* Evaluations where task->budget is 0, of methods that search as long as their budget lasts; NULL: it is none. */
    int (*default_budget)(const jp_task *task);
} jp_method;

/* An empty set and NAN for n units; free with jp_selection_free, also after a failure. */
int  jp_selection_init(jp_selection *s, int n, jopa_error *e);
void jp_selection_free(jp_selection *s);

/* Evaluations on the scorer's bill that the run has made, gradients by their price. */
int jp_task_spent(const jp_task *task);
/* Whether there are less than 1.5 evaluations for each unit, and nothing is known to begin with: then a search has to
 * learn from few sets, in small rounds, and one gradient is worth more than the evaluations that it costs. */
bool jp_task_is_short(const jp_task *task);

/* Shared by score methods: select the k units with the highest score (NAN never, ties by index). */
void jp_select_top(const double *score, int n, int k, jp_bitset *selected);
/* Drops of all n single units into out[n]; JP_STOP leaves NAN for what was not reached. */
int jp_single_drops(jp_scorer *s, double *out, jopa_error *e);

#endif
