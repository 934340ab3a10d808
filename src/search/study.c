#include "search/study.h"

#include <math.h>
#include <stdlib.h>

void jp_stability_free(jp_stability *s) {
    free(s->frequency);
    free(s->drops);
    *s = (jp_stability){0};
}

/* One run, added to `out`. */
static int repeat_once(jp_stability *out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                       const jp_method *method, int k, uint64_t seed, jopa_error *e) {
    int          n = problem->prompt->n_units;
    jp_scorer   *scorer = NULL;
    jp_selection found;
    int          status = jp_selection_init(&found, n, e);
    if (!status) status = jp_scorer_new(&scorer, engine, problem, limits, e);
    if (!status)
        status = method->run(&(jp_task){.scorer = scorer, .n = n, .k = k, .budget = limits->budget, .seed = seed},
                             &found, e);
    int stopped = status;
    if (status == JP_STOP) jp_scorer_relimit(scorer, &(jp_limits){.k = limits->k});
    if (status <= 0) status = jp_scorer_drops(scorer, &found.selected, 1, &out->drops[out->runs], e);
    if (status <= 0) {
        for (int i = jp_bitset_next(&found.selected, 0); i >= 0; i = jp_bitset_next(&found.selected, i + 1))
            out->frequency[i]++;
        out->runs++;
    }
    if (scorer) {
        jp_cost cost;
        jp_scorer_cost(scorer, &cost);
        out->evaluations += cost.evaluations;
    }
    bool only_budget = scorer && stopped == JP_STOP && jp_scorer_stopped(scorer) == JP_RUNNING && limits->budget > 0;
    jp_scorer_free(scorer);
    jp_selection_free(&found);
    return status > 0 ? status : stopped == JP_STOP && !only_budget ? JP_STOP : JP_OK;
}

int jp_study_repeat(jp_stability *out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                    const jp_method *method, int k, uint64_t first_seed, int runs, jopa_error *e) {
    int          n = problem->prompt->n_units, status = JP_OK;
    double       square = 0;
    jp_stability s = {.frequency = calloc((size_t)n, sizeof(double)),
                      .drops = calloc((size_t)(runs > 0 ? runs : 1), sizeof(double))};
    if (!s.frequency || !s.drops) status = jp_fail_memory(e);
    for (int i = 0; i < runs && !status; i++)
        status = repeat_once(&s, engine, problem, limits, method, k, first_seed + (uint64_t)i, e);
    if (status > 0) {
        jp_stability_free(&s);
        return status;
    }
    for (int i = 0; i < n && s.runs; i++) s.frequency[i] /= s.runs;
    for (int i = 0; i < s.runs; i++) s.mean += s.drops[i] / s.runs;
    for (int i = 0; i < s.runs; i++) square += (s.drops[i] - s.mean) * (s.drops[i] - s.mean);
    s.deviation = s.runs > 1 ? sqrt(square / (s.runs - 1)) : NAN;
    *out = s;
    return status;
}

int jp_study_operators(double *drops, jp_engine *engine, const jp_problem *problem, const jp_bitset *set,
                       const jp_operator *ops, int n_ops, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < n_ops && !status; i++) {
        jp_problem other = *problem;
        jp_scorer *scorer = NULL;
        other.op = ops[i];
        status = jp_scorer_new(&scorer, engine, &other, &(jp_limits){.k = set->n}, e);
        if (!status) status = jp_scorer_drops(scorer, set, 1, &drops[i], e);
        jp_scorer_free(scorer);
    }
    return status;
}

/* The member whose return leaves the largest drop, into *unit and *drop. */
static int cheapest(jp_scorer *s, const jp_bitset *set, int *unit, double *drop, jopa_error *e) {
    int        count = jp_bitset_count(set), at = 0, status = JP_OK;
    jp_bitset *sets = jp_bitset_array_new(count, set->n);
    double    *drops = malloc((size_t)(count > 0 ? count : 1) * sizeof *drops);
    int       *units = malloc((size_t)(count > 0 ? count : 1) * sizeof *units);
    if (!sets || !drops || !units) status = jp_fail_memory(e);
    for (int i = jp_bitset_next(set, 0); i >= 0 && !status; i = jp_bitset_next(set, i + 1)) {
        jp_bitset_copy(&sets[at], set);
        jp_bitset_remove(&sets[at], i);
        units[at++] = i;
    }
    if (!status) status = jp_scorer_drops(s, sets, count, drops, e);
    for (int i = 0, best = 0; i < count && !status; i++) {
        if (drops[i] >= drops[best]) best = i;
        *unit = units[best];
        *drop = drops[best];
    }
    jp_bitset_array_free(sets);
    free(drops);
    free(units);
    return status;
}

int jp_study_shrink(jp_scorer *s, jp_bitset *set, double wanted, jopa_error *e) {
    double drop = NAN;
    int    unit = 0, status = jp_scorer_drops(s, set, 1, &drop, e);
    while (!status && drop >= wanted && jp_bitset_count(set) > 1) {
        status = cheapest(s, set, &unit, &drop, e);
        if (!status && drop >= wanted) jp_bitset_remove(set, unit);
    }
    return status;
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
