/* Studies of a search: other seeds, other operators, the smallest set that does nearly as much. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "formula_problem.h"
#include "search/eliminate.h"
#include "search/joint.h"
#include "search/study.h"

static void hold(jp_bitset *set, int n, const int *units, int count) {
    assert_int_equal(jp_bitset_init(set, n), JP_OK);
    for (int i = 0; i < count; i++) jp_bitset_add(set, units[i]);
}

static void repeats_count_units(void **state) {
    formula_problem p;
    jp_stability    s;
    (void)state;
    formula_problem_open(&p, 30);
    jp_formula_or(p.engine, 6, 4, 20, NULL);
    jp_formula_add(p.engine, 3, (int[]){11}, 1, NULL);
    jp_formula_add(p.engine, 1, (int[]){4}, 1, NULL);
    assert_int_equal(
        jp_study_repeat(&s, p.engine, &p.problem, &(jp_limits){.k = 3}, jp_method_find("jopa"), 3, 1, 5, NULL, NULL),
        JP_OK);
    assert_int_equal(s.runs, 5);
    assert_true(s.frequency[4] == 1 && s.frequency[20] == 1 && s.frequency[11] == 1 && s.frequency[0] == 0);
    assert_true(fabs(s.mean - 10) < 1e-5 && s.deviation < 1e-5);
    jp_stability_free(&s);
    formula_problem_close(&p);
}

static void operators_agree_on_a_formula(void **state) {
    const jp_operator ops[] = {{JP_OPERATOR_ZERO, 0}, {JP_OPERATOR_MEAN, 0}, {JP_OPERATOR_DELETE, 0}};
    formula_problem   p;
    jp_bitset         set;
    double            drops[3];
    (void)state;
    formula_problem_open(&p, 6);
    jp_formula_xor(p.engine, 2, 1, 3, NULL);
    hold(&set, 6, (int[]){3}, 1);
    assert_int_equal(jp_study_operators(drops, p.engine, &p.problem, &(jp_limits){0}, &set, ops, 3, NULL), JP_OK);
    for (int i = 0; i < 3; i++) assert_true(fabs(drops[i] - 2) < 1e-5);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

static void shrinking_keeps_a_share(void **state) {
    const double    weights[] = {5, 3, 1, 0.5, 0.25, 0};
    formula_problem p;
    jp_bitset       set;
    double          drop;
    (void)state;
    formula_problem_open(&p, 6);
    jp_formula_additive(p.engine, weights, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 5});
    hold(&set, 6, (int[]){0, 1, 2, 3, 4}, 5);
    assert_int_equal(jp_scorer_drops(p.scorer, &set, 1, &drop, NULL), JP_OK);
    assert_int_equal(jp_study_shrink(p.scorer, &set, 0.8 * 9.75, NULL), JP_OK); /* of 9.75: 5 + 3 = 8 is enough */
    assert_true(jp_bitset_count(&set) == 2 && jp_bitset_has(&set, 0) && jp_bitset_has(&set, 1));
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

/* 5 + 3 of 9.75 in all is less than 0.9 of it, 5 + 3 + 1 is more. */
static void the_smallest_set_is_found(void **state) {
    const double    weights[] = {0, 0, 5, 0.25, 0, 3, 0, 1, 0.5, 0, 0, 0};
    formula_problem p;
    jp_selection    found;
    (void)state;
    formula_problem_open(&p, 12);
    jp_formula_additive(p.engine, weights, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 12});
    assert_int_equal(jp_selection_init(&found, 12, NULL), JP_OK);
    jp_task task = {.scorer = p.scorer, .n = 12, .k = 12, .seed = 1};
    assert_int_equal(jp_study_smallest(&task, jp_method_find("jopa"), 0.9, &found, NULL), JP_OK);
    assert_int_equal(jp_bitset_count(&found.selected), 3);
    assert_true(jp_bitset_has(&found.selected, 2) && jp_bitset_has(&found.selected, 5) &&
                jp_bitset_has(&found.selected, 7));
    task.k = 1; /* too few: the best of those */
    assert_int_equal(jp_study_smallest(&task, jp_method_find("jopa"), 0.9, &found, NULL), JP_OK);
    assert_true(jp_bitset_count(&found.selected) == 1 && jp_bitset_has(&found.selected, 2));
    jp_selection_free(&found);
    formula_problem_close(&p);
}

