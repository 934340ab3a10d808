/* Copies what a run found into the plain result. */
#ifndef JP_EXPLAIN_FILL_H
#define JP_EXPLAIN_FILL_H

#include "explain/problem.h"
#include "levels/levels.h"
#include "result/result.h"

/* What the run was asked: names, model, prompt, response, units. */
int jp_fill_question(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_question *q,
                     const char *method, jopa_error *e);
/* What it found: the selection with its log-probabilities (which this evaluates), trace and cost. */
int jp_fill_answer(jp_explanation *x, jp_scorer *s, const jp_explain_problem *p, const jp_selection *found,
                   const jp_cost *cost, jopa_error *e);
/* The score and its drop, of response tokens that are filled; the other answer's log-probabilities, with nothing and
 * with the set hidden, fill its tokens. */
void jp_fill_score(jp_explanation *x, const float *other, const float *masked);
/* A set that nobody searched for. */
int jp_fill_set(jp_explanation *x, const jp_explain_problem *p, const jp_bitset *set, jopa_error *e);
/* No answer, and why. */
int jp_fill_nothing(jp_explanation *x, const char *why, jopa_error *e);
/* What each level did. */
int jp_fill_levels(jp_explanation *x, const jp_levels_report *levels, jopa_error *e);
/* What the set means (method/joint.h), from evaluations of its own, which are not part of the method's cost. */
int jp_fill_joint(jp_explanation *x, jp_scorer *s, const jp_bitset *selected, jopa_error *e);

#endif
