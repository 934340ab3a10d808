/* How far the found set can be trusted: other seeds, other operators. */
#ifndef JP_EXPLAIN_TRUST_H
#define JP_EXPLAIN_TRUST_H

#include "explain/problem.h"
#include "method/method.h"
#include "result/result.h"

/* Fill x->stability (q->repeat runs) and x->operators (q->operators) for the set that was found, by `s`. Limits end
 * these runs too: what was got to is there. */
int jp_trust_fill(jp_explanation *x, jp_scorer *s, jp_watch *w, const jp_explain_problem *p, const jp_method *method,
                  const jp_bitset *selected, const jp_limits *limits, const jp_question *q, jopa_error *e);

#endif
