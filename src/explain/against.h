/* Contrast: another answer that the target is scored against, "why this and not that" (Yin and Neubig 2022). The score
 * is log p(target) - log p(other): what both share at the beginning cancels and is left out, what differs is summed. */
#ifndef JP_EXPLAIN_AGAINST_H
#define JP_EXPLAIN_AGAINST_H

#include "explain/problem.h"

/* The other answer of `q`, for a problem whose target is placed: it is the response up to the target, and then the text
 * `against` instead of it; or what the model would write second at the target's first token, which is then compared
 * with that token alone. The target becomes what differs. Without `against` nothing happens. JOPA_ERROR_USAGE: the two
 * are the same, or one begins with the other. JOPA_ERROR_UNSUPPORTED: the engine does not tell what comes second. */
int  jp_against_make(jp_explain_problem *p, const jp_question *q, jopa_error *e);
void jp_against_free(jp_explain_problem *p);

#endif
