#include "explain/trust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/study.h"

/* ---- other seeds ------------------------------------------------------------------------------------------------ */

static int fill_stability(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                          const jp_limits *limits, int runs, jopa_error *e) {
    jp_stability s;
    int          status = jp_study_repeat(&s, m->engine, &p->problem, limits, method, p->k, 1, runs, e);
    if (status > 0) return status;
    x->stability.present = s.runs > 0;
    x->stability.runs = s.runs;
    x->stability.mean = s.mean;
    x->stability.deviation = s.deviation;
    x->stability.evaluations = s.evaluations;
    x->stability.frequency = s.frequency;
    x->stability.n_frequency = p->prompt.n_units;
    s.frequency = NULL; /* the explanation's now */
    jp_stability_free(&s);
    return JP_OK;
}

/* ---- other operators -------------------------------------------------------------------------------------------- */

/* An interruption leaves those that were measured before it. */
static int fill_operators(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_bitset *selected,
                          const jp_limits *limits, const jp_question *q, jopa_error *e) {
    jp_operator ops[JP_MOST_OPERATORS];
    double      drops[JP_MOST_OPERATORS];
    int         status = JP_OK, n = q->n_operators;
    x->operators = calloc((size_t)n, sizeof *x->operators);
    if (!x->operators) return jp_fail_memory(e);
    for (int i = 0; i < n && !status; i++) {
        status = jp_explain_operator(&ops[i], m->engine, &q->operators[i], e);
        x->operators[x->n_operators].drop = NAN;
        x->operators[x->n_operators++].name = strdup(q->operators[i].name);
        if (!status && !x->operators[i].name) status = jp_fail_memory(e);
    }
    if (!status) status = jp_study_operators(drops, m->engine, &p->problem, limits, selected, ops, n, e);
    for (int i = 0; i < n && status <= 0; i++) x->operators[i].drop = drops[i];
    while (status == JP_STOP && x->n_operators && isnan(x->operators[x->n_operators - 1].drop))
        free(x->operators[--x->n_operators].name);
    return status > 0 ? status : JP_OK;
}

int jp_trust_fill(jp_explanation *x, jp_watch *w, const jp_explain_problem *p, const jp_method *method,
                  const jp_bitset *selected, const jp_limits *limits, const jp_question *q, jopa_error *e) {
    int status = JP_OK;
    if (q->repeat > 0 && !jp_watch_stage(w, JP_STAGE_REPEATING, method->name))
        status = fill_stability(x, w->model, p, method, limits, q->repeat, e);
    if (!status && q->n_operators && !w->stopped) status = fill_operators(x, w->model, p, selected, limits, q, e);
    return status;
}
