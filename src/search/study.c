#include "search/study.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "search/eliminate.h"

void jp_stability_free(jp_stability *s) {
    free(s->frequency);
    free(s->drops);
    *s = (jp_stability){0};
}

/* A scorer that is stopped before it begins is a run that was cut off. */
static int begin_scorer(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                        jopa_error *e) {
    int status = jp_scorer_new(out, engine, problem, limits, e);
    return status == JOPA_ERROR_INTERRUPTED ? JP_STOP : status;
}

/* Not the end of its own budget, which a run may come to: what a run that was cut off has is no answer. */
static bool is_cut_off(jp_stop_reason reason) { return reason == JP_STOP_USER || reason == JP_STOP_TIME; }

/* Search, then the drop of what was found, whatever is left of the budget. JP_STOP: cut off. */
static int run_to_the_end(jp_scorer *s, const jp_method *method, int k, uint64_t seed, jp_selection *found,
                          double *drop, jopa_error *e) {
    jp_limits limits = *jp_scorer_limits(s);
    jp_task   task = {.scorer = s, .n = jp_scorer_units(s), .k = k, .budget = limits.budget, .seed = seed};
    int       status = method->run(&task, found, e);
    if (status > 0 || is_cut_off(jp_scorer_stopped(s))) return status > 0 ? status : JP_STOP;
    limits.budget = 0;
    if (status == JP_STOP) jp_scorer_relimit(s, &limits);
    return jp_scorer_drops(s, &found->selected, 1, drop, e);
}

static void count_run(jp_stability *out, const jp_bitset *selected) {
    for (int i = jp_bitset_next(selected, 0); i >= 0; i = jp_bitset_next(selected, i + 1)) out->frequency[i]++;
    out->runs++;
}

/* One run, added to `out` unless it was cut off. */
static int repeat_once(jp_stability *out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_method *method, int k, uint64_t seed, jp_near *near, jopa_error *e) {
    jp_scorer   *s = NULL;
    jp_selection found;
    jp_cost      cost = {0};
    int          status = jp_selection_init(&found, problem->prompt->n_units, e);
    if (!status) status = begin_scorer(&s, engine, problem, limits, e);
    if (!status) status = run_to_the_end(s, method, k, seed, &found, &out->drops[out->runs], e);
    if (!status) count_run(out, &found.selected);
    if (s && near && status <= 0 && jp_near_take(near, s, e)) status = JOPA_ERROR_MEMORY;
    if (s) jp_scorer_cost(s, &cost);
    if (s || status == JP_STOP) out->stopped = s ? jp_scorer_stopped(s) : JP_STOP_USER;
    out->evaluations += cost.evaluations;
    jp_scorer_free(s);
    jp_selection_free(&found);
    return status;
}

/* As long as there is time for them all together. */
static int repeat_runs(jp_stability *s, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_method *method, int k, uint64_t first_seed, int runs, jp_near *near, jopa_error *e) {
    double    started = jp_seconds();
    jp_limits left = *limits;
    for (int i = 0; i < runs; i++) {
        if (limits->seconds > 0 && (left.seconds = limits->seconds - (jp_seconds() - started)) <= 0) {
            s->stopped = JP_STOP_TIME;
            return JP_STOP;
        }
        int status = repeat_once(s, engine, problem, &left, method, k, first_seed + (uint64_t)i, near, e);
        if (status) return status;
    }
    return JP_OK;
}

static void average(jp_stability *s, int n) {
    double square = 0;
    for (int i = 0; i < n && s->runs; i++) s->frequency[i] /= s->runs;
    for (int i = 0; i < s->runs; i++) s->mean += s->drops[i] / s->runs;
    for (int i = 0; i < s->runs; i++) square += (s->drops[i] - s->mean) * (s->drops[i] - s->mean);
    s->deviation = s->runs > 1 ? sqrt(square / (s->runs - 1)) : NAN;
}

