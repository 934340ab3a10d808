/* Metrics of a closed-form problem, whose engine is lent next-token distributions and embeddings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "metric/metric.h"

/* ---- a formula engine with next() and embed() ----------------------------------------------------------------------
 */

enum { VOCABULARY = 1 << 23 }; /* so many that the metric takes the three response tokens in two steps */

static jp_engine_ops        lent;
static const jp_engine_ops *formula_ops;
static int                  prompt_size, next_calls;

static unsigned can_all(void *self) { return formula_ops->capabilities(self) | JOPA_CAN_NEXT | JOPA_CAN_EMBED; }
static int      n_vocab(void *self) { return (void)self, VOCABULARY; }

/* Two tokens share the probability: 1/2 and 1/2 when all units are shown, 1 - 2^-(t + 2) and the rest otherwise, t
 * counted in the response. */
static int next(void *self, jopa_next_request *rq, jopa_error *e) {
    bool hidden = false;
    (void)self, (void)e;
    next_calls++;
    for (int i = 0; i < rq->n_symbols; i++) hidden |= rq->symbols[i] == JP_SYMBOL_ZERO;
    for (int t = 0; t < rq->n_response; t++) {
        float *row = rq->out + (size_t)t * VOCABULARY,
              rest = hidden ? powf(2, -(float)(rq->n_symbols - prompt_size + t + 2)) : 0.5f;
        for (int v = 0; v < VOCABULARY; v++) row[v] = -INFINITY;
        row[0] = logf(1 - rest);
        row[1] = logf(rest);
    }
    return JP_OK;
}

enum { EMBED_MOST = 12 }; /* letters that it looks at */

/* Counts of the letters a and b. */
static int embed(void *self, const char *text, const jopa_stop *stop, float **out, int *n, int *left_out,
                 jopa_error *e) {
    int size = (int)strlen(text);
    (void)self, (void)stop, (void)e;
    *left_out = size > EMBED_MOST ? size - EMBED_MOST : 0;
    *out = calloc(2, sizeof **out);
    assert_non_null(*out);
    for (*n = 2; *text; text++)
        if (*text == 'a' || *text == 'b') (*out)[*text - 'a']++;
    return JP_OK;
}

static void lend(formula_problem *p) {
    formula_ops = p->engine->ops;
    lent = *formula_ops;
    lent.capabilities = can_all;
    lent.n_vocab = n_vocab;
    lent.next = next;
    lent.embed = embed;
    p->engine->ops = &lent;
    prompt_size = p->prompt.n_tokens;
    next_calls = 0;
}

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static double number(const jp_explanation *x, const char *group, const char *name) {
    for (int i = 0; i < x->n_metrics; i++)
        if (!strcmp(x->metrics[i].group, group) && !strcmp(x->metrics[i].name, name)) return x->metrics[i].value;
    return NAN;
}

static void near(double value, double expected) {
    if (!(fabs(value - expected) < 1e-5)) fail_msg("%.9g instead of %.9g", value, expected);
}

/* 10 units, unit i worth i + 1; measures `list` with units 2 and 5 hidden. */
static void measure(jp_explanation *x, const char *list, bool lending, const double *score, const char *masked,
                    double *full) {
    formula_problem p;
    jp_bitset       set;
    unsigned        bits;
    double          weights[10];
    jopa_error      e = {0};
    for (int i = 0; i < 10; i++) weights[i] = i + 1;
    formula_problem_open(&p, 10);
    assert_int_equal(jp_formula_additive(p.engine, weights, &e), JP_OK);
    if (lending) lend(&p);
    formula_problem_start(&p, &(jp_limits){.k = 10});
    assert_int_equal(jp_bitset_init(&set, 10), JP_OK);
    jp_bitset_add(&set, 2);
    jp_bitset_add(&set, 5);
    jp_measured m = {
        .scorer = p.scorer, .selected = &set, .score = score, .response = "aa b", .masked_response = masked};
    *x = (jp_explanation){0};
    assert_int_equal(jp_metric_parse(list, &bits, &e), JP_OK);
    assert_int_equal(jp_metric_measure(bits, &m, x, &e), JP_OK);
    *full = jp_scorer_full(p.scorer);
    jp_bitset_free(&set);
    formula_problem_close(&p);
}

/* ---- tests ---------------------------------------------------------------------------------------------------------
 */

