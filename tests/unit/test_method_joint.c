/* The surrogate, what is said about a found set, the regressions, and the parsing of what a model says of itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "search/joint.h"
#include "search/regression.h"
#include "search/study.h"
#include "search/surrogate.h"

static void hold(jp_bitset *set, int n, const int *units, int count) {
    assert_int_equal(jp_bitset_init(set, n), JP_OK);
    for (int i = 0; i < count; i++) jp_bitset_add(set, units[i]);
}

static void pruning_leaves_what_matters(void **state) {
    formula_problem p;
    jp_bitset       set;
    (void)state;
    formula_problem_open(&p, 12);
    jp_formula_or(p.engine, 4, 2, 7, NULL);
    jp_formula_add(p.engine, 0.05, (int[]){5}, 1, NULL);
    jp_formula_add(p.engine, -1, (int[]){9}, 1, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 5});
    hold(&set, 12, (int[]){2, 5, 7, 9, 11}, 5);
    assert_int_equal(jp_joint_prune(p.scorer, &set, 0.02, NULL), JP_OK);
    assert_int_equal(jp_bitset_count(&set), 2);
    assert_true(jp_bitset_has(&set, 2) && jp_bitset_has(&set, 7));
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

static void joint_tells_who_acts_together(void **state) {
    formula_problem p;
    jp_bitset       set;
    jp_joint        j;
    (void)state;
    formula_problem_open(&p, 10);
    jp_formula_or(p.engine, 3, 1, 8, NULL);
    jp_formula_and(p.engine, 1, 1, 4, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 3});
    hold(&set, 10, (int[]){1, 4, 8}, 3);
    assert_int_equal(jp_joint_analyse(&j, p.scorer, &set, NULL), JP_OK);
    assert_true(fabs(j.drop - 4) < 1e-5 && fabs(j.sum_of_single_drops - 2) < 1e-5 && fabs(j.synergy - 2) < 1e-5);
    assert_int_equal(j.n_units, 3);
    assert_int_equal(j.units[2].unit, 4); /* unit 4 is not needed: 1 alone breaks the "and" */
    assert_true(fabs(j.units[2].drop_without - 4) < 1e-5 && fabs(j.units[0].drop_without - 1) < 1e-5);
    assert_int_equal(j.n_pairs, 3);
    assert_true(j.pairs[0].first == 1 && j.pairs[0].second == 8 && fabs(j.pairs[0].interaction - 3) < 1e-5);
    assert_true(j.pairs[2].first == 1 && j.pairs[2].second == 4 && fabs(j.pairs[2].interaction + 1) < 1e-5);
    jp_joint_free(&j);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

static void a_limit_leaves_unknowns(void **state) {
    formula_problem p;
    jp_bitset       set;
    jp_joint        j;
    (void)state;
    formula_problem_open(&p, 10);
    jp_formula_random(p.engine, 0.5, 1, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 4, .budget = 5});
    hold(&set, 10, (int[]){0, 3, 6, 9}, 4);
    assert_int_equal(jp_joint_analyse(&j, p.scorer, &set, NULL), JP_STOP);
    assert_int_equal(j.n_units, 4);
    assert_true(isnan(j.synergy) && isnan(j.units[3].drop_without));
    jp_joint_free(&j);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

/* Of a quadratic function the surrogate learns the function. */
static void surrogate_learns_a_quadratic(void **state) {
    enum { N = 12, SETS = 200 };
    formula_problem p;
    jp_surrogate   *s = NULL;
    jp_quadratic    q;
    jp_random       r;
    jp_bitset       set;
    double          mean[N] = {0}, v[N], gain[N];
    (void)state;
    formula_problem_open(&p, N);
    jp_formula_random(p.engine, 0.5, 4, NULL);
    jp_random_seed(&r, 2);
    assert_int_equal(jp_surrogate_new(&s, N, NULL), JP_OK);
    assert_int_equal(jp_quadratic_init(&q, N), JP_OK);
    hold(&set, N, NULL, 0);
    for (int i = 0; i < N; i++) v[i] = 1;
    for (int t = 0; t < SETS; t++) {
        int units[4];
        jp_random_subset(&r, N, 4, units);
        jp_bitset_clear(&set);
        for (int i = 0; i < 4; i++) jp_bitset_add(&set, units[i]);
        assert_int_equal(jp_surrogate_add(s, &set, jp_formula_drop(p.engine, &set), NULL), JP_OK);
    }
    assert_int_equal(jp_surrogate_fit(s, mean, v, NULL), JP_OK);
    jp_surrogate_mean(s, &q);
    jp_bitset_clear(&set);
    jp_quadratic_climb(&q, 4, &set, gain);
    assert_true(jp_formula_drop(p.engine, &set) > 0.85 * formula_best(&p, 4));
    for (int t = 0; t < 50; t++) { /* sets that it has mostly not seen */
        int    units[4];
        double sum = 0;
        jp_random_subset(&r, N, 4, units);
        jp_bitset_clear(&set);
        for (int i = 0; i < 4; i++) {
            jp_bitset_add(&set, units[i]);
            sum += q.linear[units[i]];
            for (int j = 0; j < i; j++) sum += q.pair[units[i] * N + units[j]];
        }
        assert_true(fabs(sum - jp_formula_drop(p.engine, &set)) < 0.05);
    }
    for (int i = 0; i < N; i++) assert_true(q.pair[i * N + i] == 0 && fabs(q.pair[i] - q.pair[i * N]) < 1e-12);
    double linear = q.linear[3];
    assert_int_equal(jp_surrogate_sample(s, &r, 0, &q, NULL), JP_OK); /* temperature 0: the mean */
    assert_true(fabs(q.linear[3] - linear) < 1e-9);
    jp_bitset_free(&set);
    jp_quadratic_free(&q);
    jp_surrogate_free(s);
    formula_problem_close(&p);
}