int jp_study_repeat(jp_stability *out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                    const jp_method *method, int k, uint64_t first_seed, int runs, jp_near *near, jopa_error *e) {
    int          n = problem->prompt->n_units;
    jp_stability s = {.frequency = calloc((size_t)n, sizeof(double)),
                      .drops = calloc((size_t)(runs > 0 ? runs : 1), sizeof(double))};
    int          status = s.frequency && s.drops ? JP_OK : jp_fail_memory(e);
    if (!status) status = repeat_runs(&s, engine, problem, limits, method, k, first_seed, runs, near, e);
    if (status > 0) {
        jp_stability_free(&s);
        return status;
    }
    average(&s, n);
    *out = s;
    return status;
}

void jp_share_interval(double share, int runs, double *low, double *high) {
    const double z = 1.959963984540054, n = runs; /* the normal distribution's 97.5 % quantile */
    double       middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double       half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *low = share > 0 ? fmax(0, middle - half) : 0; /* but for rounding, it is 0 there */
    *high = share < 1 ? fmin(1, middle + half) : 1;
}

int jp_study_operators(double *drops, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_bitset *set, const jp_operator *ops, int n_ops, jopa_error *e) {
    jp_limits own = {.k = set->n, .progress = limits->progress, .user = limits->user};
    int       status = JP_OK;
    for (int i = 0; i < n_ops; i++) drops[i] = NAN;
    for (int i = 0; i < n_ops && !status; i++) {
        jp_problem other = *problem;
        jp_scorer *scorer = NULL;
        other.op = ops[i];
        status = begin_scorer(&scorer, engine, &other, &own, e);
        if (!status) status = jp_scorer_drops(scorer, set, 1, &drops[i], e);
        jp_scorer_free(scorer);
    }
    return status;
}

/* ---- the smallest set that does nearly as much ------------------------------------------------------------------- */

static int keeps_wanted(void *user, const jp_bitset *set, double before, double after, bool *yes, jopa_error *e) {
    (void)set, (void)before, (void)e;
    *yes = after >= *(const double *)user;
    return JP_OK;
}

int jp_study_shrink(jp_scorer *s, jp_bitset *set, double wanted, jopa_error *e) {
    double drop = NAN;
    int    status = jp_scorer_drops(s, set, 1, &drop, e);
    if (status || !(drop >= wanted)) return status;
    jp_elimination how = {.scorer = s, .passes = keeps_wanted, .user = &wanted};
    int            budget = jp_scorer_limits(s)->budget, left = budget - jp_task_spent(&(jp_task){.scorer = s});
    if (budget > 0 && left < jp_eliminate_limit(&how)) how.limit = left > 1 ? left : 1; /* passes get further */
    return jp_eliminate(&how, set, e);
}

typedef struct {
    const jp_task   *task;
    const jp_method *method;
    jp_selection    *found;
    double           share, largest; /* largest: drop seen */
    jp_bitset        best;       /* of the steps so far, that with the largest drop; all units before there is one */
    double           best_drop;  /* NAN: none yet */
    int              from, pool; /* bill when it began, and evaluations for all steps; pool 0: not divided */
} smallest;

/* A step's set. */
static void note_step(smallest *s, const jp_bitset *set, double drop) {
    if (isnan(drop) || s->best_drop >= drop) return;
    jp_bitset_copy(&s->best, set);
    s->best_drop = drop;
    s->largest = fmax(s->largest, drop);
}

static bool is_enough(const smallest *s) { return s->best_drop >= s->share * s->largest; }

static int next_size(const smallest *s, int k) { return 2 * k < s->task->k ? 2 * k : s->task->k; }

/* An equal part of what is left for the steps from k on; where the user bounds the whole, shrinking gets one too. All
 * units alone are worth half of it: later steps know them for nothing. */
static int step_budget(const smallest *s, int k) {
    int parts = s->task->budget > 0 ? 2 : 1, left = s->pool - jp_task_spent(s->task) + s->from;
    if (!s->pool) return s->task->budget;
    if (k == 1 && s->task->n + 1 <= left / 2) return s->task->n + 1;
    for (; k < s->task->k; k = next_size(s, k)) parts++;
    return left > parts ? left / parts : 1;
}

