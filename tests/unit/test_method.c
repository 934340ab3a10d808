/* Every method in the table, on functions whose truth is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formula_problem.h"

enum {
    AMPLE = 5000,      /* evaluations: enough for the random sets as well */
    OF_210_PAIRS = 180 /* for a needle: nothing but the pair itself tells of it */
};

static bool holds(const jp_selection *s, int unit) { return jp_bitset_has(&s->selected, unit); }

static void additive_gives_the_exact_top_k(void **state) {
    const double weights[] = {0.1, 2, 0.3, 0, 1.5, 0.2, 0, 3, 0.4, 0.05};
    (void)state;
    for (int m = 0; jp_method_at(m); m++) {
        const char     *name = jp_method_at(m)->name;
        formula_problem p;
        jp_selection    s = {0};
        formula_problem_open(&p, 10);
        jp_formula_additive(p.engine, weights, NULL);
        jp_formula_say(p.engine, "w7, w1, w4");
        assert_true(formula_run(&p, name, 3, AMPLE, 1, &s) <= 0);
        if (!holds(&s, 1) || !holds(&s, 4) || !holds(&s, 7) || jp_bitset_count(&s.selected) != 3)
            fail_msg("%s: not the units 1, 4, 7", name);
        formula_selection_free(&s);
        formula_problem_close(&p);
    }
}

static void jopa_does_without_attention_bias(void **state) {
    const double    weights[30] = {[3] = 3, [11] = 2, [20] = 4};
    formula_problem p;
    jp_selection    s = {0};
    (void)state;
    formula_problem_open(&p, 30);
    jp_formula_additive(p.engine, weights, NULL);
    jp_formula_no_bias(p.engine);
    assert_true(formula_run(&p, "jopa", 3, 1000, 1, &s) <= 0);
    assert_true(holds(&s, 3) && holds(&s, 11) && holds(&s, 20));
    formula_selection_free(&s);
    formula_problem_close(&p);
}

static void no_effect_is_never_preferred(void **state) {
    (void)state;
    for (int m = 0; jp_method_at(m); m++) {
        const char     *name = jp_method_at(m)->name;
        formula_problem p;
        jp_selection    s = {0};
        if (!strcmp(name, "random")) continue; /* its sets always have k units */
        formula_problem_open(&p, 12);
        jp_formula_and(p.engine, 2, 3, 8, NULL);
        jp_formula_add(p.engine, 1, (int[]){5}, 1, NULL);
        jp_formula_add(p.engine, 1.5, (int[]){10}, 1, NULL);
        jp_formula_say(p.engine, "w3 w8 w5 w10");
        assert_true(formula_run(&p, name, 4, AMPLE, 2, &s) <= 0);
        for (int i = 0; i < 12; i++)
            if (holds(&s, i) && i != 3 && i != 8 && i != 5 && i != 10)
                fail_msg("%s chose unit %d, which does nothing", name, i);
        if (!jp_bitset_count(&s.selected)) fail_msg("%s chose nothing", name);
        formula_selection_free(&s);
        formula_problem_close(&p);
    }
}

static void same_seed_same_result(void **state) {
    (void)state;
    for (int m = 0; jp_method_at(m); m++) {
        formula_problem p;
        jp_selection    a = {0}, b = {0};
        formula_problem_open(&p, 30);
        jp_formula_random(p.engine, 0.3, 5, NULL);
        jp_formula_say(p.engine, "w3 w8");
        if (!strcmp(jp_method_at(m)->name, "exhaustive")) {
            formula_problem_close(&p);
            continue;
        }
        formula_run(&p, jp_method_at(m)->name, 6, 150, 7, &a);
        formula_run(&p, jp_method_at(m)->name, 6, 150, 7, &b);
        assert_true(jp_bitset_equal(&a.selected, &b.selected));
        assert_memory_equal(a.score, b.score, 60 * sizeof(double));
        formula_selection_free(&a);
        formula_selection_free(&b);
        formula_problem_close(&p);
    }
}

/* Every method ends within its budget, and has an answer. */
static void budget_gives_the_best_so_far(void **state) {
    (void)state;
    for (int m = 0; jp_method_at(m); m++) {
        const jp_method *method = jp_method_at(m);
        formula_problem  p;
        jp_selection     s = {0};
        jp_cost          cost;
        if (!strcmp(method->name, "exhaustive")) continue;
        formula_problem_open(&p, 40);
        jp_formula_random(p.engine, 0.3, 11, NULL);
        jp_formula_say(p.engine, "w1");
        formula_run(&p, method->name, 4, 60, 3, &s);
        jp_scorer_cost(p.scorer, &cost);
        assert_true(cost.evaluations <= 60);
        assert_in_range(jp_bitset_count(&s.selected), 1, 4);
        formula_selection_free(&s);
        formula_problem_close(&p);
    }
}

static int stop_after_two(void *user, int evaluations, int budget, double best) {
    (void)evaluations, (void)budget, (void)best;
    return ++*(int *)user >= 3;
}