/* ---- runs that are cut off -------------------------------------------------------------------------------------- */

typedef struct {
    int    calls, stop_at;
    double started, wait; /* each call takes so many seconds */
} watcher;

static int watch(void *user, int evaluations, int budget, double best) {
    watcher *w = user;
    (void)evaluations, (void)budget, (void)best;
    for (double from = jp_seconds(); jp_seconds() - from < w->wait;) {}
    return ++w->calls >= w->stop_at;
}

enum { RUNS = 1000, UNITS = 30, K = 3 };

static int repeat(jp_stability *s, watcher *w, const char *method, double seconds, int budget) {
    formula_problem p;
    formula_problem_open(&p, UNITS);
    jp_formula_random(p.engine, 0.3, 1, NULL);
    jp_limits limits = {.k = K, .budget = budget, .seconds = seconds, .progress = watch, .user = w};
    int status = jp_study_repeat(s, p.engine, &p.problem, &limits, jp_method_find(method), K, 1, RUNS, NULL, NULL);
    formula_problem_close(&p);
    return status;
}

static double selected_in_all(const jp_stability *s) {
    double sum = 0;
    for (int u = 0; u < UNITS; u++) sum += s->frequency[u] * s->runs;
    return sum;
}

/* Whenever the user stops, no further run begins, and the one that was cut off does not count. */
static void a_stop_ends_the_runs(void **state) {
    const char *const methods[] = {"random", "jopa", "greedy", "ablation"};
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (int stop_at = 1; stop_at <= 40; stop_at++) {
            watcher      w = {.stop_at = stop_at};
            jp_stability s;
            assert_int_equal(repeat(&s, &w, methods[m], 0, 50), JP_STOP);
            assert_int_equal(s.stopped, JP_STOP_USER);
            assert_int_equal(w.calls, stop_at);
            assert_true(s.runs < stop_at);
            assert_true(selected_in_all(&s) <= K * s.runs + 1e-9);
            jp_stability_free(&s);
        }
}

/* Their own budget ends runs and nothing else. */
static void a_budget_is_each_runs_own(void **state) {
    watcher      w = {.stop_at = INT32_MAX};
    jp_stability s;
    (void)state;
    assert_int_equal(repeat(&s, &w, "greedy", 0, 50), JP_OK);
    assert_int_equal(s.runs, RUNS);
    assert_int_equal(s.evaluations, 50 * RUNS);
    assert_true(selected_in_all(&s) >= RUNS - 1e-6); /* each of them counts */
    jp_stability_free(&s);
}

static void the_time_is_of_all_runs(void **state) {
    watcher      w = {.stop_at = INT32_MAX, .wait = 0.005};
    jp_stability s;
    double       from = jp_seconds();
    (void)state;
    assert_int_equal(repeat(&s, &w, "random", 0.05, 50), JP_STOP);
    assert_true(jp_seconds() - from < 2);
    assert_int_equal(s.stopped, JP_STOP_TIME);
    assert_in_range(s.runs, 0, 20);
    jp_stability_free(&s);
}

