/* The closed-form engine against its own definition: scores through the scorer, and gradients by differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formula_problem.h"

static void scores_are_the_formula(void **state) {
    const jp_operator operators[] = {{JP_OPERATOR_ZERO, 0},
                                     {JP_OPERATOR_MEAN, 0},
                                     {JP_OPERATOR_DELETE, 0},
                                     {JP_OPERATOR_TOKEN, JP_FORMULA_TEMPLATE}};
    (void)state;
    for (size_t o = 0; o < sizeof operators / sizeof *operators; o++) {
        formula_problem p;
        jp_random       r;
        jp_bitset      *sets = jp_bitset_array_new(40, 17);
        double          drops[40];
        formula_problem_open(&p, 17);
        jp_formula_random(p.engine, 0.5, 3, NULL);
        p.problem.op = operators[o];
        formula_problem_start(&p, &(jp_limits){.k = 17});
        jp_random_seed(&r, 9);
        for (int i = 0; i < 40; i++)
            for (int u = 0; u < 17; u++)
                if (jp_random_unit(&r) < 0.3) jp_bitset_add(&sets[i], u);
        assert_int_equal(jp_scorer_drops(p.scorer, sets, 40, drops, NULL), JP_OK);
        for (int i = 0; i < 40; i++) assert_true(fabs(drops[i] - jp_formula_drop(p.engine, &sets[i])) < 1e-5);
        assert_true(jp_formula_rows(p.engine) <= 41);
        jp_bitset_array_free(sets);
        formula_problem_close(&p);
    }
}

static void truth_tables(void **state) {
    /* drops of {}, {2}, {5}, {2, 5} */
    const double expected[3][4] = {{0, 1, 1, 1}, {0, 0, 0, 1}, {0, 1, 1, 0}};
    int (*const build[3])(jp_engine *, double, int, int, jopa_error *) = {jp_formula_and, jp_formula_or,
                                                                          jp_formula_xor};
    (void)state;
    for (int f = 0; f < 3; f++) {
        formula_problem p;
        jp_bitset       set;
        formula_problem_open(&p, 8);
        assert_int_equal(build[f](p.engine, 1, 2, 5, NULL), JP_OK);
        assert_int_equal(jp_bitset_init(&set, 8), JP_OK);
        for (int bits = 0; bits < 4; bits++) {
            jp_bitset_clear(&set);
            if (bits & 1) jp_bitset_add(&set, 2);
            if (bits & 2) jp_bitset_add(&set, 5);
            assert_true(fabs(jp_formula_drop(p.engine, &set) - expected[f][bits]) < 1e-12);
        }
        jp_bitset_free(&set);
        formula_problem_close(&p);
    }
}

static double value(jp_engine *engine, jp_gradient_request *r) {
    float log_probs[3];
    r->log_probs = log_probs;
    assert_int_equal(engine->ops->gradient(engine, r, NULL), JP_OK);
    r->log_probs = NULL;
    return (double)log_probs[0] + (double)log_probs[1];
}

/* d f / d bias and d f / d embedding of the first two target tokens against central differences. */
static void gradient_is_exact(void **state) {
    enum { N = 6, P = N + JP_FORMULA_LEAD + 1 };
    formula_problem p;
    int32_t         symbols[P];
    float           rows[P * 2], bias[P] = {0}, d_rows[P * 2], d_bias[P];
    (void)state;
    formula_problem_open(&p, N);
    jp_formula_random(p.engine, 0.5, 8, NULL);
    jp_formula_add(p.engine, 2, (int[]){0, 2, 4}, 3, NULL);
    for (int i = 0; i < P; i++) symbols[i] = p.prompt.tokens[i].id;
    for (int i = 0; i < P; i++) bias[i] = -0.1f * (float)i;
    p.engine->ops->embedding_rows(p.engine, symbols, P, rows, NULL);
    jp_gradient_request r = {.symbols = symbols,
                             .n_symbols = P,
                             .bias = bias,
                             .embedding = rows,
                             .response = p.response,
                             .n_response = 3,
                             .target_first = 0,
                             .target_last = 2,
                             .d_embedding = d_rows,
                             .d_bias = d_bias};
    assert_int_equal(p.engine->ops->gradient(p.engine, &r, NULL), JP_OK);
    r.d_embedding = r.d_bias = NULL;
    for (int i = 0; i < P; i++) {
        float *const x[2] = {&bias[i], &rows[2 * i]};
        const double expected[2] = {d_bias[i], d_rows[2 * i]};
        for (int j = 0; j < 2; j++) {
            float keep = *x[j];
            *x[j] = keep + 0.01f;
            double up = value(p.engine, &r);
            *x[j] = keep - 0.01f;
            double down = value(p.engine, &r);
            *x[j] = keep;
            assert_true(fabs((up - down) / 0.02 - expected[j]) < 2e-3);
        }
    }
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_formula),
        cmocka_unit_test(truth_tables),
        cmocka_unit_test(gradient_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
