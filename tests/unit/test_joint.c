/* What a set means, on closed-form scores: pruning, synergy, necessity, pairs by interaction. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include "formula_problem.h"
#include "search/joint.h"

enum { UNITS = 10 };

static jp_bitset set_of(const int *units, int n) {
    jp_bitset set;
    assert_int_equal(jp_bitset_init(&set, UNITS), JP_OK);
    for (int i = 0; i < n; i++) jp_bitset_add(&set, units[i]);
    return set;
}

/* Either of 2 and 5 is enough for the model: only together they matter. */
static void test_redundant_pair_is_synergy(void **state) {
    (void)state;
    formula_problem p;
    formula_problem_open(&p, UNITS);
    assert_int_equal(jp_formula_or(p.engine, 8, 2, 5, NULL), JP_OK);
    int weight_of[] = {7};
    assert_int_equal(jp_formula_add(p.engine, 1, weight_of, 1, NULL), JP_OK);
    formula_problem_start(&p, &(jp_limits){.k = UNITS});
    jp_bitset set = set_of((int[]){2, 5, 7}, 3);
    jp_joint  joint;
    assert_int_equal(jp_joint_analyse(&joint, p.scorer, &set, NULL), JP_OK);
    assert_float_equal(joint.sum_of_single_drops, 1, 1e-3);
    assert_float_equal(joint.synergy, 8, 1e-3);
    assert_int_equal(joint.n_units, 3);
    assert_int_equal(joint.units[0].unit, 2);
    assert_float_equal(joint.units[0].drop_without, 1, 1e-3);
    assert_float_equal(joint.units[2].drop_without, 8, 1e-3);
    assert_int_equal(joint.n_pairs, 3);
    assert_int_equal(joint.pairs[0].first, 2);
    assert_int_equal(joint.pairs[0].second, 5);
    assert_float_equal(joint.pairs[0].drop, 8, 1e-3);
    assert_float_equal(joint.pairs[0].interaction, 8, 1e-3);
    assert_float_equal(joint.pairs[1].interaction, 0, 1e-3);
    jp_joint_free(&joint);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

static void test_pruning_shows_what_adds_nothing(void **state) {
    (void)state;
    formula_problem p;
    formula_problem_open(&p, UNITS);
    assert_int_equal(jp_formula_or(p.engine, 10, 1, 4, NULL), JP_OK);
    assert_int_equal(jp_formula_add(p.engine, 0.1, (int[]){8}, 1, NULL), JP_OK); /* 1 % of the drop */
    assert_int_equal(jp_formula_add(p.engine, 0.5, (int[]){9}, 1, NULL), JP_OK); /* 5 % */
    formula_problem_start(&p, &(jp_limits){.k = UNITS});
    jp_bitset set = set_of((int[]){0, 1, 4, 8, 9}, 5), expected = set_of((int[]){1, 4, 9}, 3);
    assert_int_equal(jp_joint_prune(p.scorer, &set, 0.02, NULL), JP_OK);
    assert_true(jp_bitset_equal(&set, &expected));
    jp_bitset_free(&set);
    jp_bitset_free(&expected);
    formula_problem_close(&p);
}

/* A member whose return has no drop stays, wherever it stands. */
static void test_unknown_returns_are_no_reason(void **state) {
    (void)state;
    for (int unknown = 0; unknown < 3; unknown++) {
        formula_problem p;
        formula_problem_open(&p, UNITS);
        for (int u = 0; u < 3; u++) assert_int_equal(jp_formula_add(p.engine, 4, &u, 1, NULL), JP_OK);
        formula_problem_start(&p, &(jp_limits){.k = UNITS});
        jp_bitset set = set_of((int[]){0, 1, 2}, 3), without = set_of((int[]){0, 1, 2}, 3);
        jp_bitset_remove(&without, unknown);
        assert_int_equal(jp_scorer_note(p.scorer, &without, NAN, NULL), JP_OK);
        assert_int_equal(jp_joint_prune(p.scorer, &set, 0.02, NULL), JP_OK);
        assert_int_equal(jp_bitset_count(&set), 3);
        jp_bitset_free(&set);
        jp_bitset_free(&without);
        formula_problem_close(&p);
    }
}

static void test_empty_set_and_single_unit(void **state) {
    (void)state;
    formula_problem p;
    formula_problem_open(&p, UNITS);
    assert_int_equal(jp_formula_add(p.engine, 3, (int[]){6}, 1, NULL), JP_OK);
    formula_problem_start(&p, &(jp_limits){.k = UNITS});
    jp_bitset set = set_of(NULL, 0);
    jp_joint  joint;
    assert_int_equal(jp_joint_analyse(&joint, p.scorer, &set, NULL), JP_OK);
    assert_int_equal(joint.n_units, 0);
    jp_joint_free(&joint);
    jp_bitset_add(&set, 6);
    assert_int_equal(jp_joint_prune(p.scorer, &set, 0.02, NULL), JP_OK);
    assert_int_equal(jp_bitset_count(&set), 1);
    assert_int_equal(jp_joint_analyse(&joint, p.scorer, &set, NULL), JP_OK);
    assert_float_equal(joint.synergy, 0, 1e-3);
    assert_float_equal(joint.units[0].drop_without, 0, 1e-3);
    assert_int_equal(joint.n_pairs, 0);
    jp_joint_free(&joint);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redundant_pair_is_synergy),
        cmocka_unit_test(test_pruning_shows_what_adds_nothing),
        cmocka_unit_test(test_unknown_returns_are_no_reason),
        cmocka_unit_test(test_empty_set_and_single_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