static void lists_are_parsed(void **state) {
    unsigned   bits = 99;
    jopa_error e = {0};
    (void)state;
    assert_int_equal(jp_metric_parse("none", &bits, &e), JP_OK);
    assert_int_equal(bits, 0);
    assert_int_equal(jp_metric_parse("", &bits, &e), JP_OK);
    assert_int_equal(bits, 0);
    assert_false(jp_metric_generates(bits));
    assert_int_equal(jp_metric_parse("words,prob", &bits, &e), JP_OK);
    assert_int_equal(bits, 3);
    assert_true(jp_metric_generates(bits));
    assert_int_equal(jp_metric_parse("prob,word", &bits, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "'word'"));
    assert_int_equal(bits, 3);
    assert_ptr_equal(jp_metric_find("prob", 4), jp_metric_at(0));
    assert_null(jp_metric_find("pro", 3));
    assert_null(jp_metric_at(-1));
}

static void prob_by_hand(void **state) {
    jp_explanation x;
    double         full;
    (void)state;
    measure(&x, "prob", false, NULL, NULL, &full);
    near(number(&x, "prob", "drop"), 9);
    near(number(&x, "prob", "drop_per_token"), 3);
    near(number(&x, "prob", "probability_ratio"), exp(-3));
    near(number(&x, "prob", "log_probability_ratio"), -9);
    near(number(&x, "prob", "perplexity"), exp(-full / 3));
    near(log(number(&x, "prob", "perplexity_masked")), -(full - 9) / 3);
    assert_true(isnan(number(&x, "prob", "kl_divergence"))); /* this engine has no next-token distributions */
    jp_explanation_free(&x);
}

static void divergence_by_hand(void **state) {
    jp_explanation x;
    double         full, expected = 0;
    (void)state;
    measure(&x, "prob", true, NULL, NULL, &full);
    for (int t = 0; t < 3; t++) {
        double rest = pow(2, -(t + 2));
        expected += (0.5 * log(0.5 / (1 - rest)) + 0.5 * log(0.5 / rest)) / 3;
    }
    near(number(&x, "prob", "kl_divergence"), expected);
    assert_int_equal(next_calls, 4);
    jp_explanation_free(&x);
}

static void words_and_meaning_need_a_response(void **state) {
    jp_explanation x;
    double         full;
    (void)state;
    measure(&x, "words,meaning,sparsity", true, NULL, NULL, &full);
    assert_int_equal(x.n_metrics, 2);
    near(number(&x, "sparsity", "tokens"), 0.2);
    near(number(&x, "sparsity", "units"), 0.2);
    jp_explanation_free(&x);
    measure(&x, "words,meaning", true, NULL, "b b", &full);
    near(number(&x, "words", "total_variation"), 0.5);
    near(number(&x, "words", "rouge1"), 0.5);
    near(number(&x, "meaning", "state_distance"), 1 - 1 / sqrt(5));
    assert_true(isnan(number(&x, "meaning", "encoder_distance")));
    jp_explanation_free(&x);
    measure(&x, "meaning", true, NULL, "", &full);
    near(number(&x, "meaning", "state_distance"), 1);
    assert_true(isnan(number(&x, "meaning", "left_out_tokens")));
    jp_explanation_free(&x);
    measure(&x, "meaning", true, NULL, "aa b, and then more than it looks at", &full);
    near(number(&x, "meaning", "left_out_tokens"), 36 - EMBED_MOST);
    jp_explanation_free(&x);
}

static void curves_of_a_perfect_ranking(void **state) {
    double         score[10], full;
    jp_explanation x;
    (void)state;
    for (int i = 0; i < 10; i++) score[i] = i;
    score[0] = NAN; /* never taken: comes last */
    measure(&x, "curves", false, score, NULL, &full);
    assert_int_equal(x.n_metrics, 24);
    near(number(&x, "curves", "deletion_0"), full);
    near(number(&x, "curves", "deletion_10"), full - 10);
    near(number(&x, "curves", "deletion_30"), full - 27);
    near(number(&x, "curves", "deletion_100"), full - 55);
    near(number(&x, "curves", "insertion_0"), full - 55);
    near(number(&x, "curves", "insertion_30"), full - 28);
    near(number(&x, "curves", "insertion_100"), full);
    double deletion = 0, insertion = 0;
    for (int p = 0; p < 10; p++) { /* drops of the top p and p + 1: 10 + 9 + ... */
        double low = p * 10 - p * (p - 1) / 2.0, high = (p + 1) * 10 - p * (p + 1) / 2.0;
        deletion += (full - (low + high) / 2) / 10;
        insertion += (full - 55 + (low + high) / 2) / 10;
    }
    near(number(&x, "curves", "deletion_area"), deletion);
    near(number(&x, "curves", "insertion_area"), insertion);
    jp_explanation_free(&x);
    measure(&x, "curves", false, NULL, NULL, &full);
    assert_int_equal(x.n_metrics, 0); /* the method ranks nothing */
    jp_explanation_free(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_parsed),
        cmocka_unit_test(prob_by_hand),
        cmocka_unit_test(divergence_by_hand),
        cmocka_unit_test(words_and_meaning_need_a_response),
        cmocka_unit_test(curves_of_a_perfect_ranking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
