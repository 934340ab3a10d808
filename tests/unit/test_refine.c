/* Exchanges around a set, on closed-form problems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "formula_problem.h"
#include "search/refine.h"

enum { N = 400, K = 40, ROW = N + JP_FORMULA_LEAD + 1 + 2 };

/* Every fifth unit is worth a nat; pairs of neighbours of some of them are worth another. */
static void open_many(formula_problem *p) {
    formula_problem_open(p, N);
    for (int u = 0; u < N; u += 5) assert_int_equal(jp_formula_add(p->engine, 1, (int[]){u}, 1, NULL), JP_OK);
    for (int u = 0; u < N; u += 25) assert_int_equal(jp_formula_add(p->engine, 1, (int[]){u, u + 1}, 2, NULL), JP_OK);
}

typedef struct {
    jp_bitset set;
    double    before, drop;
    int       status;
    jp_cost   cost;
} outcome;

/* From the first K units on. */
static outcome refine(formula_problem *p, const double *expect, int64_t tokens, const jp_bitset *starts, int n_starts,
                      uint64_t seed) {
    outcome    o = {0};
    jopa_error e = {0};
    formula_problem_start(p, &(jp_limits){.k = K, .tokens = tokens});
    assert_int_equal(jp_bitset_init(&o.set, N), JP_OK);
    for (int u = 0; u < K; u++) jp_bitset_add(&o.set, u);
    assert_int_equal(jp_scorer_drops(p->scorer, &o.set, 1, &o.before, &e), JP_OK);
    o.drop = o.before;
    o.status = jp_refine(p->scorer, K, seed, expect, tokens, starts, n_starts, &o.set, &o.drop, &e);
    if (o.status > 0) fail_msg("%s", e.message);
    assert_int_equal(e.code, JP_OK);
    double again = NAN;
    assert_true(jp_scorer_known(p->scorer, &o.set, &again));
    assert_float_equal(again, o.drop, 1e-9);
    assert_in_range(jp_bitset_count(&o.set), 1, K);
    jp_scorer_cost(p->scorer, &o.cost);
    return o;
}

static void test_exchanges_raise_the_drop(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        formula_problem p;
        open_many(&p);
        outcome o = refine(&p, NULL, 200 * ROW, NULL, 0, seed);
        assert_float_equal(o.before, 10, 0.01); /* 8 units and 2 pairs */
        assert_true(o.drop > 2.5 * o.before);
        assert_in_range(o.cost.decoded_tokens, ROW, 210 * ROW);
        assert_int_equal(o.cost.gradients, 1);
        jp_bitset_free(&o.set);
        formula_problem_close(&p);
    }
}

static void test_it_does_without_attention_bias(void **state) {
    formula_problem p;
    (void)state;
    open_many(&p);
    jp_formula_no_bias(p.engine);
    outcome o = refine(&p, NULL, 200 * ROW, NULL, 0, 1);
    assert_true(o.drop > 1.2 * o.before);
    jp_bitset_free(&o.set);
    formula_problem_close(&p);
}

static void test_what_is_expected_is_used(void **state) {
    formula_problem p;
    double         *expect = calloc(N, sizeof *expect);
    (void)state;
    assert_non_null(expect);
    for (int u = 0; u < N; u += 5) expect[u] = 1;
    open_many(&p);
    jp_formula_restrict(p.engine, JP_CAN_SCORE);
    outcome o = refine(&p, expect, 60 * ROW, NULL, 0, 1);
    assert_true(o.drop > 39.9); /* as many units as there may be, each worth a nat at least */
    jp_bitset_free(&o.set);
    formula_problem_close(&p);
    free(expect);
}

static void test_the_best_start_is_taken(void **state) {
    formula_problem p;
    jp_bitset      *starts = jp_bitset_array_new(2, N);
    (void)state;
    assert_non_null(starts);
    for (int i = 0; i < K; i++) {
        jp_bitset_add(starts, N - 1 - i);
        jp_bitset_add(starts + 1, 5 * i);
    }
    open_many(&p);
    jp_formula_restrict(p.engine, JP_CAN_SCORE);
    outcome o = refine(&p, NULL, 12 * ROW, starts, 2, 1);
    assert_true(o.drop > 39.9);
    jp_bitset_free(&o.set);
    formula_problem_close(&p);
    jp_bitset_array_free(starts);
}

/* The bill holds a gradient as the tokens it costs, and goes little beyond what is allowed. */
static void test_the_bill(void **state) {
    formula_problem p;
    (void)state;
    open_many(&p);
    outcome o = refine(&p, NULL, 14 * ROW, NULL, 0, 1);
    assert_int_equal(o.status, JP_STOP);
    assert_int_equal(o.cost.gradients, 1);
    assert_in_range(o.cost.decoded_tokens, 14 * ROW, 14 * ROW + 5 * ROW);
    assert_true(o.cost.decoded_tokens >= (o.cost.evaluations / 4 + 4) * ROW);
    jp_bitset_free(&o.set);
    formula_problem_close(&p);
}

/* Only what the set has is worth anything: it ends by itself. */
static void test_it_ends(void **state) {
    formula_problem p;
    (void)state;
    formula_problem_open(&p, N);
    jp_formula_add(p.engine, 3, (int[]){0}, 1, NULL);
    outcome o = refine(&p, NULL, 100000 * (int64_t)ROW, NULL, 0, 1);
    assert_int_equal(o.status, JP_OK);
    assert_float_equal(o.drop, 3, 1e-4);
    assert_true(jp_bitset_has(&o.set, 0));
    jp_bitset_free(&o.set);
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges_raise_the_drop),
        cmocka_unit_test(test_it_does_without_attention_bias),
        cmocka_unit_test(test_what_is_expected_is_used),
        cmocka_unit_test(test_the_best_start_is_taken),
        cmocka_unit_test(test_the_bill),
        cmocka_unit_test(test_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
