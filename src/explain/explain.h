/* One method on one problem: what jopa_explain, jopa_compare and the benchmark are made of. */
#ifndef JP_EXPLAIN_H
#define JP_EXPLAIN_H

#include "explain/problem.h"
#include "method/method.h"
#include "result/result.h"

/* JOPA_ERROR_USAGE for an unknown name, JOPA_ERROR_UNSUPPORTED when the method needs more than the capabilities `can`.
 */
int jp_explain_find_method(const jp_method **out, const char *name, unsigned can, jopa_error *e);

/* Run the method and measure what it found. `x` is zeroed before and jp_explanation_free'd by the caller in any case.
 * `joint`: also measure what the set means, at the price of some k * k / 2 evaluations that its cost does not count.
 * *interrupted is set when the progress callback of `o` ended the search. */
int jp_explain_run(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                   const jopa_explain_options *o, bool joint, bool *interrupted, jopa_error *e);

/* What every run needs: a prompt, sensible numbers, known metrics. JOPA_ERROR_USAGE. */
int jp_explain_check(const jopa_explain_options *o, jopa_error *e);
/* "done", "budget", "time", "interrupted": jp_explanation.stopped. */
const char *jp_stop_word(jp_stop_reason reason);

#endif
