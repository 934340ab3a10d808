#include "explain/run.h"

#include <stdlib.h>
#include <string.h>

#include "engine/capability.h"
#include "explain/fill.h"
#include "explain/matrix.h"
#include "explain/measure.h"
#include "explain/targets.h"
#include "explain/trust.h"
#include "search/study.h"

enum { JOINT_AFTER_LEVELS = 4 };

const char *jp_stop_word(jp_stop_reason reason) {
    static const char *const words[] = {
        [JP_RUNNING] = "done", [JP_STOP_BUDGET] = "budget", [JP_STOP_TIME] = "time", [JP_STOP_USER] = "interrupted"};
    return words[reason];
}

int jp_run_possible(const jp_method *method, const jopa_model *m, jopa_error *e) {
    char     lacks[128];
    unsigned missing = method->needs & ~m->engine->ops->capabilities(m->engine);
    if (!missing) return JP_OK;
    jp_capability_words(missing, lacks, sizeof lacks);
    return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                   "the method %s needs what the engine '%s' does not offer for this model: %s", method->name,
                   m->engine->ops->name, lacks);
}

/* By levels where the problem has them and the method can. */
static int search_levels(const jp_run *run, const jp_task *task, jp_selection *found, jp_explanation *x,
                         jopa_error *e) {
    const jp_level_kinds *kinds = &run->problem->levels;
    jp_levels_report      levels = {0};
    if (!kinds->n || !jp_levels_apply(run->method->name)) return run->method->run(task, found, e);
    int status = jp_levels_run(task, run->method->name, kinds, found, &levels, e);
    int filled = status <= 0 ? jp_fill_levels(x, &levels, e) : JP_OK;
    jp_levels_report_free(&levels);
    return filled ? filled : status;
}

static int search_method(const jp_run *run, jp_scorer *s, jp_selection *found, jp_explanation *x, jopa_error *e) {
    const jp_question *q = run->question;
    const jp_prompt   *prompt = &run->problem->prompt;
    jp_task            task = {.scorer = s, .n = prompt->n_units, .k = run->problem->k};
    task.budget = jp_targets_first_budget(run->method, run->budget, run->problem->n_targets);
    task.seed = q->seed;
    run->watch->scorer = s;
    run->watch->prompt = prompt;
    if (jp_watch_stage(run->watch, JP_STAGE_SEARCHING, run->method->name)) jp_scorer_stop(s, JP_STOP_USER);
    int status = q->min_drop > 0 ? jp_study_smallest(&task, run->method, q->min_drop, found, e)
                                 : search_levels(run, &task, found, x, e);
    run->watch->scorer = NULL;
    return status;
}

/* After a search by levels, which costs a few dozen evaluations, an analysis of a large set would cost far more. */
static bool joint_is_cheap(const jp_explanation *x) { return !x->n_levels || x->n_selected <= JOINT_AFTER_LEVELS; }

/* What the set means, how far it can be trusted, and the metrics, until the caller stops that. */
static int study_set(const jp_run *run, jp_explanation *x, jp_scorer *s, const jp_selection *found,
                     const jp_limits *limits, jopa_error *e) {
    jp_watch                 *w = run->watch;
    const jp_explain_problem *p = run->problem;
    int                       status = JP_OK;
    jp_scorer_relimit(s, &(jp_limits){.k = p->prompt.n_units, .progress = jp_watch_scores, .user = w});
    if (run->joint && joint_is_cheap(x) && !jp_watch_stage(w, JP_STAGE_ANALYSING, run->method->name))
        status = jp_fill_joint(x, s, &found->selected, e);
    if (!status && run->joint && !w->stopped)
        status = jp_trust_fill(x, s, w, p, run->method, &found->selected, limits, run->question, e);
    if (!status && !w->stopped)
        status = jp_explain_measure(x, s, w, p, &found->selected, run->method->ranks ? found->score : NULL,
                                    run->question, e);
    return status;
}

static int fill_run(const jp_run *run, jp_explanation *x, jp_scorer *s, const jp_selection *found,
                    const jp_limits *limits, jopa_error *e) {
    jp_cost cost;
    jp_scorer_cost(s, &cost);
    x->stopped = strdup(jp_stop_word(jp_scorer_stopped(s)));
    int status = x->stopped ? JP_OK : jp_fail_memory(e);
    jp_scorer_relimit(s, &(jp_limits){.k = run->problem->prompt.n_units});
    if (!status) status = jp_fill_answer(x, s, run->problem, found, &cost, e);
    if (!status && run->question->matrix && !run->watch->stopped) status = jp_matrix_fill(x, run, s, e);
    if (status == JP_STOP) status = JP_OK; /* the watch knows */
    if (!status && !run->watch->stopped) status = study_set(run, x, s, found, limits, e);
    return jp_explain_stopped(x, run->watch, status, e);
}

static int new_scorer(jp_scorer **out, const jp_run *run, const jp_limits *limits, jopa_error *e) {
    jp_engine        *engine = run->watch->model->engine;
    const jp_problem *p = &run->problem->problem;
    return run->store ? jp_scorer_stored(out, engine, p, limits, run->store, e)
                      : jp_scorer_new(out, engine, p, limits, e);
}

static int run_targets(const jp_run *run, jp_explanation *x, jopa_error *e) {
    const jp_question        *q = run->question;
    const jp_explain_problem *p = run->problem;
    jp_limits limits = {.seconds = q->seconds, .k = p->k, .progress = jp_watch_scores, .user = run->watch};
    limits.budget = jp_targets_first_budget(run->method, run->budget, p->n_targets);
    limits.seconds = jp_targets_first_seconds(jp_matrix_search_seconds(q), p->n_targets);
    jp_scorer   *s = NULL;
    jp_selection found = {0};
    int          status = jp_fill_question(x, run->watch->model, p, q, run->method->name, e);
    if (!status) status = jp_selection_init(&found, p->prompt.n_units, e);
    if (!status) status = new_scorer(&s, run, &limits, e);
    if (!status) status = search_method(run, s, &found, x, e);
    if (status <= 0 && s && p->n_targets > 1) status = jp_targets_run(x, run, s, &found, e);
    if (!status || status == JP_STOP) status = fill_run(run, x, s, &found, &limits, e);
    jp_selection_free(&found);
    jp_scorer_free(s);
    return status;
}

int jp_run_method(jp_explanation *x, const jp_run *run, jopa_error *e) {
    const jp_explain_problem *p = run->problem;
    jp_run                    several = *run;
    jp_store                 *own = NULL;
    bool                      needs = p->n_targets > 1 || run->question->matrix;
    if (!needs || run->store) return run_targets(run, x, e);
    int status = jp_store_new(&own, p->prompt.n_units, p->n_response, e);
    several.store = own;
    if (!status) status = run_targets(&several, x, e);
    jp_store_free(own);
    return status;
}
