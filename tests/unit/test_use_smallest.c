/* The smallest set that is enough, on functions whose answer is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "landscape.h"
#include "use/smallest.h"

typedef struct {
    formula_problem p;
    jp_selection    found;
    bool            reached;
    int             status;
} probe;

static void start(probe *t, int n) {
    *t = (probe){0};
    formula_problem_open(&t->p, n);
    assert_int_equal(jp_selection_init(&t->found, n, NULL), JP_OK);
}

static void look(probe *t, jp_smallest_task task, int budget) {
    jopa_error e = {0};
    formula_problem_start(&t->p, &(jp_limits){.budget = budget, .k = t->p.prompt.n_units});
    task.scorer = t->p.scorer;
    t->status = jp_smallest_set(&task, &t->found, &t->reached, &e);
    if (t->status > 0) fail_msg("%s", e.message);
}

static void stop(probe *t) {
    jp_selection_free(&t->found);
    formula_problem_close(&t->p);
}

static void expect_set(const probe *t, const int *units, int n) {
    assert_int_equal(jp_bitset_count(&t->found.selected), n);
    for (int i = 0; i < n; i++) assert_true(jp_bitset_has(&t->found.selected, units[i]));
}

static void one_unit_is_enough(void **state) {
    const double weights[] = {0.1, 2, 0.3, 0, 3.5, 0.2, 2.5};
    probe        t;
    (void)state;
    start(&t, 7);
    jp_formula_additive(t.p.engine, weights, NULL);
    look(&t, (jp_smallest_task){.enough = 2}, 0);
    assert_true(t.reached);
    expect_set(&t, (int[]){4}, 1); /* 1 and 6 would do as well, 4 does more */
    assert_true(fabs(t.found.score[6] - 2.5) < 1e-4);
    stop(&t);
}

static void what_only_works_together_is_found(void **state) {
    probe t;
    (void)state;
    start(&t, 30);
    for (int u = 0; u < 30; u++) jp_formula_add(t.p.engine, u == 4 || u == 21 ? 0 : 0.05 + 0.001 * u, &u, 1, NULL);
    jp_formula_or(t.p.engine, 3, 4, 21, NULL);
    look(&t, (jp_smallest_task){.enough = 2.9}, 0);
    assert_true(t.reached);
    expect_set(&t, (int[]){4, 21}, 2);
    stop(&t);
}

/* The size of the smallest set that is enough, by trying them all. */
static int optimum(const formula_problem *p, double enough) {
    int       n = p->prompt.n_units, best = n + 1;
    jp_bitset set;
    assert_int_equal(jp_bitset_init(&set, n), JP_OK);
    for (unsigned bits = 1; bits < 1u << n; bits++) {
        jp_bitset_clear(&set);
        for (int u = 0; u < n; u++)
            if (bits >> u & 1) jp_bitset_add(&set, u);
        if (jp_bitset_count(&set) < best && jp_formula_drop(p->engine, &set) >= enough) best = jp_bitset_count(&set);
    }
    jp_bitset_free(&set);
    return best;
}

static void never_larger_than_needed(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        probe     t;
        jp_bitset all;
        start(&t, 10);
        assert_int_equal(jp_bitset_init(&all, 10), JP_OK);
        jp_formula_random(t.p.engine, 0.5, seed, NULL);
        for (int u = 0; u < 10; u++) jp_bitset_add(&all, u);
        double enough = 0.6 * jp_formula_drop(t.p.engine, &all);
        jp_bitset_free(&all);
        if (enough > 0) {
            look(&t, (jp_smallest_task){.enough = enough, .seed = seed}, 0);
            assert_true(t.reached);
            assert_true(jp_formula_drop(t.p.engine, &t.found.selected) >= enough - 1e-4);
            assert_int_equal(jp_bitset_count(&t.found.selected), optimum(&t.p, enough));
        }
        stop(&t);
    }
}

static void says_when_nothing_is_enough(void **state) {
    const double weights[] = {1, 0.9, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01};
    probe        t;
    (void)state;
    start(&t, 8);
    jp_formula_additive(t.p.engine, weights, NULL);
    look(&t, (jp_smallest_task){.enough = 50}, 0);
    assert_false(t.reached);
    expect_set(&t, (int[]){0, 1}, 2); /* nearly all that can be had */
    stop(&t);
}

static int wants_unit_five(void *user, const jp_bitset *set, bool *yes, jopa_error *e) {
    (void)e;
    ++*(int *)user;
    *yes = jp_bitset_has(set, 5) && jp_bitset_has(set, 2);
    return JP_OK;
}

static void the_callers_test_decides(void **state) {
    const double weights[] = {3, 2.5, 2, 0.2, 0.1, 1, 0};
    probe        t;
    int          asked = 0;
    (void)state;
    start(&t, 7);
    jp_formula_additive(t.p.engine, weights, NULL);
    look(&t, (jp_smallest_task){.suffices = wants_unit_five, .user = &asked}, 0);
    assert_true(t.reached);
    expect_set(&t, (int[]){2, 5}, 2);
    assert_in_range(asked, 4, 20);
    stop(&t);
}