static void progress_stops_a_search(void **state) {
    const char *const names[] = {"jopa", "jopa-nograd", "jopa-noprob", "greedy", "random"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        formula_problem p;
        jopa_error      e = {0};
        int             calls = 0;
        double          score[50], probability[50];
        jp_selection    s = {.score = score, .probability = probability};
        if (!jp_method_find(names[i])) continue;
        formula_problem_open(&p, 50);
        jp_formula_random(p.engine, 0.3, 1, NULL);
        formula_problem_start(&p, &(jp_limits){.k = 5, .progress = stop_after_two, .user = &calls});
        assert_int_equal(jp_bitset_init(&s.selected, 50), JP_OK);
        assert_int_equal(jp_method_find(names[i])->run(
                             &(jp_task){.scorer = p.scorer, .n = 50, .k = 5, .budget = 10000, .seed = 1}, &s, &e),
                         JP_STOP);
        assert_in_range(jp_bitset_count(&s.selected), 1, 5);
        jp_bitset_free(&s.selected);
        formula_problem_close(&p);
    }
}

static void expect_optimum(formula_problem *p, const char *method, int k, int budget, uint64_t seed) {
    jp_selection s = {0};
    formula_run(p, method, k, budget, seed, &s);
    double best = formula_best(p, k), found = jp_formula_drop(p->engine, &s.selected);
    if (found < best - 1e-9) fail_msg("%s, seed %d: %g of %g", method, (int)seed, found, best);
    formula_selection_free(&s);
}

/* 20 units: distractors that look better alone than the members of the planted set. */
static void distract(formula_problem *p, uint64_t seed, int *planted) {
    jp_random r;
    double    weights[20];
    jp_random_seed(&r, seed);
    jp_random_subset(&r, 20, 3, planted);
    for (int i = 0; i < 20; i++) weights[i] = 0.2 * jp_random_unit(&r);
    for (int i = 0; i < 3; i++) weights[planted[i]] = 0;
    assert_int_equal(jp_formula_additive(p->engine, weights, NULL), JP_OK);
}

static void jopa_finds_planted_sets(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        for (int count = 2; count <= 3; count++) {
            formula_problem p;
            int             planted[3];
            formula_problem_open(&p, 20);
            distract(&p, seed, planted);
            assert_int_equal(jp_formula_planted(p.engine, 3, planted, count, NULL), JP_OK);
            expect_optimum(&p, "jopa", count, count == 2 ? OF_210_PAIRS : 0, seed);
            formula_problem_close(&p);
        }
    }
}

static void jopa_sees_joint_effects(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int planted[3];
        for (int kind = 0; kind < 3; kind++) {
            formula_problem p;
            formula_problem_open(&p, 20);
            distract(&p, seed, planted);
            if (kind == 0) jp_formula_and(p.engine, 1, planted[0], planted[1], NULL);
            if (kind == 1) jp_formula_or(p.engine, 3, planted[0], planted[1], NULL);
            if (kind == 2) jp_formula_xor(p.engine, 1, planted[0], planted[1], NULL);
            expect_optimum(&p, "jopa", 2, kind == 1 ? OF_210_PAIRS : 0, seed);
            formula_problem_close(&p);
        }
    }
}

static void greedy_and_ablation_miss_what_is_joint(void **state) {
    formula_problem p;
    jp_selection    s = {0};
    (void)state;
    formula_problem_open(&p, 20);
    jp_formula_or(p.engine, 5, 3, 11, NULL);
    jp_formula_add(p.engine, 0.1, (int[]){6}, 1, NULL);
    formula_run(&p, "ablation", 2, 0, 0, &s);
    assert_true(fabs(jp_formula_drop(p.engine, &s.selected) - 0.1) < 1e-9);
    formula_selection_free(&s);
    formula_run(&p, "exhaustive", 2, 0, 0, &s);
    assert_true(holds(&s, 3) && holds(&s, 11));
    formula_selection_free(&s);
    formula_problem_close(&p);
}

/* ---- sets without a drop -------------------------------------------------------------------------------------------
 */

enum { UNITS = 12, MEMBERS = 3, BAD = 3 };

/* No set of at most MEMBERS units that has the unit BAD, which is worth most, has a drop. */
static void spoil(jp_scorer *s) {
    jp_bitset set;
    assert_int_equal(jp_bitset_init(&set, UNITS), JP_OK);
    for (int a = 0; a < UNITS; a++)
        for (int b = a; b < UNITS; b++) {
            jp_bitset_clear(&set);
            jp_bitset_add(&set, BAD);
            jp_bitset_add(&set, a);
            jp_bitset_add(&set, b);
            assert_int_equal(jp_scorer_note(s, &set, NAN, NULL), JP_OK);
        }
    jp_bitset_free(&set);
}

