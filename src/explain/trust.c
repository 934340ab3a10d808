#include "explain/trust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/study.h"

/* What is as good as the best, and how many such sets are named. */
static const double NEAR_SHARE = 0.02;
enum { NEAR_LISTED = 10 };

/* ---- other seeds ------------------------------------------------------------------------------------------------ */

/* The intervals of the frequencies. */
static int fill_intervals(jp_explanation *x, jopa_error *e) {
    int     n = x->stability.n_frequency;
    double *low = x->stability.low = malloc(((size_t)n + 1) * sizeof *low);
    double *high = x->stability.high = malloc(((size_t)n + 1) * sizeof *high);
    if (!low || !high) return jp_fail_memory(e);
    for (int u = 0; u < n; u++) jp_share_interval(x->stability.frequency[u], x->stability.runs, &low[u], &high[u]);
    x->stability.n_low = x->stability.n_high = n;
    return JP_OK;
}

static int add_near_set(jp_explanation *x, const jp_near_set *from, jopa_error *e) {
    jp_result_set *to = &x->stability.near.sets[x->stability.near.n_sets++];
    *to = (jp_result_set){.units = malloc(((size_t)from->set.n + 1) * sizeof *to->units), .drop = from->drop};
    if (!to->units) return jp_fail_memory(e);
    to->n_units = jp_bitset_members(&from->set, to->units);
    return JP_OK;
}

/* The other sets that come near the best drop. */
static int fill_near(jp_explanation *x, const jp_near *near, const jp_bitset *selected, jopa_error *e) {
    jp_near_set *list = NULL;
    int          n = 0, status = jp_near_list(near, selected, &list, &n, e);
    if (status || !(near->best > 0)) {
        jp_near_list_free(list, n);
        return status;
    }
    x->stability.near.present = true;
    x->stability.near.unique = !n;
    x->stability.near.within = near->share;
    x->stability.near.best = near->best;
    x->stability.near.others = n;
    x->stability.near.sets = calloc((size_t)n + 1, sizeof *x->stability.near.sets);
    if (!x->stability.near.sets) status = jp_fail_memory(e);
    for (int i = 0; i < n && i < NEAR_LISTED && !status; i++) status = add_near_set(x, &list[i], e);
    jp_near_list_free(list, n);
    return status;
}

/* Of the smallest set with a share of the drop, which is not the best, others of its kind are not told. */
static int fill_stability(jp_explanation *x, jp_scorer *scorer, const jp_explain_problem *p, const jp_method *method,
                          const jp_bitset *selected, const jp_limits *limits, const jp_question *q, jopa_error *e) {
    jp_stability s = {0};
    jp_near      near;
    jp_near_init(&near, p->prompt.n_units, p->k, NEAR_SHARE, isfinite(x->noise) ? x->noise : 0);
    int status = jp_near_add(&near, selected, x->log_prob.drop, e);
    if (!status) status = jp_near_take(&near, scorer, e);
    if (!status)
        status =
            jp_study_repeat(&s, jp_scorer_engine(scorer), &p->problem, limits, method, p->k, 1, q->repeat, &near, e);
    x->stability.present = status <= 0 && s.runs > 0;
    if (x->stability.present) {
        x->stability.runs = s.runs;
        x->stability.mean = s.mean;
        x->stability.deviation = s.deviation;
        x->stability.evaluations = s.evaluations;
        x->stability.frequency = s.frequency;
        x->stability.n_frequency = p->prompt.n_units;
        s.frequency = NULL; /* the explanation's now */
        status = fill_intervals(x, e);
        if (!status && !(q->min_drop > 0)) status = fill_near(x, &near, selected, e);
    }
    jp_stability_free(&s);
    jp_near_free(&near);
    return status > 0 ? status : JP_OK;
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

int jp_trust_fill(jp_explanation *x, jp_scorer *s, jp_watch *w, const jp_explain_problem *p, const jp_method *method,
                  const jp_bitset *selected, const jp_limits *limits, const jp_question *q, jopa_error *e) {
    int status = JP_OK;
    if (q->repeat > 0 && !jp_watch_stage(w, JP_STAGE_REPEATING, method->name))
        status = fill_stability(x, s, p, method, selected, limits, q, e);
    if (!status && q->n_operators && !w->stopped) status = fill_operators(x, w->model, p, selected, limits, q, e);
    return status;
}