static void a_budget_ends_it_with_the_best_so_far(void **state) {
    probe t;
    (void)state;
    start(&t, 20);
    jp_formula_random(t.p.engine, 0.1, 3, NULL);
    look(&t, (jp_smallest_task){.enough = 1e6}, 12);
    assert_int_equal(t.status, JP_STOP);
    assert_false(t.reached);
    assert_in_range(jp_bitset_count(&t.found.selected), 1, 2);
    stop(&t);
}

/* The pair that promises most has no drop: another one is grown. */
static void what_has_no_drop_is_passed_over(void **state) {
    const double weights[] = {0.1, 2, 0.3, 0, 3.5, 0.2, 1.5};
    jp_bitset    pair;
    probe        t;
    (void)state;
    start(&t, 7);
    jp_formula_additive(t.p.engine, weights, NULL);
    formula_problem_start(&t.p, &(jp_limits){.k = 7});
    assert_int_equal(jp_bitset_init(&pair, 7), JP_OK);
    jp_bitset_add(&pair, 0);
    assert_int_equal(jp_scorer_drops(t.p.scorer, &pair, 1, &(double){0}, NULL), JP_OK);
    jp_bitset_clear(&pair);
    jp_bitset_add(&pair, 1);
    jp_bitset_add(&pair, 4);
    assert_int_equal(jp_scorer_note(t.p.scorer, &pair, NAN, NULL), JP_OK);
    t.status = jp_smallest_set(&(jp_smallest_task){.scorer = t.p.scorer, .enough = 4.9}, &t.found, &t.reached, NULL);
    assert_int_equal(t.status, JP_OK);
    assert_true(t.reached);
    expect_set(&t, (int[]){4, 6}, 2);
    jp_bitset_free(&pair);
    stop(&t);
}

/* The smallest set for 0.7 of the drop of all units; its size. */
static int look_at_landscape(uint64_t seed) {
    landscape    l;
    jp_prompt    prompt;
    jp_scorer   *s;
    jp_selection found;
    jp_bitset    all;
    jp_cost      cost;
    int32_t      response[LANDSCAPE_TOKENS] = {0};
    double       drop = NAN;
    bool         reached = false;
    landscape_make(&l, 12, 40, seed);
    assert_int_equal(jp_formula_prompt(&prompt, l.n, NULL), JP_OK);
    jp_problem problem = {
        .prompt = &prompt, .response = response, .n_response = LANDSCAPE_TOKENS, .target_last = LANDSCAPE_TOKENS};
    assert_int_equal(jp_scorer_new(&s, (jp_engine *)&l.base, &problem, &(jp_limits){.k = l.n}, NULL), JP_OK);
    assert_int_equal(jp_selection_init(&found, l.n, NULL) || jp_bitset_init(&all, l.n), JP_OK);
    for (int u = 0; u < l.n; u++) jp_bitset_add(&all, u);
    assert_int_equal(jp_scorer_drops(s, &all, 1, &drop, NULL), JP_OK);
    jp_smallest_task task = {.scorer = s, .enough = 0.7 * drop, .seed = 1};
    assert_int_equal(jp_smallest_set(&task, &found, &reached, NULL), JP_OK);
    assert_true(reached);
    jp_scorer_cost(s, &cost);
    assert_true(cost.evaluations < 2 + l.n + 12 * l.n + 600 + 2 * (6 * l.n > 256 ? 6 * l.n : 256) + 600);
    int size = jp_bitset_count(&found.selected);
    jp_bitset_free(&all);
    jp_selection_free(&found);
    jp_scorer_free(s);
    jp_prompt_free(&prompt);
    return size;
}

/* Where the searches after the first have nothing to spend, it is 109 units. */
static void every_search_for_a_smaller_set_has_its_budget(void **state) {
    int sum = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 15; seed++) sum += look_at_landscape(seed);
    print_message("the smallest sets of 15 landscapes have %d units\n", sum);
    assert_true(sum <= 106);
}

static void one_unit_in_all(void **state) {
    probe t;
    int   unit = 0;
    (void)state;
    start(&t, 1);
    jp_formula_add(t.p.engine, 1, &unit, 1, NULL);
    look(&t, (jp_smallest_task){.enough = 2}, 0);
    assert_false(t.reached);
    expect_set(&t, (int[]){0}, 1);
    stop(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_unit_is_enough),
        cmocka_unit_test(what_only_works_together_is_found),
        cmocka_unit_test(never_larger_than_needed),
        cmocka_unit_test(says_when_nothing_is_enough),
        cmocka_unit_test(the_callers_test_decides),
        cmocka_unit_test(a_budget_ends_it_with_the_best_so_far),
        cmocka_unit_test(one_unit_in_all),
        cmocka_unit_test(what_has_no_drop_is_passed_over),
        cmocka_unit_test(every_search_for_a_smaller_set_has_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