static void open_spoilt(formula_problem *p, uint64_t seed) {
    double    weights[UNITS], drop;
    jp_bitset first;
    jp_random r;
    jp_random_seed(&r, seed);
    for (int u = 0; u < UNITS; u++) weights[u] = jp_random_unit(&r);
    weights[BAD] = 9;
    formula_problem_open(p, UNITS);
    jp_formula_additive(p->engine, weights, NULL);
    formula_problem_start(p, &(jp_limits){.k = MEMBERS});
    assert_int_equal(jp_bitset_init(&first, UNITS), JP_OK);
    jp_bitset_add(&first, 0);
    assert_int_equal(jp_scorer_drops(p->scorer, &first, 1, &drop, NULL), JP_OK);
    jp_bitset_free(&first);
    spoil(p->scorer);
}

static void a_set_without_a_drop_is_never_selected(void **state) {
    const char *const names[] = {"jopa", "jopa-nograd", "jopa-noprob", "greedy", "exhaustive", "random", "ablation"};
    (void)state;
    for (size_t m = 0; m < sizeof names / sizeof *names; m++)
        for (uint64_t seed = 1; seed <= 5; seed++)
            for (int budget = 60; budget <= 1000; budget += 940) {
                formula_problem p;
                jp_selection    s;
                jopa_error      e = {0};
                double          drop = NAN;
                open_spoilt(&p, seed);
                assert_int_equal(jp_selection_init(&s, UNITS, NULL), JP_OK);
                jp_task task = {.scorer = p.scorer, .n = UNITS, .k = MEMBERS, .budget = budget, .seed = seed};
                if (jp_method_find(names[m])->run(&task, &s, &e) > 0) fail_msg("%s: %s", names[m], e.message);
                assert_int_equal(jp_scorer_drops(p.scorer, &s.selected, 1, &drop, NULL), JP_OK);
                if (isnan(drop) || !jp_bitset_count(&s.selected)) fail_msg("%s, seed %d", names[m], (int)seed);
                jp_selection_free(&s);
                formula_problem_close(&p);
            }
}

static void exhaustive_refuses_what_is_too_large(void **state) {
    formula_problem p;
    jopa_error      e = {0};
    jp_selection    s = {0};
    (void)state;
    formula_problem_open(&p, 100);
    formula_problem_start(&p, &(jp_limits){.k = 5});
    assert_int_equal(jp_method_find("exhaustive")
                         ->run(&(jp_task){.scorer = p.scorer, .n = 100, .k = 5, .budget = 0, .seed = 0}, &s, &e),
                     JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "100 units"));
    formula_problem_close(&p);
}

/* The belief of a search holds all pairs of units: one line instead of gigabytes. */
static void a_flat_search_of_too_many_units_is_refused(void **state) {
    const char *const names[] = {"jopa", "jopa-nograd", "jopa-noprob"};
    enum { MANY = 20000 };
    (void)state;
    for (int m = 0; m < 3; m++) {
        formula_problem p;
        jopa_error      e = {0};
        jp_selection    s;
        formula_problem_open(&p, MANY);
        formula_problem_start(&p, &(jp_limits){.k = 5});
        assert_int_equal(jp_selection_init(&s, MANY, NULL), JP_OK);
        assert_int_equal(
            jp_method_find(names[m])->run(&(jp_task){.scorer = p.scorer, .n = MANY, .k = 5, .seed = 1}, &s, &e),
            JOPA_ERROR_USAGE);
        assert_non_null(strstr(e.message, "20000 units are too many"));
        jp_selection_free(&s);
        formula_problem_close(&p);
    }
}

static void top_ignores_what_is_unknown(void **state) {
    const double score[] = {NAN, 1, 3, 3, NAN, -2};
    jp_bitset    s;
    (void)state;
    assert_int_equal(jp_bitset_init(&s, 6), JP_OK);
    jp_select_top(score, 6, 1, &s);
    assert_true(jp_bitset_count(&s) == 1 && jp_bitset_has(&s, 2));
    jp_select_top(score, 6, 6, &s);
    assert_true(jp_bitset_count(&s) == 4 && !jp_bitset_has(&s, 0) && !jp_bitset_has(&s, 4));
    jp_bitset_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additive_gives_the_exact_top_k),
        cmocka_unit_test(no_effect_is_never_preferred),
        cmocka_unit_test(jopa_does_without_attention_bias),
        cmocka_unit_test(same_seed_same_result),
        cmocka_unit_test(budget_gives_the_best_so_far),
        cmocka_unit_test(progress_stops_a_search),
        cmocka_unit_test(jopa_finds_planted_sets),
        cmocka_unit_test(jopa_sees_joint_effects),
        cmocka_unit_test(greedy_and_ablation_miss_what_is_joint),
        cmocka_unit_test(exhaustive_refuses_what_is_too_large),
        cmocka_unit_test(a_flat_search_of_too_many_units_is_refused),
        cmocka_unit_test(top_ignores_what_is_unknown),
        cmocka_unit_test(a_set_without_a_drop_is_never_selected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
