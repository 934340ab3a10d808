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
                       const jp_method *method, int k, uint64_t seed, jopa_error *e) {
    jp_scorer   *s = NULL;
    jp_selection found;
    jp_cost      cost = {0};
    int          status = jp_selection_init(&found, problem->prompt->n_units, e);
    if (!status) status = begin_scorer(&s, engine, problem, limits, e);
    if (!status) status = run_to_the_end(s, method, k, seed, &found, &out->drops[out->runs], e);
    if (!status) count_run(out, &found.selected);
    if (s) jp_scorer_cost(s, &cost);
    if (s || status == JP_STOP) out->stopped = s ? jp_scorer_stopped(s) : JP_STOP_USER;
    out->evaluations += cost.evaluations;
    jp_scorer_free(s);
    jp_selection_free(&found);
    return status;
}

/* As long as there is time for them all together. */
static int repeat_runs(jp_stability *s, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_method *method, int k, uint64_t first_seed, int runs, jopa_error *e) {
    double    started = jp_seconds();
    jp_limits left = *limits;
    for (int i = 0; i < runs; i++) {
        if (limits->seconds > 0 && (left.seconds = limits->seconds - (jp_seconds() - started)) <= 0) {
            s->stopped = JP_STOP_TIME;
            return JP_STOP;
        }
        int status = repeat_once(s, engine, problem, &left, method, k, first_seed + (uint64_t)i, e);
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
                    const jp_method *method, int k, uint64_t first_seed, int runs, jopa_error *e) {
    int          n = problem->prompt->n_units;
    jp_stability s = {.frequency = calloc((size_t)n, sizeof(double)),
                      .drops = calloc((size_t)(runs > 0 ? runs : 1), sizeof(double))};
    int          status = s.frequency && s.drops ? JP_OK : jp_fail_memory(e);
    if (!status) status = repeat_runs(&s, engine, problem, limits, method, k, first_seed, runs, e);
    if (status > 0) {
        jp_stability_free(&s);
        return status;
    }
    average(&s, n);
    *out = s;
    return status;
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
    return jp_eliminate(&(jp_elimination){.scorer = s, .passes = keeps_wanted, .user = &wanted}, set, e);
}

/* One run for sets of at most `k` units; *best gets the largest drop of those seen so far. */
static int run_for(const jp_task *task, const jp_method *method, int k, jp_selection *found, double *best,
                   jopa_error *e) {
    jp_task one = *task;
    one.k = k;
    jp_scorer_limit_size(task->scorer, k);
    jp_bitset_clear(&found->selected);
    int    status = method->run(&one, found, e), at_last = JP_OK;
    double drop = NAN;
    if (status == JP_STOP) jp_scorer_best(task->scorer, &found->selected, &drop);
    else if (!status && jp_bitset_count(&found->selected))
        at_last = jp_scorer_drops(task->scorer, &found->selected, 1, &drop, e);
    if (!isnan(drop) && drop > *best) *best = drop;
    return status ? status : at_last;
}

/* The drop of hiding everything. */
static int drop_of_all(jp_scorer *s, int n, double *drop, jopa_error *e) {
    jp_bitset all;
    if (jp_bitset_init(&all, n)) return jp_fail_memory(e);
    for (int i = 0; i < n; i++) jp_bitset_add(&all, i);
    int status = jp_scorer_drops(s, &all, 1, drop, e);
    jp_bitset_free(&all);
    return status;
}

int jp_study_smallest(const jp_task *task, const jp_method *method, double share, jp_selection *found, jopa_error *e) {
    double largest = NAN, best = -INFINITY;
    int    status = drop_of_all(task->scorer, task->n, &largest, e);
    for (int k = 1; !status; k = 2 * k < task->k ? 2 * k : task->k) {
        status = run_for(task, method, k, found, &best, e);
        largest = fmax(largest, best);
        if (k == task->k || best >= share * largest) break;
    }
    jp_scorer_limit_size(task->scorer, task->k);
    return status ? status : jp_study_shrink(task->scorer, &found->selected, share * largest, e);
}
