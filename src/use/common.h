/* What the commands that use explanations have in common. */
#ifndef JP_USE_COMMON_H
#define JP_USE_COMMON_H

#include "explain/problem.h"
#include "method/method.h"
#include "result/result.h"

/* The whole explanation of a finished search: question, answer, cost, command, why it stopped. The scorer's limits are
 * lifted. A set that is no method's choice has no trace, and its own size as k. */
int jp_use_fill(jp_explanation *x, jopa_model *m, jp_scorer *s, const jp_explain_problem *p, const jp_selection *found,
                const jp_question *q, const char *method, jopa_error *e);

#endif
