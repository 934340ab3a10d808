/* What can be taken out, on functions whose answer is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "use/shorten.h"

enum { MOST = 40 };

typedef struct {
    formula_problem p;
    jp_selection    found;
    int             weight[MOST], status;
} probe;

static void start(probe *t, int n) {
    *t = (probe){0};
    formula_problem_open(&t->p, n);
    assert_int_equal(jp_selection_init(&t->found, n, NULL), JP_OK);
    for (int u = 0; u < n; u++) t->weight[u] = 1;
}

static jp_shorten_task prepare(probe *t, jp_shorten_task task, int budget) {
    formula_problem_start(&t->p, &(jp_limits){.budget = budget, .k = t->p.prompt.n_units});
    task.scorer = t->p.scorer;
    task.weight = t->weight;
    return task;
}

static void shorten(probe *t, jp_shorten_task task, int budget) {
    jopa_error e = {0};
    task = prepare(t, task, budget);
    t->status = jp_shorten(&task, &t->found, &e);
    if (t->status > 0) fail_msg("%s", e.message);
}

static void stop(probe *t) {
    jp_selection_free(&t->found);
    formula_problem_close(&t->p);
}

static double drop(const probe *t) { return jp_formula_drop(t->p.engine, &t->found.selected); }

static int taken(const probe *t) {
    int weight = 0;
    for (int u = jp_bitset_next(&t->found.selected, 0); u >= 0; u = jp_bitset_next(&t->found.selected, u + 1))
        weight += t->weight[u];
    return weight;
}

static void the_cheapest_units_go(void **state) {
    const double weights[] = {3, 0.1, 2, 0.3, 1, 0.2, 4, 0.4};
    probe        t;
    (void)state;
    start(&t, 8);
    jp_formula_additive(t.p.engine, weights, NULL);
    shorten(&t, (jp_shorten_task){.want = 4}, 0);
    assert_int_equal(jp_bitset_count(&t.found.selected), 4);
    assert_true(fabs(drop(&t) - 1.0) < 1e-9);
    stop(&t);
}

/* Three pairs that back each other up look useless one by one: one of each has to stay. */
static void what_backs_up_is_not_taken_twice(void **state) {
    probe      t;
    jopa_error e = {0};
    (void)state;
    start(&t, 12);
    for (int u = 0; u < 6; u += 2) jp_formula_or(t.p.engine, 5, u, u + 1, NULL);
    for (int u = 6; u < 12; u++) jp_formula_add(t.p.engine, 0.5, &u, 1, NULL);
    shorten(&t, (jp_shorten_task){.want = 6}, 0);
    assert_true(fabs(drop(&t) - 1.5) < 1e-9);
    jp_shorten_task task = prepare(&t, (jp_shorten_task){.want = 6}, 0);
    assert_int_equal(jp_single_drops(t.p.scorer, t.found.score, &e), JP_OK);
    assert_int_equal(jp_shorten_in_order(&task, t.found.score, &t.found.selected, &e), JP_OK);
    assert_true(fabs(drop(&t) - 15) < 1e-9);
    stop(&t);
}

/* The best drop of a set of at least `want`, or the most weight whose drop is at most `allowed` (then -weight). */
static double optimum(const probe *t, int want, double allowed) {
    int       n = t->p.prompt.n_units;
    double    best = INFINITY;
    jp_bitset set;
    assert_int_equal(jp_bitset_init(&set, n), JP_OK);
    for (unsigned bits = 0; bits + 1 < 1u << n; bits++) {
        int weight = 0;
        jp_bitset_clear(&set);
        for (int u = 0; u < n; u++) {
            if (!(bits >> u & 1)) continue;
            jp_bitset_add(&set, u);
            weight += t->weight[u];
        }
        double d = jp_formula_drop(t->p.engine, &set);
        if (want && weight >= want) best = fmin(best, d);
        if (!want && d <= allowed) best = fmin(best, -weight);
    }
    jp_bitset_free(&set);
    return best;
}

