/* One method on one problem: what jopa_explain, jopa_compare and the benchmark are made of. */
#ifndef JP_RUN_H
#define JP_RUN_H

#include "explain/problem.h"
#include "method/method.h"
#include "result/result.h"

typedef struct {
    jp_watch                 *watch;
    const jp_question        *question;
    const jp_explain_problem *problem;
    jp_store                 *store; /* of sets that are known, or NULL */
    const jp_method          *method;
    int                       budget; /* evaluations at most, 0: the method's own */
    bool joint; /* also tell what the set means, at the price of some k * k / 2 evaluations that its cost does not
                 * count, and how far it can be trusted */
} jp_run;

/* Run the method and measure what it found. `x` is zeroed before and jp_explanation_free'd by the caller in any case.
 * What was stopped by the caller is the best so far, and x->stopped says so. */
int jp_run_method(jp_explanation *x, const jp_run *run, jopa_error *e);

/* JOPA_ERROR_UNSUPPORTED when the method needs more than the model's engine offers. */
int jp_run_possible(const jp_method *method, const jopa_model *m, jopa_error *e);

/* "done", "budget", "time", "interrupted": jp_explanation.stopped. */
const char *jp_stop_word(jp_stop_reason reason);

#endif
