/* How far the found set can be trusted: other seeds, other operators. */
#ifndef JP_EXPLAIN_TRUST_H
#define JP_EXPLAIN_TRUST_H

#include "explain/problem.h"
#include "method/method.h"
#include "result/result.h"

/* JOPA_ERROR_USAGE when the options of trust make no sense; checked before anything is computed. */
int jp_trust_check(const jopa_explain_options *o, jopa_error *e);
/* Fill x->stability (o->repeat runs) and x->operators (o->operators) for the set that was found. Limits end these runs
 * too: what was got to is there. */
int jp_trust_fill(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                  const jp_bitset *selected, const jp_limits *limits, const jopa_explain_options *o, jopa_error *e);

#endif