static void regressions_find_the_coefficients(void **state) {
    enum { ROWS = 60, COLS = 5 };
    const double truth[COLS] = {2, 0, -1, 0.5, 0};
    double       x[ROWS * COLS], y[ROWS], weight[ROWS], coef[COLS];
    jp_random    r;
    (void)state;
    jp_random_seed(&r, 1);
    for (int i = 0; i < ROWS; i++) {
        y[i] = 7;
        weight[i] = 0.5 + jp_random_unit(&r);
        for (int j = 0; j < COLS; j++) {
            x[i * COLS + j] = jp_random_unit(&r) < 0.5;
            y[i] += truth[j] * x[i * COLS + j];
        }
    }
    assert_int_equal(jp_least_squares(x, y, weight, ROWS, COLS, coef, NULL), JP_OK);
    for (int j = 0; j < COLS; j++) assert_true(fabs(coef[j] - truth[j]) < 1e-9);
    assert_int_equal(jp_lasso(x, y, weight, ROWS, COLS, 0.05, coef, NULL), JP_OK);
    assert_true(coef[1] == 0 && coef[4] == 0 && coef[0] > 1.6 && coef[0] < 2 && coef[2] > -1 && coef[2] < -0.6);
}

/* Fewer rows than columns: of all exact solutions the shortest. */
static void least_squares_takes_the_shortest(void **state) {
    const double x[] = {1, 1, 0, 0, 0, 0}, y[] = {3, 1}, weight[] = {1, 1};
    double       coef[3];
    (void)state;
    assert_int_equal(jp_least_squares(x, y, weight, 2, 3, coef, NULL), JP_OK);
    assert_true(fabs(coef[0] - 1) < 1e-9 && fabs(coef[1] - 1) < 1e-9 && fabs(coef[2]) < 1e-9);
}

static void self_reads_what_models_write(void **state) {
    const char *const answers[] = {
        "w3, w5", "1. w3\n2. \"w5\"\n", "The words: w3, (w5).", "- W3\n- W5", "w3 w5", "w33, w3, w99, w5", "w3 w4, w5"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        formula_problem p;
        jp_selection    s = {0};
        formula_problem_open(&p, 12);
        jp_formula_say(p.engine, answers[i]);
        formula_run(&p, "self", i == 6 ? 3 : 2, 0, 0, &s);
        if (!jp_bitset_has(&s.selected, 3) || !jp_bitset_has(&s.selected, 5) ||
            jp_bitset_count(&s.selected) != (i == 6 ? 3 : 2))
            fail_msg("'%s' was not understood", answers[i]);
        formula_selection_free(&s);
        jp_formula_say(p.engine, "I am sorry, but I cannot answer that question at all today.");
        formula_run(&p, "self", 2, 0, 0, &s);
        assert_int_equal(jp_bitset_count(&s.selected), 0);
        formula_selection_free(&s);
        formula_problem_close(&p);
    }
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
        jp_study_repeat(&s, p.engine, &p.problem, &(jp_limits){.k = 3}, jp_method_find("jopa"), 3, 1, 5, NULL), JP_OK);
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
    assert_int_equal(jp_study_operators(drops, p.engine, &p.problem, &set, ops, 3, NULL), JP_OK);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruning_leaves_what_matters),
        cmocka_unit_test(the_smallest_set_is_found),
        cmocka_unit_test(joint_tells_who_acts_together),
        cmocka_unit_test(a_limit_leaves_unknowns),
        cmocka_unit_test(surrogate_learns_a_quadratic),
        cmocka_unit_test(regressions_find_the_coefficients),
        cmocka_unit_test(least_squares_takes_the_shortest),
        cmocka_unit_test(self_reads_what_models_write),
        cmocka_unit_test(repeats_count_units),
        cmocka_unit_test(operators_agree_on_a_formula),
        cmocka_unit_test(shrinking_keeps_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
