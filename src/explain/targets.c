#include "explain/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explain/matrix.h"
#include "method/jopa.h"
#include "search/joint.h"
#include "search/study.h"

/* Of what the first target's search may cost: all others together, and one of them at most. */
static const double OTHERS = 0.75, OTHER_MOST = 0.5;
enum { OTHER_LEAST = 12 /* evaluations of one of them at least */ };

static double share_of_one(int n) { return fmin(OTHER_MOST, OTHERS / (n - 1)); }

int jp_targets_first_budget(const jp_method *method, int budget, int n) {
    if (n < 2 || budget < 1 || !method->learns) return budget;
    return (int)fmax(1, budget / (1 + (n - 1) * share_of_one(n)));
}

double jp_targets_first_seconds(double seconds, int n) {
    return n < 2 ? seconds : seconds / (1 + (n - 1) * share_of_one(n));
}

/* One target's search. */
typedef struct {
    const jp_target *target;
    jp_problem       problem; /* the scorer's */
    jp_scorer       *scorer;  /* owned, but for the first's */
    jp_selection     found;
    double           drop;
} searched;

typedef struct {
    const jp_run *run;
    searched     *all; /* [n] */
    int           n;
    double        ends; /* when the time is over; 0: never */
} series;

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* Evaluations that one of the others may make. */
static int other_budget(const series *m, const jp_task *task) {
    const jp_method *method = m->run->method;
    bool             steps = m->run->question->min_drop > 0; /* they cost twice as much: search/study.h */
    int              first = jp_targets_first_budget(method, m->run->budget, m->n);
    if (!method->learns || !method->default_budget) return m->run->budget;
    if (!first) first = (steps ? 2 : 1) * method->default_budget(task);
    return (int)fmax(share_of_one(m->n) * first, m->run->budget ? 1 : OTHER_LEAST);
}

/* An equal part of the time that is left. */
static double seconds_left(const series *m, int i) {
    double left = m->ends - jp_seconds();
    return m->ends > 0 ? fmax(left / (m->n - i), 1e-3) : 0;
}

/* ---- searches ---------------------------------------------------------------------------------------------------- */

static int search_other(const series *m, searched *o, jopa_error *e) {
    const jp_run      *run = m->run;
    const jp_question *q = run->question;
    jp_task            task = {.scorer = o->scorer, .n = run->problem->prompt.n_units, .k = run->problem->k};
    jp_levels_report   levels = {0};
    bool               by_levels = run->problem->levels.n && jp_levels_apply(run->method->name);
    task.seed = q->seed;
    task.budget = by_levels ? run->budget : other_budget(m, &task);
    task.known = run->method->learns && !by_levels;
    if (q->min_drop > 0) return jp_study_smallest(&task, run->method, q->min_drop, &o->found, e);
    if (!by_levels) return run->method->run(&task, &o->found, e);
    int status = jp_levels_run(&task, run->method->name, &run->problem->levels, &o->found, &levels, e);
    jp_levels_report_free(&levels);
    return status;
}

static int open_scorer(const series *m, searched *o, int i, jopa_error *e) {
    const jp_run *run = m->run;
    jp_limits     limits = {.budget = run->budget, .seconds = seconds_left(m, i), .k = run->problem->k};
    limits.progress = jp_watch_scores;
    limits.user = run->watch;
    o->problem = run->problem->problem;
    o->problem.target_first = o->target->first;
    o->problem.target_last = o->target->last;
    int status = jp_scorer_stored(&o->scorer, run->watch->model->engine, &o->problem, &limits, run->store, e);
    return !status && run->method->learns ? jp_scorer_recall(o->scorer, e) : status;
}

/* What was found for an earlier target of the same tokens. */
static const searched *find_same(const series *m, int i) {
    for (int j = 0; j < i; j++)
        if (m->all[j].target->first == m->all[i].target->first && m->all[j].target->last == m->all[i].target->last)
            return &m->all[j];
    return NULL;
}

/* Stopped by the user before: what is known already. */
static int search_target(const series *m, int i, jopa_error *e) {
    jp_watch       *w = m->run->watch;
    searched       *o = &m->all[i];
    const searched *same = find_same(m, i);
    int             status = open_scorer(m, o, i, e);
    if (status) return status;
    if (same) {
        jp_bitset_copy(&o->found.selected, &same->found.selected);
        return JP_OK;
    }
    w->scorer = o->scorer;
    if (w->stopped || jp_watch_stage(w, JP_STAGE_SEARCHING, m->run->method->name))
        jp_scorer_stop(o->scorer, JP_STOP_USER);
    else status = search_other(m, o, e);
    w->scorer = NULL;
    return status > 0 ? status : JP_OK;
}

/* ---- what each search found for the others ----------------------------------------------------------------------- */

static double drop_of_found(const searched *o) {
    double drop = NAN;
    bool   some = jp_bitset_count(&o->found.selected) > 0;
    return some && jp_scorer_known(o->scorer, &o->found.selected, &drop) ? drop : (double)-INFINITY;
}

