/* How good the search of jopa is on landscapes that behave like those of a language model; see docs/search.md. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "landscape.h"

enum { INSTANCES = 40, MARKS = 4 }; /* marks: 1, 2, 3, 4 evaluations a unit */

typedef struct {
    double share[MARKS], final, ablation;
} outcome; /* shares of the best drop */

/* One search of `per_unit` evaluations a unit (0: the default budget); best: landscape_best. */
static void search(outcome *o, const landscape *l, double best, const char *method, double per_unit, uint64_t seed) {
    jopa_error   e = {0};
    jp_prompt    prompt;
    jp_scorer   *scorer;
    jp_selection found;
    int32_t      response[LANDSCAPE_TOKENS] = {0};
    int          k = (l->n + 9) / 10, budget = per_unit > 0 ? (int)(per_unit * l->n + 1) : 0, points;
    assert_int_equal(jp_formula_prompt(&prompt, l->n, &e), JP_OK);
    jp_problem problem = {.prompt = &prompt,
                          .op = {JP_OPERATOR_ZERO, 0},
                          .response = response,
                          .n_response = LANDSCAPE_TOKENS,
                          .target_last = LANDSCAPE_TOKENS};
    assert_int_equal(
        jp_scorer_new(&scorer, (jp_engine *)&l->base, &problem, &(jp_limits){.k = k, .budget = budget}, &e), JP_OK);
    assert_int_equal(jp_selection_init(&found, l->n, &e), JP_OK);
    assert_true(jp_method_find(method)->run(
                    &(jp_task){.scorer = scorer, .n = l->n, .k = k, .budget = budget, .seed = seed}, &found, &e) <= 0);
    const jp_trace_point *trace = jp_scorer_trace(scorer, &points);
    best = fmax(best, trace[points - 1].drop);
    *o = (outcome){.final = trace[points - 1].drop / best, .ablation = landscape_ablation(l, k) / best};
    for (int m = 0; m < MARKS; m++)
        for (int i = 0; i < points && trace[i].evaluations <= (m + 1) * l->n + 1; i++)
            o->share[m] = trace[i].drop / best;
    jp_selection_free(&found);
    jp_scorer_free(scorer);
    jp_prompt_free(&prompt);
}

static double best_of(const landscape *l) { return landscape_best(l, (l->n + 9) / 10); }

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, ascending);
    return x[n / 2];
}

/* The medians that the search has to reach; never less than what single drops give. */
static void near_the_best(void **state) {
    double    share[MARKS][INSTANCES], sum = 0, ablation = 0;
    landscape l;
    (void)state;
    for (int i = 0; i < INSTANCES; i++) {
        outcome o;
        landscape_make(&l, 24, 70, (uint64_t)i);
        search(&o, &l, best_of(&l), "jopa", 4, (uint64_t)i);
        for (int m = 0; m < MARKS; m++) share[m][i] = o.share[m];
        assert_true(o.final >= o.ablation - 1e-6);
        sum += o.final / INSTANCES;
        ablation += o.ablation / INSTANCES;
    }
    double at[MARKS];
    for (int m = 0; m < MARKS; m++) at[m] = median(share[m], INSTANCES);
    print_message("share of the best: median %.3f %.3f %.3f %.3f at 1, 2, 3, 4 evaluations a unit; mean %.3f, single "
                  "drops %.3f\n",
                  at[0], at[1], at[2], at[3], sum, ablation);
    assert_true(at[1] >= 0.90 && at[3] >= 0.97 && sum >= 1.25 * ablation);
}

/* At most 2,000 sets: the optimum within 3 evaluations a unit or a fifth of the sets. */
static void small_instances_are_solved(void **state) {
    landscape l;
    int       solved = 0, count = 3 * INSTANCES;
    (void)state;
    for (int i = 0; i < count; i++) {
        outcome o;
        landscape_make(&l, 11, 21, (uint64_t)i);
        search(&o, &l, best_of(&l), "jopa", 0, (uint64_t)i);
        solved += o.final >= 1 - 1e-6;
    }
    print_message("small instances: the optimum in %d of %d\n", solved, count);
    assert_true(solved >= 0.95 * count);
}

/* The drop of the k units that the gradient ranks first, as a share of the best one. */
static double share_of_guide(const landscape *l, double best_drop) {
    int  k = (l->n + 9) / 10;
    bool none[LANDSCAPE_UNITS] = {0}, hidden[LANDSCAPE_UNITS] = {0};
    for (int taken = 0; taken < k; taken++) {
        int best = -1;
        for (int i = 0; i < l->n; i++)
            if (!hidden[i] && (best < 0 || l->guide[i] > l->guide[best])) best = i;
        hidden[best] = true;
    }
    return (landscape_score(l, none) - landscape_score(l, hidden)) / best_drop;
}

/* Less than an evaluation a unit: the search finds most of the drop where it has a gradient, much of it without, and
 * what it has seen gets better all the time, from the set of the gradient on. */
static void little_is_spent_well(void **state) {
    enum { BUDGETS = 3 };
    static const double per_unit[BUDGETS] = {0.25, 0.5, 1}, guided_least[BUDGETS] = {0.65, 0.78, 0.88},
                        alone_least[BUDGETS] = {0.35, 0.6, 0.8};
    double    guided[BUDGETS] = {0}, alone[BUDGETS] = {0};
    landscape l;
    (void)state;
    for (int i = 0; i < INSTANCES; i++) {
        outcome o;
        landscape_make(&l, 26, 90, (uint64_t)i);
        landscape_add_gradients(&l, (uint64_t)i);
        double best = best_of(&l);
        for (int b = 0; b < BUDGETS; b++) {
            search(&o, &l, best, "jopa", per_unit[b], (uint64_t)i);
            guided[b] += o.final / INSTANCES;
            assert_true(o.final >= share_of_guide(&l, best) - 0.01);
            search(&o, &l, best, "jopa-nograd", per_unit[b], (uint64_t)i);
            alone[b] += o.final / INSTANCES;
        }
    }
    for (int b = 0; b < BUDGETS; b++) {
        print_message("%.2f evaluations a unit: %.3f, without a gradient %.3f\n", per_unit[b], guided[b], alone[b]);
        assert_true(guided[b] >= guided_least[b] && alone[b] >= alone_least[b]);
    }
    assert_true(guided[0] >= 1.15 * alone[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_the_best),
        cmocka_unit_test(small_instances_are_solved),
        cmocka_unit_test(little_is_spent_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
