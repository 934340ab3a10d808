/* Several targets in one run: each has a search of its own, which begins with every set that was scored for the others.
 * Rows are scored for all response tokens, so that the drop of any span under any set is known. docs/targets.md has
 * what was measured. */
#ifndef JP_EXPLAIN_TARGETS_H
#define JP_EXPLAIN_TARGETS_H

#include "explain/run.h"

/* What the first of `n` targets may cost of a budget for all of them; methods that do not learn from other searches
 * have all of it each. */
int jp_targets_first_budget(const jp_method *method, int budget, int n);
/* The same of seconds. */
double jp_targets_first_seconds(double seconds, int n);

/* The run's further targets, after the first was searched by `s`, whose answer is *found and whose bill gets all that
 * this costs; s is on run->store. Where sets that were scored for others are better, they become the answer, *found
 * too. Fills x->targets. After a stop the others' answers are the best known sets. */
int jp_targets_run(jp_explanation *x, const jp_run *run, jp_scorer *s, jp_selection *found, jopa_error *e);

/* One of x->targets, at its end: x->n_targets grows. log_probs of the target's tokens, with nothing and with the set
 * hidden. */
int jp_targets_add(jp_explanation *x, const jp_explain_problem *p, const jp_target *target, const float *log_probs,
                   const float *masked, const jp_bitset *set, jopa_error *e);
/* Room for them. */
int jp_targets_begin(jp_explanation *x, int n, jopa_error *e);

#endif