/* Of the whole budget, evaluations that are left for one target; 0: no limit, -1: none. */
static int64_t budget_left(const series *m, const searched *o) {
    int64_t left = m->run->budget;
    for (int i = 0; i < m->n && left; i++) left -= jp_scorer_spent(m->all[i].scorer);
    return m->run->budget ? (left > 0 ? jp_scorer_spent(o->scorer) + left : -1) : 0;
}

/* The best known set, without what adds nothing. */
static int settle_target(const series *m, searched *o, jopa_error *e) {
    double    best = NAN;
    int       status = jp_scorer_recall(o->scorer, e);
    jp_limits limits = {.k = m->run->problem->k, .progress = jp_watch_scores, .user = m->run->watch};
    bool      whole = jp_scorer_stopped(o->scorer) == JP_RUNNING;
    if (status || !jp_scorer_best(o->scorer, NULL, &best) || !(best > drop_of_found(o))) return status;
    jp_scorer_best(o->scorer, &o->found.selected, NULL);
    limits.budget = (int)budget_left(m, o);
    if (!whole || limits.budget < 0) return JP_OK;
    jp_scorer_relimit(o->scorer, &limits);
    status = jp_joint_prune(o->scorer, &o->found.selected, JP_JOPA_RETURN_COST, e);
    return status > 0 ? status : JP_OK;
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

static int fill_searched(jp_explanation *x, const series *m, searched *o, jopa_error *e) {
    int        width = o->target->last - o->target->first;
    jp_bitset *masks = jp_bitset_array_new(2, o->found.selected.n);
    float     *log_probs = malloc(2 * (size_t)width * sizeof *log_probs);
    jp_cost    cost;
    int        status = masks && log_probs ? JP_OK : jp_fail_memory(e);
    jp_scorer_cost(o->scorer, &cost);
    if (!status) jp_bitset_copy(&masks[1], &o->found.selected);
    jp_stop_reason stopped = jp_scorer_stopped(o->scorer);
    jp_scorer_relimit(o->scorer, &(jp_limits){.k = o->found.selected.n});
    if (!status) status = jp_scorer_log_probs(o->scorer, masks, 2, log_probs, e);
    jp_scorer_stop(o->scorer, stopped);
    if (!status)
        status = jp_targets_add(x, m->run->problem, o->target, log_probs, log_probs + width, &o->found.selected, e);
    if (!status) {
        jp_result_target *t = &x->targets[x->n_targets - 1];
        t->evaluations = cost.evaluations;
        t->decoded_tokens = cost.decoded_tokens;
        t->stopped = strdup(jp_stop_word(stopped));
        status = t->stopped ? JP_OK : jp_fail_memory(e);
    }
    jp_bitset_array_free(masks);
    free(log_probs);
    return status;
}

/* The first's answer and bill are the run's. */
static void end_series(series *m, jp_selection *found) {
    for (int i = 1; i < m->n; i++) {
        jp_cost        cost = {0};
        jp_stop_reason reason = JP_RUNNING;
        if (m->all[i].scorer) {
            jp_scorer_cost(m->all[i].scorer, &cost);
            reason = jp_scorer_stopped(m->all[i].scorer);
        }
        jp_scorer_charge(m->all[0].scorer, &cost);
        if (reason == JP_STOP_TIME || reason == JP_STOP_USER) jp_scorer_stop(m->all[0].scorer, reason);
        jp_scorer_free(m->all[i].scorer);
        jp_selection_free(&m->all[i].found);
    }
    *found = m->all[0].found;
}

int jp_targets_run(jp_explanation *x, const jp_run *run, jp_scorer *s, jp_selection *found, jopa_error *e) {
    const jp_explain_problem *p = run->problem;
    series                    m = {.run = run, .n = p->n_targets};
    double                    seconds = jp_matrix_search_seconds(run->question);
    m.all = calloc((size_t)m.n, sizeof *m.all);
    m.ends = seconds > 0 ? jp_seconds() - jp_scorer_seconds(s) + seconds : 0;
    int status = m.all ? jp_targets_begin(x, m.n, e) : jp_fail_memory(e);
    if (!m.all) return status;
    m.all[0] = (searched){.target = &p->targets[0], .scorer = s, .found = *found};
    for (int i = 1; i < m.n && !status; i++) {
        m.all[i].target = &p->targets[i];
        status = jp_selection_init(&m.all[i].found, p->prompt.n_units, e);
        if (!status) status = search_target(&m, i, e);
    }
    bool shared = run->method->learns && !(run->question->min_drop > 0);
    for (int i = 0; i < m.n && !status && shared; i++) status = settle_target(&m, &m.all[i], e);
    for (int i = 0; i < m.n && !status; i++) status = fill_searched(x, &m, &m.all[i], e);
    end_series(&m, found);
    free(m.all);
    return status;
}
