/* What the model wrote before the target, as evidence: it joins the prompt, and its units may be hidden. */
#ifndef JP_BEFORE_H
#define JP_BEFORE_H

#include "explain/problem.h"

/* For a problem whose response and targets are there: where the question's roles name the response's thinking, or the
 * response, move that part of it behind the prompt. p->before tells how many bytes. JOPA_ERROR_INPUT when nothing is
 * left to be the target. */
int jp_explain_before(jp_explain_problem *p, jp_engine *engine, const jp_question *q, jopa_error *e);

#endif
