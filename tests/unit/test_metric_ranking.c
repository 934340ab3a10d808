/* Metrics of methods that rank the units, on scores that are known functions of what is hidden. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "metric/metric.h"
#include "metric/ranking.h"

static double number(const jp_explanation *x, const char *group, const char *name) {
    for (int i = 0; i < x->n_metrics; i++)
        if (!strcmp(x->metrics[i].group, group) && !strcmp(x->metrics[i].name, name)) return x->metrics[i].value;
    return NAN;
}

static void near(double value, double expected) {
    if (!(fabs(value - expected) < 1e-5)) fail_msg("%.12g instead of %.12g", value, expected);
}

/* The metrics of `list` with these scores, on a problem that has begun; what they return. */
static int measure_with(formula_problem *p, jp_explanation *x, const char *list, const double *score, uint64_t seed) {
    unsigned    bits;
    jp_bitset   none;
    jopa_error  e = {0};
    jp_measured m = {.scorer = p->scorer, .selected = &none, .score = score, .response = "a", .seed = seed};
    *x = (jp_explanation){0};
    assert_int_equal(jp_bitset_init(&none, p->prompt.n_units), JP_OK);
    assert_int_equal(jp_metric_parse(list, &bits, &e), JP_OK);
    int status = jp_metric_measure(bits, &m, x, &e);
    jp_bitset_free(&none);
    return status;
}

/* `n` units, unit i worth weight[i]; *rows: evaluations that it took. */
static void measure_additive(jp_explanation *x, const char *list, int n, const double *weight, const double *score,
                             uint64_t seed, int64_t *rows) {
    formula_problem p;
    jopa_error      e = {0};
    formula_problem_open(&p, n);
    assert_int_equal(jp_formula_additive(p.engine, weight, &e), JP_OK);
    formula_problem_start(&p, &(jp_limits){.k = n});
    int64_t before = jp_formula_rows(p.engine);
    assert_int_equal(measure_with(&p, x, list, score, seed), JP_OK);
    if (rows) *rows = jp_formula_rows(p.engine) - before;
    formula_problem_close(&p);
}

static double lds(int n, const double *weight, const double *score, uint64_t seed) {
    jp_explanation x;
    measure_additive(&x, "lds", n, weight, score, seed, NULL);
    double value = number(&x, "lds", "spearman");
    assert_int_equal(x.n_metrics, !isnan(value));
    jp_explanation_free(&x);
    return value;
}

/* ---- rank correlation ---------------------------------------------------------------------------------------------
 */

static void spearman_by_hand(void **state) {
    static const double x[] = {1, 2, 3, 4, 5}, y[] = {5, 6, 7, 8, 7}, same[] = {2, 2, 2, 2, 2},
                        wild[] = {-INFINITY, -3, 0, 1e300, INFINITY}, down[] = {9, 8, -1, -2, -3},
                        tied[] = {1, 1, 2, 2, 3}, lost[] = {1, 2, NAN, 4, 5};
    const struct {
        const double *x, *y;
        int           n;
        double        expected;
    } cases[] = {
        {x, y, 5, 8 / sqrt(95)}, /* ranks of y: 1, 2, 3.5, 5, 3.5 */
        {x, tied, 5, 9 / sqrt(90)}, {x, wild, 5, 1},   {x, down, 5, -1}, {tied, tied, 5, 1}, {x, down, 2, -1},
        {x, same, 5, NAN},          {x, lost, 5, NAN}, {x, x, 1, NAN},   {x, x, 0, NAN},
    };
    jopa_error e = {0};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        double        value = 7, expected = cases[i / 2].expected;
        const double *a = cases[i / 2].x, *b = cases[i / 2].y;
        assert_int_equal(jp_spearman(i % 2 ? a : b, i % 2 ? b : a, cases[i / 2].n, &value, &e), JP_OK);
        if (isnan(expected)) assert_true(isnan(value));
        else near(value, expected);
    }
}

static void rankings(void **state) {
    static const double values[] = {2, NAN, 5, 2, -INFINITY, 7};
    static const int    expected[] = {5, 2, 0, 3};
    jp_ranked          *order = jp_ranking(values, 6);
    (void)state;
    assert_non_null(order);
    for (int i = 0; i < 4; i++) assert_int_equal(order[i].index, expected[i]);
    free(order);
    order = jp_ranking(values, 0);
    assert_non_null(order);
    free(order);
}

/* ---- the linear datamodeling score --------------------------------------------------------------------------------
 */

/* Scores in proportion to what the units are worth predict the order of all subsets. */
static void lds_of_a_linear_model(void **state) {
    double weight[10], score[10];
    (void)state;
    for (int i = 0; i < 10; i++) weight[i] = (i + 1) * (i % 3 == 0 ? -0.25 : 0.25);
    for (int n = 1; n <= 10; n++) {
        for (int i = 0; i < n; i++) score[i] = 3 * weight[i];
        near(lds(n, weight, score, 5), 1);
        for (int i = 0; i < n; i++) score[i] = -weight[i];
        near(lds(n, weight, score, 5), -1);
    }
    weight[4] = 0; /* a unit without a score adds nothing */
    for (int i = 0; i < 10; i++) score[i] = i == 4 ? NAN : weight[i];
    near(lds(10, weight, score, 0), 1);
}

