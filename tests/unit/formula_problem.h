/* A closed-form problem for tests: engine, prompt and scorer in one. */
#ifndef FORMULA_PROBLEM_H
#define FORMULA_PROBLEM_H

#include "formula.h"
#include "method/method.h"

typedef struct {
    jp_engine *engine;
    jp_prompt  prompt;
    jp_problem problem;
    jp_scorer *scorer;
    int32_t    response[3];
} formula_problem;

/* `n` units without effect: add effects to p->engine, then formula_problem_start. */
void formula_problem_open(formula_problem *p, int n);
void formula_problem_start(formula_problem *p, const jp_limits *limits);
void formula_problem_close(formula_problem *p);

/* Run a method by name from a fresh scorer; the caller frees selection->selected with formula_selection_free. */
int  formula_run(formula_problem *p, const char *method, int k, int budget, uint64_t seed, jp_selection *selection);
void formula_selection_free(jp_selection *selection);

/* The largest drop of any set of 1 to k units, by enumeration. */
double formula_best(const formula_problem *p, int k);

#endif