static void half_goes_at_little_cost(void **state) {
    double found = 0, best = 0, in_order = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        probe      t;
        jopa_error e = {0};
        start(&t, 14);
        jp_formula_random(t.p.engine, 0.5, seed, NULL);
        for (int u = 0; u < 14; u++) t.weight[u] = 1 + u % 3;
        shorten(&t, (jp_shorten_task){.want = 13, .seed = seed}, 0);
        assert_in_range(taken(&t), 13, 27);
        found += drop(&t);
        best += optimum(&t, 13, 0);
        jp_shorten_task task = prepare(&t, (jp_shorten_task){.want = 13}, 0);
        assert_int_equal(jp_shorten_in_order(&task, t.found.score, &t.found.selected, &e), JP_OK);
        in_order += drop(&t);
        stop(&t);
    }
    /* All the way from the single drops' order to the optimum, but for a tenth. */
    assert_true(found - best <= 0.1 * (in_order - best));
}

static void tolerance_is_kept(void **state) {
    int missing = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        probe t;
        start(&t, 12);
        jp_formula_random(t.p.engine, 0.3, seed, NULL);
        shorten(&t, (jp_shorten_task){.allowed = 1.5, .seed = seed}, 0);
        assert_true(drop(&t) <= 1.5 + 1e-4);
        missing += (int)-optimum(&t, 0, 1.5) - taken(&t);
        stop(&t);
    }
    assert_in_range(missing, 0, 15); /* half a unit a prompt */
}

static void nothing_may_go(void **state) {
    probe t;
    (void)state;
    start(&t, 5);
    for (int u = 0; u < 5; u++) jp_formula_add(t.p.engine, 2, &u, 1, NULL);
    shorten(&t, (jp_shorten_task){.allowed = 1}, 0);
    assert_int_equal(jp_bitset_count(&t.found.selected), 0);
    stop(&t);
}

static void something_is_left(void **state) {
    probe      t;
    jopa_error e = {0};
    (void)state;
    start(&t, 6);
    jp_formula_additive(t.p.engine, (double[]){0, 0, 0, 0, 0, 0}, NULL);
    shorten(&t, (jp_shorten_task){.allowed = 1}, 0);
    assert_int_equal(jp_bitset_count(&t.found.selected), 5);
    shorten(&t, (jp_shorten_task){.want = 6}, 0);
    assert_in_range(jp_bitset_count(&t.found.selected), 1, 5);
    jp_shorten_task task = prepare(&t, (jp_shorten_task){.want = 6}, 0);
    assert_int_equal(jp_shorten_in_order(&task, t.found.score, &t.found.selected, &e), JP_OK);
    assert_int_equal(jp_bitset_count(&t.found.selected), 5);
    stop(&t);
}

static void an_order_stops_at_the_tolerance(void **state) {
    const double weights[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    probe        t;
    jopa_error   e = {0};
    (void)state;
    start(&t, 6);
    jp_formula_additive(t.p.engine, weights, NULL);
    jp_shorten_task task = prepare(&t, (jp_shorten_task){.allowed = 1.05}, 0);
    assert_int_equal(jp_shorten_in_order(&task, weights, &t.found.selected, &e), JP_OK);
    assert_int_equal(jp_bitset_count(&t.found.selected), 4);
    assert_false(jp_bitset_has(&t.found.selected, 4));
    stop(&t);
}

static void limits_end_it(void **state) {
    probe t;
    (void)state;
    start(&t, 40);
    jp_formula_random(t.p.engine, 0.3, 2, NULL);
    shorten(&t, (jp_shorten_task){.want = 20}, 60);
    assert_int_equal(t.status, JP_STOP);
    shorten(&t, (jp_shorten_task){.want = 20, .budget = 100}, 0); /* its own budget: it ends well */
    assert_int_equal(t.status, JP_OK);
    assert_in_range(taken(&t), 20, 40);
    stop(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cheapest_units_go),
        cmocka_unit_test(what_backs_up_is_not_taken_twice),
        cmocka_unit_test(half_goes_at_little_cost),
        cmocka_unit_test(tolerance_is_kept),
        cmocka_unit_test(nothing_may_go),
        cmocka_unit_test(something_is_left),
        cmocka_unit_test(an_order_stops_at_the_tolerance),
        cmocka_unit_test(limits_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
