/* Sets that are about as good as the best, and the intervals of shares. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "search/study.h"

static void hold(jp_bitset *set, int n, const int *units, int count) {
    assert_int_equal(jp_bitset_init(set, n), JP_OK);
    for (int i = 0; i < count; i++) jp_bitset_add(set, units[i]);
}

/* Some runs of `method`, and the minimal sets near the best besides `own`: jp_near_list_free. */
static jp_near_set *near_sets(formula_problem *p, const char *method, int k, double noise, const jp_bitset *own,
                              int *n) {
    jp_near      near;
    jp_near_set *list = NULL;
    jp_stability s;
    jopa_error   e = {0};
    jp_near_init(&near, p->prompt.n_units, k, 0.02, noise);
    assert_int_equal(jp_near_add(&near, own, jp_formula_drop(p->engine, own), NULL), JP_OK);
    if (jp_study_repeat(&s, p->engine, &p->problem, &(jp_limits){.k = k}, jp_method_find(method), k, 1, 3, &near, &e))
        fail_msg("%s", e.message);
    assert_int_equal(jp_near_list(&near, own, &list, n, NULL), JP_OK);
    jp_near_free(&near);
    jp_stability_free(&s);
    return list;
}

static bool is_pair(const jp_bitset *set, int a, int b) {
    return jp_bitset_count(set) == 2 && jp_bitset_has(set, a) && jp_bitset_has(set, b);
}

/* Two pairs of which either does the same: the one that was not chosen is the other answer, and only that; what holds
 * one of them is no answer of its own. */
static void interchangeable_sets_are_told(void **state) {
    const char *const methods[] = {"exhaustive", "jopa"};
    (void)state;
    for (size_t m = 0; m < 2; m++)
        for (int k = 2; k <= (m ? 2 : 3); k++) { /* not every search sees the smaller one of those with three */
            formula_problem p;
            jp_bitset       own;
            int             n;
            formula_problem_open(&p, 8);
            jp_formula_add(p.engine, 10, (int[]){1, 4}, 2, NULL);
            jp_formula_add(p.engine, 9.95, (int[]){2, 6}, 2, NULL);
            jp_formula_add(p.engine, 0.05, (int[]){7}, 1, NULL); /* of three units one more changes next to nothing */
            hold(&own, 8, (int[]){1, 4}, 2);
            jp_near_set *list = near_sets(&p, methods[m], k, 0, &own, &n);
            assert_int_equal(n, 1);
            assert_true(is_pair(&list[0].set, 2, 6) && fabs(list[0].drop - 9.95) < 1e-4);
            jp_near_list_free(list, n);
            jp_bitset_free(&own);
            formula_problem_close(&p);
        }
}

static void a_unique_set_has_no_others(void **state) {
    formula_problem p;
    jp_bitset       own;
    int             n;
    (void)state;
    formula_problem_open(&p, 8);
    jp_formula_add(p.engine, 10, (int[]){1, 4}, 2, NULL);
    jp_formula_add(p.engine, 9, (int[]){2, 6}, 2, NULL); /* a tenth less */
    hold(&own, 8, (int[]){1, 4}, 2);
    jp_near_list_free(near_sets(&p, "exhaustive", 2, 0, &own, &n), 0);
    assert_int_equal(n, 0);
    jp_near_set *list = near_sets(&p, "exhaustive", 2, 1.5, &own, &n); /* within the noise they are the same */
    assert_int_equal(n, 1);
    assert_true(is_pair(&list[0].set, 2, 6));
    jp_near_list_free(list, n);
    jp_bitset_free(&own);
    formula_problem_close(&p);
}

/* A smaller set that does as much comes before the one that was found, and is told. */
static void a_smaller_set_is_told(void **state) {
    formula_problem p;
    jp_bitset       own;
    int             n;
    (void)state;
    formula_problem_open(&p, 6);
    jp_formula_add(p.engine, 10, (int[]){3}, 1, NULL);
    jp_formula_add(p.engine, 0.1, (int[]){5}, 1, NULL);
    hold(&own, 6, (int[]){3, 5}, 2);
    jp_near_set *list = near_sets(&p, "exhaustive", 2, 0, &own, &n);
    assert_int_equal(n, 1);
    assert_true(jp_bitset_count(&list[0].set) == 1 && jp_bitset_has(&list[0].set, 3));
    jp_near_list_free(list, n);
    jp_bitset_free(&own);
    formula_problem_close(&p);
}

/* Whatever the effects: each that is told is near, of at most k units, holds no other, and the order is always the
 * same. */
static void near_sets_are_near_and_minimal(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        formula_problem p;
        jp_bitset       own;
        int             n, m;
        formula_problem_open(&p, 9);
        jp_formula_random(p.engine, 0.05, seed, NULL);
        double best = formula_best(&p, 3);
        hold(&own, 9, (int[]){0}, 1);
        jp_near_set *list = near_sets(&p, "exhaustive", 3, 0, &own, &n),
                    *again = near_sets(&p, "exhaustive", 3, 0, &own, &m);
        assert_int_equal(n, m);
        assert_true(n > 0 || !(best > 0) || fabs(jp_formula_drop(p.engine, &own) - best) < 1e-4);
        for (int i = 0; i < n; i++) {
            assert_in_range(jp_bitset_count(&list[i].set), 1, 3);
            assert_true(list[i].drop >= 0.98 * best - 1e-4);
            assert_true(fabs(list[i].drop - jp_formula_drop(p.engine, &list[i].set)) < 1e-4);
            assert_true(jp_bitset_equal(&list[i].set, &again[i].set));
            for (int j = 0; j < n; j++) {
                bool inside = true;
                for (int u = 0; u < 9; u++) inside &= !jp_bitset_has(&list[j].set, u) || jp_bitset_has(&list[i].set, u);
                assert_true(i == j || !inside);
            }
        }
        jp_near_list_free(list, n);
        jp_near_list_free(again, m);
        jp_bitset_free(&own);
        formula_problem_close(&p);
    }
}

/* Wilson's own: of 10 runs that select a unit 4 times, and the ends. By R's prop.test without correction. */
static void intervals_of_shares(void **state) {
    static const struct {
        double share;
        int    runs;
        double low, high;
    } cases[] = {
        {0.4, 10, 0.1681803, 0.6873262}, {1, 5, 0.5655175, 1}, {0, 5, 0, 0.4344825}, {0.5, 2, 0.0945312, 0.9054688}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double low, high;
        jp_share_interval(cases[i].share, cases[i].runs, &low, &high);
        assert_true(fabs(low - cases[i].low) < 1e-6 && fabs(high - cases[i].high) < 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interchangeable_sets_are_told), cmocka_unit_test(a_unique_set_has_no_others),
        cmocka_unit_test(a_smaller_set_is_told),         cmocka_unit_test(near_sets_are_near_and_minimal),
        cmocka_unit_test(intervals_of_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
