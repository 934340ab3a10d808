/* How far a found set can be trusted: the same search from other seeds, the same set under other operators, the
 * smallest set that does nearly as much. */
#ifndef JP_STUDY_H
#define JP_STUDY_H

#include "search/near.h"
#include "search/task.h"

typedef struct {
    int            runs;
    double        *frequency;       /* [n] owned: the share of the runs that selected the unit */
    double        *drops;           /* [runs] owned: of the selected sets */
    int64_t        evaluations;     /* of all runs, also of one that was cut off */
    double         mean, deviation; /* of the drops; deviation NAN for one run */
    jp_stop_reason stopped;         /* with JP_STOP: what cut the runs off, the user or the time */
} jp_stability;

/* Run `method` with the seeds first_seed, first_seed + 1, ..., each with a scorer and a bill of its own: the budget is
 * each run's, the seconds are of all together. JP_STOP: the user or the time cut a run off; it does not count, and no
 * other begins. `near` (or NULL) is handed all that they score. In any case but an error the caller frees *out. */
int  jp_study_repeat(jp_stability *out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                     const jp_method *method, int k, uint64_t first_seed, int runs, jp_near *near, jopa_error *e);
void jp_stability_free(jp_stability *s); /* frees the members; safe on a zeroed struct */

/* The 95 % interval of a share that was seen in `runs` runs: the score interval of Wilson, "Probable inference, the law
 * of succession, and statistical inference", Journal of the American Statistical Association 22 (1927). */
void jp_share_interval(double share, int runs, double *low, double *high);

/* drops[i] = the set's drop under ops[i]: two evaluations each. Of the limits only the progress callback counts.
 * JP_STOP: it stopped them, and what is unknown is NAN. */
int jp_study_operators(double *drops, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_bitset *set, const jp_operator *ops, int n_ops, jopa_error *e);

/* The smallest set found whose drop is at least `share` of the largest drop seen: that of hiding all units, or of any
 * set of at most task->k units. `method` runs for 1, 2, 4, ... units, up to task->k, each time from the best set so far
 * on, until its set is large enough; then the set is made as small as possible. A method that ranks all units runs
 * once. When no set of task->k units is large enough, the best one is the result. task->budget bounds all of it, and
 * the steps have equal parts of it. With 0 they have equal parts of twice what the method takes for task->k units, and
 * shrinking has the limit of search/eliminate.h. JP_STOP: a limit was reached; the selection is what was got to: the
 * best set of the steps, or all units where they may be hidden and nothing else was scored. The scorer's limit k is
 * left as it was. */
int jp_study_smallest(const jp_task *task, const jp_method *method, double share, jp_selection *found, jopa_error *e);

/* Make `set` as small as backward elimination can while its drop stays at least `wanted`.
 * JP_STOP: a limit was reached; the set is what was got to. A set that is below that from the start is left as it is.
 */
int jp_study_shrink(jp_scorer *s, jp_bitset *set, double wanted, jopa_error *e);

#endif