static void a_stop_ends_the_operators(void **state) {
    const jp_operator ops[] = {{JP_OPERATOR_ZERO, 0}, {JP_OPERATOR_MEAN, 0}, {JP_OPERATOR_DELETE, 0}};
    formula_problem   p;
    watcher           w = {.stop_at = 2};
    jp_bitset         set;
    double            drops[3];
    (void)state;
    formula_problem_open(&p, 6);
    jp_formula_add(p.engine, 2, (int[]){3}, 1, NULL);
    hold(&set, 6, (int[]){3}, 1);
    jp_limits limits = {.k = 1, .progress = watch, .user = &w};
    assert_int_equal(jp_study_operators(drops, p.engine, &p.problem, &limits, &set, ops, 3, NULL), JP_STOP);
    assert_true(fabs(drops[0] - 2) < 1e-5 && isnan(drops[1]) && isnan(drops[2]));
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

/* ---- what steps and pruning may cost ---------------------------------------------------------------------------- */

enum { MANY = 300 };

static int64_t evaluations_of(const jp_scorer *s) {
    jp_cost cost;
    jp_scorer_cost(s, &cost);
    return cost.evaluations;
}

typedef struct {
    formula_problem p;
    jp_bitset       set;
    double          drop;
    int64_t         cost;
    int             status;
} pruned;

/* All units of a problem with random effects, of which one in ten matters. */
static void prune_all(pruned *r, int n, uint64_t seed, double share, int budget) {
    jp_random random;
    formula_problem_open(&r->p, n);
    jp_random_seed(&random, seed);
    for (int u = 0; u < n; u++)
        jp_formula_add(r->p.engine, (jp_random_below(&random, 10) ? 1e-4 : 2) * jp_random_unit(&random), &u, 1, NULL);
    for (int i = 0; i < n / 20; i++) jp_formula_or(r->p.engine, 1, jp_random_below(&random, n / 2), n / 2 + i, NULL);
    formula_problem_start(&r->p, &(jp_limits){.k = n, .budget = budget});
    assert_int_equal(jp_bitset_init(&r->set, n), JP_OK);
    for (int u = 0; u < n; u++) jp_bitset_add(&r->set, u);
    r->status = share > 0 ? jp_joint_prune(r->p.scorer, &r->set, share, NULL)
                          : jp_study_shrink(r->p.scorer, &r->set, 0.9 * jp_formula_drop(r->p.engine, &r->set), NULL);
    r->drop = jp_formula_drop(r->p.engine, &r->set);
    r->cost = evaluations_of(r->p.scorer);
}

static void pruned_free(pruned *r) {
    jp_bitset_free(&r->set);
    formula_problem_close(&r->p);
}

static double drop_of_all(const formula_problem *p) {
    jp_bitset all;
    assert_int_equal(jp_bitset_init(&all, p->prompt.n_units), JP_OK);
    for (int u = 0; u < p->prompt.n_units; u++) jp_bitset_add(&all, u);
    double drop = jp_formula_drop(p->engine, &all);
    jp_bitset_free(&all);
    return drop;
}

static void pruning_many_units_is_bounded(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (int n = 50; n <= MANY; n += 125) {
            pruned r;
            int limit = JP_ELIMINATE_PER_UNIT * n > JP_ELIMINATE_LEAST ? JP_ELIMINATE_PER_UNIT * n : JP_ELIMINATE_LEAST;
            prune_all(&r, n, seed, 0.02, 0);
            double all = drop_of_all(&r.p);
            assert_int_equal(r.status, JP_OK);
            assert_true(r.cost <= limit + 3 * n + 2);
            assert_true(r.drop >= 0.5 * all && jp_bitset_count(&r.set) < n / 3);
            pruned_free(&r);
            prune_all(&r, n, seed, 0, 0);
            assert_true(r.cost <= limit + 3 * n + 2);
            assert_true(r.drop >= 0.9 * all - 1e-4 && jp_bitset_count(&r.set) < n / 3);
            pruned_free(&r);
        }
}

static void pruning_keeps_within_a_budget(void **state) {
    (void)state;
    for (int budget = 2; budget < MANY + 100; budget += 97) {
        pruned r;
        prune_all(&r, MANY, 1, 0.02, budget);
        assert_int_equal(r.status, JP_STOP);
        assert_int_equal(r.cost, budget);
        assert_true(jp_bitset_count(&r.set) > 0);
        pruned_free(&r);
    }
}

/* A method that notes what each of its runs costs. */
typedef struct {
    int     runs;
    int64_t cost[16];
} ledger;
static ledger noted;

static int run_noted(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int64_t from = evaluations_of(task->scorer);
    int     status = jp_method_find("jopa")->run(task, selection, e);
    noted.cost[noted.runs++ % 16] = evaluations_of(task->scorer) - from;
    return status;
}

static int budget_noted(const jp_task *task) { return jp_method_find("jopa")->default_budget(task); }

static jp_selection find_smallest(formula_problem *p, const jp_method *method, double share, int budget, int *status) {
    jp_selection found;
    int          n = p->prompt.n_units;
    noted = (ledger){0};
    formula_problem_start(p, &(jp_limits){.k = n, .budget = budget});
    assert_int_equal(jp_selection_init(&found, n, NULL), JP_OK);
    jp_task task = {.scorer = p->scorer, .n = n, .k = n, .budget = budget, .seed = 1};
    *status = jp_study_smallest(&task, method, share, &found, NULL);
    return found;
}

/* Seven units that matter among sixty: the runs for 1, 2 and 4 leave the run for 8 what it needs. */
static void each_step_has_its_own_budget(void **state) {
    const jp_method noting = {.name = "noting", .seeded = true, .run = run_noted, .default_budget = budget_noted};
    (void)state;
    for (int budget = 0; budget <= 360; budget += 180) {
        formula_problem p;
        int             status;
        formula_problem_open(&p, 60);
        for (int u = 3; u < 60; u += 9) jp_formula_add(p.engine, 1, &u, 1, NULL);
        jp_selection found = find_smallest(&p, &noting, 0.95, budget, &status);
        assert_true(status <= 0);
        assert_int_equal(noted.runs, 4);
        for (int i = 0; i < noted.runs; i++) assert_in_range(noted.cost[i], 15, 2 * 4 * 60);
        assert_int_equal(jp_bitset_count(&found.selected), 7);
        if (budget) assert_true(evaluations_of(p.scorer) <= budget);
        jp_selection_free(&found);
        formula_problem_close(&p);
    }
}

/* All of it costs about what one search for the largest sets does, whatever the method. */
static void steps_cost_as_much_as_a_search(void **state) {
    const char *const names[] = {"jopa", "jopa-nograd", "jopa-noprob", "random", "ablation", "lime", "kernelshap"};
    (void)state;
    for (size_t m = 0; m < sizeof names / sizeof *names; m++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            formula_problem p;
            int             status, n = 80;
            formula_problem_open(&p, n);
            jp_formula_random(p.engine, 0.1, seed, NULL);
            jp_selection found = find_smallest(&p, jp_method_find(names[m]), 0.9, 0, &status);
            assert_int_equal(status, JP_OK);
            double all = drop_of_all(&p);
            if (all > 0) assert_true(jp_formula_drop(p.engine, &found.selected) >= 0.9 * all - 1e-4);
            assert_true(evaluations_of(p.scorer) <= (2 * 4 + 4 + 3 + 1) * n + JP_ELIMINATE_LEAST);
            jp_selection_free(&found);
            formula_problem_close(&p);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_count_units),           cmocka_unit_test(operators_agree_on_a_formula),
        cmocka_unit_test(shrinking_keeps_a_share),       cmocka_unit_test(the_smallest_set_is_found),
        cmocka_unit_test(a_stop_ends_the_runs),          cmocka_unit_test(a_budget_is_each_runs_own),
        cmocka_unit_test(the_time_is_of_all_runs),       cmocka_unit_test(a_stop_ends_the_operators),
        cmocka_unit_test(pruning_many_units_is_bounded), cmocka_unit_test(pruning_keeps_within_a_budget),
        cmocka_unit_test(each_step_has_its_own_budget),  cmocka_unit_test(steps_cost_as_much_as_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