static void lds_that_is_not_defined(void **state) {
    double weight[4] = {1, 2, 3, 4}, nothing[4] = {0}, lost[4] = {NAN, NAN, NAN, NAN};
    (void)state;
    assert_true(isnan(lds(4, weight, nothing, 1)));
    assert_true(isnan(lds(4, weight, lost, 1)));
    assert_true(isnan(lds(4, nothing, weight, 1)));
    assert_true(isnan(lds(4, weight, NULL, 1))); /* the method ranks nothing */
}

/* Scores of units without effect say nothing: the correlation is that of 128 independent draws. */
static void lds_of_chance(void **state) {
    double weight[12] = {0}, score[12] = {0}, sum = 0;
    (void)state;
    for (int i = 0; i < 6; i++) weight[i] = score[6 + i] = i + 1;
    for (uint64_t seed = 0; seed < 20; seed++) {
        double value = lds(12, weight, score, seed);
        assert_true(fabs(value) < 0.4);
        near(lds(12, weight, score, seed), value);
        assert_true(seed == 0 || value != lds(12, weight, score, seed - 1));
        sum += value;
    }
    assert_true(fabs(sum / 20) < 0.1);
}

static int refuse(void *user, int evaluations, int budget, double best) {
    (void)user, (void)evaluations, (void)budget, (void)best;
    return 1;
}

static void lds_takes_128_subsets(void **state) {
    double          weight[20], score[20];
    jp_explanation  x;
    int64_t         rows;
    formula_problem p;
    (void)state;
    for (int i = 0; i < 20; i++) weight[i] = score[i] = i + 1;
    measure_additive(&x, "lds", 20, weight, score, 3, &rows);
    assert_in_range(rows, 125, 128); /* of a million subsets two that are drawn are hardly ever the same */
    jp_explanation_free(&x);
    measure_additive(&x, "lds", 2, weight, score, 3, &rows);
    assert_int_equal(rows, 3);
    jp_explanation_free(&x);
    formula_problem_open(&p, 20);
    formula_problem_start(&p, &(jp_limits){.k = 20});
    jp_scorer_relimit(p.scorer, &(jp_limits){.k = 20, .progress = refuse});
    assert_int_equal(measure_with(&p, &x, "lds,top_k_drop,curves", score, 3), JP_STOP);
    assert_int_equal(x.n_metrics, 0);
    jp_explanation_free(&x);
    formula_problem_close(&p);
}

/* What a method was fitted to is not what it is tested on, by the same seed. */
static void lds_draws_apart_from_methods(void **state) {
    static const char *const methods[] = {"lime", "kernelshap", "random"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        formula_problem p;
        jp_explanation  x;
        jp_selection    found;
        double          score[20];
        formula_problem_open(&p, 20);
        formula_run(&p, methods[i], 3, 200, 9, &found);
        jp_scorer_relimit(p.scorer, &(jp_limits){.k = 20});
        for (int u = 0; u < 20; u++) score[u] = u;
        int64_t before = jp_formula_rows(p.engine);
        assert_int_equal(measure_with(&p, &x, "lds", score, 9), JP_OK);
        assert_in_range(jp_formula_rows(p.engine) - before, 125, 128);
        jp_explanation_free(&x);
        formula_selection_free(&found);
        formula_problem_close(&p);
    }
}

/* ---- top-k drops ---------------------------------------------------------------------------------------------------
 */

static void top_k_drops_by_hand(void **state) {
    double         weight[10], score[10];
    jp_explanation x;
    int64_t        rows;
    (void)state;
    for (int i = 0; i < 10; i++) weight[i] = i + 1, score[i] = i;
    measure_additive(&x, "top_k_drop", 10, weight, score, 0, &rows);
    assert_int_equal(x.n_metrics, 3);
    assert_int_equal(rows, 3);
    near(number(&x, "top_k_drop", "top_1"), 10);
    near(number(&x, "top_k_drop", "top_3"), 10 + 9 + 8);
    near(number(&x, "top_k_drop", "top_5"), 10 + 9 + 8 + 7 + 6);
    jp_explanation_free(&x);
    measure_additive(&x, "top_k_drop", 10, weight, NULL, 0, &rows);
    assert_int_equal(x.n_metrics, 0); /* the method ranks nothing */
    assert_int_equal(rows, 0);
    jp_explanation_free(&x);
}

static void top_k_drops_of_few(void **state) {
    double         weight[6] = {1, 2, 4, 8, 16, 32}, score[6] = {-1, 5, 5, 5, NAN, NAN};
    jp_explanation x;
    (void)state;
    measure_additive(&x, "top_k_drop", 6, weight, score, 0, NULL);
    assert_int_equal(x.n_metrics, 2); /* four units have a score */
    near(number(&x, "top_k_drop", "top_1"), 2);
    near(number(&x, "top_k_drop", "top_3"), 2 + 4 + 8);
    jp_explanation_free(&x);
    measure_additive(&x, "top_k_drop", 2, weight, score, 0, NULL);
    assert_int_equal(x.n_metrics, 1);
    near(number(&x, "top_k_drop", "top_1"), 2);
    jp_explanation_free(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spearman_by_hand),
        cmocka_unit_test(rankings),
        cmocka_unit_test(lds_of_a_linear_model),
        cmocka_unit_test(lds_that_is_not_defined),
        cmocka_unit_test(lds_of_chance),
        cmocka_unit_test(lds_takes_128_subsets),
        cmocka_unit_test(lds_draws_apart_from_methods),
        cmocka_unit_test(top_k_drops_by_hand),
        cmocka_unit_test(top_k_drops_of_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
