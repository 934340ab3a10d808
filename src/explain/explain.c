#include "explain/explain.h"

#include <stdlib.h>
#include <string.h>

#include "explain/fill.h"
#include "explain/measure.h"

/* What is wrong with one method, on this model or for this prompt, and not with what all of them need. */
static bool is_of_method(int status) {
    return status == JOPA_ERROR_UNSUPPORTED || status == JOPA_ERROR_USAGE || status == JOPA_ERROR_INPUT;
}

/* A row of a comparison for a method that could not run. */
static int fill_failed(jp_explanation *x, const jp_run *run, const jopa_error *why, jopa_error *e) {
    int status = jp_fill_question(x, run->watch->model, run->problem, run->question, run->method->name, e);
    if (!status) status = jp_fill_nothing(x, why->message, e);
    return status;
}

static int run_possible(jp_explanation *x, const jp_run *run, jopa_error *e) {
    int status = jp_run_possible(run->method, run->watch->model, e);
    return status ? status : jp_run_method(x, run, e);
}

/* *why: what is wrong with the method, whose row says so then. */
static int run_one_of(jp_explanation *x, const jp_run *run, jopa_error *why, jopa_error *e) {
    int status = run_possible(x, run, why);
    if (!status) return JP_OK;
    if (!is_of_method(status)) return jp_fail(e, status, "%s", why->message);
    jp_explanation_free(x);
    *x = (jp_explanation){0};
    return fill_failed(x, run, why, e);
}

/* With nothing but rows that say why there is none, the comparison says it. */
static int check_any_ran(const jopa_result *r, int done, const jopa_error *why, jopa_error *e) {
    for (int i = 0; i < done; i++)
        if (!r->items[i].failed) return JP_OK;
    return jp_fail(e, why->code, "%s", why->message);
}

static int run_methods(jopa_result *r, jp_watch *w, const jp_question *q, const jp_explain_problem *p, jp_store *store,
                       jopa_error *e) {
    jopa_error first = {0};
    bool       alone = q->n_methods == 1;
    int        status = JP_OK, done = 0;
    for (; done < q->n_methods && !status && !w->stopped; done++) {
        jp_run     run = {.watch = w,
                          .question = q,
                          .problem = p,
                          .store = store,
                          .method = q->methods[done].method,
                          .budget = q->budget,
                          .joint = alone};
        jopa_error why = {0};
        status = alone ? run_possible(r->items + done, &run, e) : run_one_of(r->items + done, &run, &why, e);
        if (!done) first = why;
    }
    if (status == JOPA_ERROR_INTERRUPTED && done > 1) { /* before that method had begun: the finished ones are there */
        jp_explanation_free(r->items + --done);
        r->items[done] = (jp_explanation){0};
        status = jp_explain_stopped(r->items + done - 1, w, JP_OK, e);
    }
    if (!status && done) status = check_any_ran(r, done, &first, e);
    for (int i = done; i < r->n_items; i++) jp_explanation_free(r->items + i);
    r->n_items = done; /* what was not begun is not in the result */
    return status;
}

int jp_explain_problem_by(jopa_result **out, jp_watch *w, const jp_question *q, const jp_explain_problem *p,
                          jp_store *store, jopa_error *e) {
    jopa_result *r = jp_result_new(q->command_name, q->n_methods);
    int          status = r ? run_methods(r, w, q, p, store, e) : jp_fail_memory(e);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}

int jp_explain(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e) {
    jp_watch           w;
    jp_explain_problem p;
    jp_watch_begin(&w, m, q);
    int status = q->n_methods == 1 ? jp_run_possible(q->methods[0].method, m, e) : JP_OK;
    if (!status) status = jp_explain_problem_init(&p, &w, q, e);
    if (status) return status;
    status = jp_explain_problem_by(out, &w, q, &p, NULL, e);
    jp_explain_problem_free(&p);
    return status;
}
