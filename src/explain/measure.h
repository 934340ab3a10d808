/* What the model writes with a set hidden, and the metrics that compare it. */
#ifndef JP_EXPLAIN_MEASURE_H
#define JP_EXPLAIN_MEASURE_H

#include "explain/problem.h"
#include "result/result.h"

/* The text that the model writes with `mask` (NULL: nothing) hidden, of at most `max_tokens` tokens: *out is malloc'd,
 * valid UTF-8. JOPA_ERROR_INTERRUPTED when the caller stops it. */
int jp_explain_write(char **out, jp_watch *w, const jp_explain_problem *p, const jp_bitset *mask, int max_tokens,
                     jopa_error *e);

/* The metrics of the question, of `selected`, into x->metrics. x->masked_response is written first where a metric wants
 * it and it is not there yet. `score`: of each unit where the method ranks them, otherwise NULL. */
int jp_explain_measure(jp_explanation *x, jp_scorer *s, jp_watch *w, const jp_explain_problem *p,
                       const jp_bitset *selected, const double *score, const jp_question *q, jopa_error *e);

/* After something that the caller may have stopped: what there is, is the result, and x->stopped says so. Returns
 * `status`, or JP_OK for a stop. */
int jp_explain_stopped(jp_explanation *x, const jp_watch *w, int status, jopa_error *e);

#endif
