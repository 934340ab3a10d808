/* The surrogate, what is said about a found set, the regressions, and the parsing of what a model says of itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "search/joint.h"
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

/* ---- the surrogate of a quadratic function ---------------------------------------------------------------------- */

enum { N = 12, MEMBERS = 4, SETS = 200, UNSEEN = 50 };

typedef struct {
    formula_problem p;
    jp_surrogate   *s;
    jp_quadratic    q; /* the posterior mean */
    jp_random       r;
    jp_bitset       set;
} learner;

static void draw(learner *l, int *units) {
    jp_random_subset(&l->r, N, MEMBERS, units);
    jp_bitset_clear(&l->set);
    for (int i = 0; i < MEMBERS; i++) jp_bitset_add(&l->set, units[i]);
}

static void learn(learner *l) {
    double mean[N] = {0}, v[N];
    int    units[MEMBERS];
    *l = (learner){0};
    formula_problem_open(&l->p, N);
    jp_formula_random(l->p.engine, 0.5, 4, NULL);
    jp_random_seed(&l->r, 2);
    assert_int_equal(jp_surrogate_new(&l->s, N, NULL), JP_OK);
    assert_int_equal(jp_quadratic_init(&l->q, N), JP_OK);
    hold(&l->set, N, NULL, 0);
    for (int i = 0; i < N; i++) v[i] = 1;
    for (int t = 0; t < SETS; t++) {
        draw(l, units);
        assert_int_equal(jp_surrogate_add(l->s, &l->set, jp_formula_drop(l->p.engine, &l->set), NULL), JP_OK);
    }
    assert_int_equal(jp_surrogate_fit(l->s, mean, v, NULL), JP_OK);
    jp_surrogate_mean(l->s, &l->q);
}

static void forget(learner *l) {
    jp_bitset_free(&l->set);
    jp_quadratic_free(&l->q);
    jp_surrogate_free(l->s);
    formula_problem_close(&l->p);
}

static double predicted(const learner *l, const int *units) {
    double sum = 0;
    for (int i = 0; i < MEMBERS; i++) {
        sum += l->q.linear[units[i]];
        for (int j = 0; j < i; j++) sum += l->q.pair[units[i] * N + units[j]];
    }
    return sum;
}

static void surrogate_learns_a_quadratic(void **state) {
    learner l;
    int     units[MEMBERS];
    (void)state;
    learn(&l);
    for (int t = 0; t < UNSEEN; t++) { /* sets that it has mostly not seen */
        draw(&l, units);
        assert_true(fabs(predicted(&l, units) - jp_formula_drop(l.p.engine, &l.set)) < 0.05);
    }
    for (int i = 0; i < N; i++) assert_true(l.q.pair[i * N + i] == 0 && fabs(l.q.pair[i] - l.q.pair[i * N]) < 1e-12);
    double linear = l.q.linear[3];
    assert_int_equal(jp_surrogate_sample(l.s, &l.r, 0, &l.q, NULL), JP_OK); /* temperature 0: the mean */
    assert_true(fabs(l.q.linear[3] - linear) < 1e-9);
    forget(&l);
}

static void surrogate_climbs_to_the_best(void **state) {
    learner l;
    double  gain[N];
    (void)state;
    learn(&l);
    jp_bitset_clear(&l.set);
    jp_quadratic_climb(&l.q, MEMBERS, &l.set, gain);
    assert_true(jp_formula_drop(l.p.engine, &l.set) > 0.85 * formula_best(&l.p, MEMBERS));
    forget(&l);
}

/* ---- self ------------------------------------------------------------------------------------------------------- */

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruning_leaves_what_matters),  cmocka_unit_test(joint_tells_who_acts_together),
        cmocka_unit_test(a_limit_leaves_unknowns),      cmocka_unit_test(surrogate_learns_a_quadratic),
        cmocka_unit_test(surrogate_climbs_to_the_best), cmocka_unit_test(self_reads_what_models_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
