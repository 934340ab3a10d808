#include "formula_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "method/exhaustive.h"

void formula_problem_open(formula_problem *p, int n) {
    jopa_error e = {0};
    *p = (formula_problem){.response = {1, 2, 3}};
    assert_int_equal(jp_formula_new(&p->engine, n, &e), JP_OK);
    assert_int_equal(jp_formula_prompt(&p->prompt, n, &e), JP_OK);
    p->problem = (jp_problem){.prompt = &p->prompt,
                              .op = {.kind = JP_OPERATOR_ZERO},
                              .response = p->response,
                              .n_response = 3,
                              .target_first = 0,
                              .target_last = 3};
}

void formula_problem_start(formula_problem *p, const jp_limits *limits) {
    jopa_error e = {0};
    jp_scorer_free(p->scorer);
    p->scorer = NULL;
    assert_int_equal(jp_scorer_new(&p->scorer, p->engine, &p->problem, limits, &e), JP_OK);
}

void formula_problem_close(formula_problem *p) {
    jp_scorer_free(p->scorer);
    jp_prompt_free(&p->prompt);
    p->engine->ops->destroy(p->engine);
}

int formula_run(formula_problem *p, const char *method, int k, int budget, uint64_t seed, jp_selection *selection) {
    jopa_error       e = {0};
    const jp_method *m = jp_method_find(method);
    int              n = p->prompt.n_units;
    formula_problem_start(p, &(jp_limits){.budget = budget, .k = k});
    assert_non_null(m);
    assert_int_equal(jp_bitset_init(&selection->selected, n), JP_OK);
    selection->score = malloc(2 * (size_t)n * sizeof(double));
    assert_non_null(selection->score);
    selection->probability = selection->score + n;
    for (int i = 0; i < 2 * n; i++) selection->score[i] = NAN;
    int status = m->run(&(jp_task){.scorer = p->scorer, .n = n, .k = k, .budget = budget, .seed = seed}, selection, &e);
    if (status > 0) fail_msg("%s: %s", method, e.message);
    assert_int_equal(e.code, JP_OK); /* what it could do without is not an error */
    return status;
}

void formula_selection_free(jp_selection *selection) {
    jp_bitset_free(&selection->selected);
    free(selection->score);
}

double formula_best(const formula_problem *p, int k) {
    int       n = p->prompt.n_units, units[16];
    double    best = -INFINITY;
    jp_bitset set;
    assert_true(k <= 16);
    assert_int_equal(jp_bitset_init(&set, n), JP_OK);
    for (int size = 1; size <= k; size++) {
        for (int i = 0; i < size; i++) units[i] = i;
        do {
            jp_bitset_clear(&set);
            for (int i = 0; i < size; i++) jp_bitset_add(&set, units[i]);
            best = fmax(best, jp_formula_drop(p->engine, &set));
        } while (jp_combination_next(units, n, size));
    }
    jp_bitset_free(&set);
    return best;
}