/* The method for sets of at most k units, from the best set of the steps before on. */
static int run_step(smallest *s, int k, jopa_error *e) {
    jp_task task = *s->task;
    double  drop = NAN;
    task.k = k;
    task.budget = step_budget(s, k);
    task.spent += jp_task_spent(s->task);
    task.start = &s->best;
    task.n_start = !isnan(s->best_drop);
    jp_bitset_clear(&s->found->selected);
    int status = s->method->run(&task, s->found, e);
    if (status > 0) return status;
    bool known = jp_bitset_count(&s->found->selected) && jp_scorer_known(task.scorer, &s->found->selected, &drop);
    if (!known && status) jp_scorer_best(task.scorer, &s->found->selected, &drop);
    if (!known && !status) status = jp_scorer_drops(task.scorer, &s->found->selected, 1, &drop, e);
    if (jp_bitset_count(&s->found->selected)) note_step(s, &s->found->selected, drop);
    return status;
}

/* A method whose scores rank all units gives the sets of all sizes at once. */
static int rank_once(smallest *s, jopa_error *e) {
    jp_task task = *s->task;
    task.budget = task.budget > 1 ? (task.budget + 1) / 2 : task.budget;
    jp_scorer_limit_size(task.scorer, task.k);
    return s->method->run(&task, s->found, e);
}

static int take_ranked(smallest *s, int k, jopa_error *e) {
    double drop = NAN;
    jp_select_top(s->found->score, s->task->n, k, &s->found->selected);
    int status = jp_scorer_drops(s->task->scorer, &s->found->selected, 1, &drop, e);
    if (status <= 0 && jp_bitset_count(&s->found->selected)) note_step(s, &s->found->selected, drop);
    return status;
}

static void hide_all(jp_bitset *set, int n) {
    for (int i = 0; i < n; i++) jp_bitset_add(set, i);
}

/* Where no step's set is enough but all units may be hidden, these are, and shrinking begins there. */
static int run_steps(smallest *s, jopa_error *e) {
    int status = s->method->ranks ? rank_once(s, e) : JP_OK;
    for (int k = 1; !status; k = next_size(s, k)) {
        jp_scorer_limit_size(s->task->scorer, k);
        status = s->method->ranks ? take_ranked(s, k, e) : run_step(s, k, e);
        if (k == s->task->k || is_enough(s)) break;
    }
    if (!status && !is_enough(s) && s->task->k == s->task->n) hide_all(&s->best, s->task->n);
    return status;
}

/* The drop of hiding everything. */
static int drop_of_all(smallest *s, jopa_error *e) {
    hide_all(&s->best, s->task->n);
    return jp_scorer_drops(s->task->scorer, &s->best, 1, &s->largest, e);
}

/* Steps of their own budget: all of the user's, or STEPS_COST times what the method takes for the largest sets. */
static void divide_budget(smallest *s) {
    enum { STEPS_COST = 2 };
    s->from = s->task->budget > 0 ? 0 : jp_task_spent(s->task);
    if (s->method->default_budget)
        s->pool = s->task->budget > 0 ? s->task->budget : STEPS_COST * s->method->default_budget(s->task);
}

int jp_study_smallest(const jp_task *task, const jp_method *method, double share, jp_selection *found, jopa_error *e) {
    smallest s = {.task = task, .method = method, .found = found, .share = share, .largest = NAN, .best_drop = NAN};
    if (jp_bitset_init(&s.best, task->n)) return jp_fail_memory(e);
    jp_scorer_limit_size(task->scorer, 1); /* not all units, which are scored first, are to be the best set */
    int status = drop_of_all(&s, e);
    divide_budget(&s);
    if (!status) status = run_steps(&s, e);
    if (status <= 0 && (!isnan(s.best_drop) || task->k == task->n)) jp_bitset_copy(&found->selected, &s.best);
    jp_scorer_limit_size(task->scorer, task->k);
    if (!status) status = jp_study_shrink(task->scorer, &found->selected, share * s.largest, e);
    jp_bitset_free(&s.best);
    return status;
}
