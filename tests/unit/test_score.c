/* The scorer: the cache, limits, the best set, and the bill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "formula_problem.h"
#include "score/cache.h"

/* ---- cache ------------------------------------------------------------------------------------------------------ */

static void test_cache_remembers(void **state) {
    (void)state;
    jp_cache cache;
    jp_cache_init(&cache, 130);
    jp_bitset mask;
    assert_int_equal(jp_bitset_init(&mask, 130), JP_OK);
    for (int i = 0; i < 130; i++)
        for (int j = 0; j < 20; j++) {
            jp_bitset_clear(&mask);
            jp_bitset_add(&mask, i);
            jp_bitset_add(&mask, (i * 7 + j) % 130);
            assert_int_equal(jp_cache_put(&cache, &mask, i * 1000 + (i * 7 + j) % 130), JP_OK);
        }
    double drop = 0;
    jp_bitset_clear(&mask);
    assert_false(jp_cache_get(&cache, &mask, &drop));
    jp_bitset_add(&mask, 129);
    jp_bitset_add(&mask, (129 * 7 + 3) % 130);
    assert_true(jp_cache_get(&cache, &mask, &drop));
    assert_true((int)drop % 1000 == (129 * 7 + 3) % 130 || (int)drop % 1000 == 129);
    jp_bitset_free(&mask);
    jp_cache_free(&cache);
}

/* ---- scorer ------------------------------------------------------------------------------------------------------ */

enum { UNITS = 12 };

static void open_scene(formula_problem *p, const jp_limits *limits) {
    formula_problem_open(p, UNITS);
    assert_int_equal(jp_formula_random(p->engine, 0.5, 3, NULL), JP_OK);
    formula_problem_start(p, limits);
}

static jp_bitset *random_masks(int n, uint64_t seed) {
    jp_bitset *masks = jp_bitset_array_new(n, UNITS);
    jp_random  r;
    jp_random_seed(&r, seed);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < 3; j++) jp_bitset_add(masks + i, jp_random_below(&r, UNITS));
    return masks;
}

static void test_drops_are_the_formula(void **state) {
    (void)state;
    formula_problem p;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = random_masks(100, 5);
    double     drops[100], again[100], best = -INFINITY;
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 100, drops, NULL), JP_OK);
    for (int i = 0; i < 100; i++) {
        assert_float_equal(drops[i], jp_formula_drop(p.engine, masks + i), 1e-4);
        if (drops[i] > best) best = drops[i];
    }
    double    seen;
    jp_bitset set;
    assert_int_equal(jp_bitset_init(&set, UNITS), JP_OK);
    assert_true(jp_scorer_best(p.scorer, &set, &seen));
    assert_float_equal(seen, best, 0);
    assert_float_equal(jp_formula_drop(p.engine, &set), best, 1e-4);
    jp_bitset_free(&set);
    int64_t rows = jp_formula_rows(p.engine);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 100, again, NULL), JP_OK); /* known sets are free */
    assert_int_equal(jp_formula_rows(p.engine), rows);
    assert_memory_equal(again, drops, sizeof drops);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* Each distinct set costs one evaluation, the unmasked prompt the first. */
static void test_cost_counts_distinct_sets(void **state) {
    (void)state;
    formula_problem p;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = jp_bitset_array_new(6, UNITS);
    for (int i = 0; i < 6; i++) jp_bitset_add(masks + i, i / 2);
    double  drops[6];
    jp_cost cost;
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 6, drops, NULL), JP_OK);
    jp_scorer_cost(p.scorer, &cost);
    assert_int_equal(cost.evaluations, 4);
    assert_int_equal(jp_formula_rows(p.engine), 4);
    assert_true(cost.decoded_tokens <= cost.naive_tokens);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

static void test_budget_stops_in_call_order(void **state) {
    (void)state;
    formula_problem p;
    open_scene(&p, &(jp_limits){.k = UNITS, .budget = 5});
    jp_bitset *masks = jp_bitset_array_new(UNITS, UNITS);
    for (int i = 0; i < UNITS; i++) jp_bitset_add(masks + i, UNITS - 1 - i);
    double  drops[UNITS];
    jp_cost cost;
    assert_int_equal(jp_scorer_drops(p.scorer, masks, UNITS, drops, NULL), JP_STOP);
    for (int i = 0; i < UNITS; i++) assert_int_equal(isnan(drops[i]) != 0, i >= 4);
    jp_scorer_cost(p.scorer, &cost);
    assert_int_equal(cost.evaluations, 5);
    assert_int_equal(jp_scorer_stopped(p.scorer), JP_STOP_BUDGET);
    jp_scorer_relimit(p.scorer, &(jp_limits){.k = UNITS});
    assert_int_equal(jp_scorer_drops(p.scorer, masks, UNITS, drops, NULL), JP_OK);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

static int stop_at_once(void *user, int evaluations, int budget, double best) {
    (void)evaluations, (void)budget, (void)best;
    ++*(int *)user;
    return 1;
}

static void test_callback_stops(void **state) {
    (void)state;
    formula_problem p;
    int             calls = 0;
    open_scene(&p, &(jp_limits){.k = UNITS, .progress = stop_at_once, .user = &calls});
    jp_bitset *masks = random_masks(3, 1);
    double     drops[3];
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 3, drops, NULL), JP_STOP);
    assert_int_equal(calls, 1);
    assert_int_equal(jp_scorer_stopped(p.scorer), JP_STOP_USER);
    for (int i = 0; i < 3; i++) assert_true(isnan(drops[i]));
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

static void test_best_respects_k(void **state) {
    (void)state;
    formula_problem p;
    open_scene(&p, &(jp_limits){.k = 1});
    jp_bitset *masks = random_masks(20, 9);
    double     drops[20];
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 20, drops, NULL), JP_OK);
    jp_bitset best;
    assert_int_equal(jp_bitset_init(&best, UNITS), JP_OK);
    if (jp_scorer_best(p.scorer, &best, NULL)) assert_int_equal(jp_bitset_count(&best), 1);
    jp_bitset_free(&best);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

static void test_log_probs_sum_to_f(void **state) {
    (void)state;
    formula_problem p;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = random_masks(8, 2);
    int        width = p.problem.target_last - p.problem.target_first;
    float     *log_probs = malloc(8 * (size_t)width * sizeof *log_probs);
    double     drops[8];
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 8, drops, NULL), JP_OK);
    assert_int_equal(jp_scorer_log_probs(p.scorer, masks, 8, log_probs, NULL), JP_OK);
    for (int i = 0; i < 8; i++) {
        double f = 0;
        for (int t = 0; t < width; t++) f += (double)log_probs[i * width + t];
        assert_float_equal(jp_scorer_full(p.scorer) - f, drops[i], 1e-4);
    }
    free(log_probs);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* ---- another scorer of the same prompt ------------------------------------------------------------------------------
 */

static void test_another_scorer_takes_over(void **state) {
    (void)state;
    formula_problem p;
    jp_scorer      *again = NULL, *knockouts = NULL;
    jp_cost         cost;
    double          drops[30], other[30];
    open_scene(&p, &(jp_limits){.k = UNITS});
    int64_t    rows = jp_formula_rows(p.engine);
    jp_bitset *masks = random_masks(30, 6);
    assert_int_equal(jp_scorer_again(&again, p.scorer, &p.problem, &(jp_limits){.k = UNITS}, 0, NULL), JP_OK);
    assert_int_equal(
        jp_scorer_again(&knockouts, p.scorer, &p.problem, &(jp_limits){.k = UNITS}, JP_FORMULA_LEAD + 4, NULL), JP_OK);
    assert_int_equal(jp_formula_rows(p.engine), rows); /* f(empty set) is taken over */
    assert_float_equal(jp_scorer_full(again), jp_scorer_full(p.scorer), 0);
    for (int i = 0; i < 30; i++) jp_bitset_remove(masks + i, 3); /* the unit before the tail is always attended to */
    assert_int_equal(jp_scorer_drops(again, masks, 30, drops, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(knockouts, masks, 30, other, NULL), JP_OK);
    for (int i = 0; i < 30; i++) {
        assert_float_equal(drops[i], jp_formula_drop(p.engine, masks + i), 1e-4);
        assert_float_equal(other[i], drops[i], 1e-4);
    }
    jp_scorer_cost(again, &cost);
    jp_scorer_charge(p.scorer, &cost);
    int64_t evaluations = cost.evaluations;
    jp_scorer_cost(p.scorer, &cost);
    assert_int_equal(cost.evaluations, evaluations + 1);
    assert_int_equal(jp_scorer_note(p.scorer, masks, drops[0], NULL), JP_OK);
    assert_true(jp_scorer_known(p.scorer, masks, other) && other[0] == drops[0]);
    jp_scorer_free(again);
    jp_scorer_free(knockouts);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* An engine that can hurry, and then says half of each log-probability. */
static struct {
    jp_engine_ops        ops;
    const jp_engine_ops *own;
    int                  fast, exact; /* calls */
} hurrying;

static unsigned can_hurry(void *self) { return hurrying.own->capabilities(self) | JOPA_CAN_HURRY; }

static int hurry(void *self, const jopa_score_request *rq, jopa_error *err) {
    bool fast = rq->flags & JOPA_SCORE_FAST;
    *(fast ? &hurrying.fast : &hurrying.exact) += 1;
    if (!fast) return hurrying.own->score(self, rq, err);
    jopa_score_request all = *rq;
    all.done = NULL;
    int  status = hurrying.own->score(self, &all, err);
    int *rows = malloc((size_t)rq->n_rows * sizeof *rows);
    for (int i = 0; i < rq->n_rows * (rq->last - rq->first); i++) rq->log_probs[i] /= 2;
    for (int i = 0; i < rq->n_rows; i++) rows[i] = i;
    rq->done(rq->user, rows, rq->n_rows, &(jopa_engine_cost){0});
    free(rows);
    return status;
}

static void open_hurrying(formula_problem *p) {
    open_scene(p, &(jp_limits){.k = UNITS});
    hurrying.own = p->engine->ops;
    hurrying.ops = *hurrying.own;
    hurrying.ops.capabilities = can_hurry;
    hurrying.ops.score = hurry;
    hurrying.fast = hurrying.exact = 0;
    p->engine->ops = &hurrying.ops;
}

static void test_fast_drops_are_forgotten(void **state) {
    (void)state;
    formula_problem p;
    double          exact, fast;
    open_hurrying(&p);
    jp_bitset *masks = random_masks(1, 9);
    assert_int_equal(jp_scorer_fast(p.scorer, true, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 1, &fast, NULL), JP_OK);
    assert_true(hurrying.fast == 1 && hurrying.exact == 0);
    assert_true(jp_scorer_known(p.scorer, masks, NULL));
    assert_int_equal(jp_scorer_fast(p.scorer, false, NULL), JP_OK);
    assert_false(jp_scorer_known(p.scorer, masks, NULL));
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 1, &exact, NULL), JP_OK);
    assert_true(hurrying.fast == 1 && hurrying.exact == 1);
    assert_float_equal(exact, jp_formula_drop(p.engine, masks), 1e-4);
    assert_float_equal(jp_scorer_full(p.scorer) - fast, (jp_scorer_full(p.scorer) - exact) / 2, 1e-4);
    assert_int_equal(jp_scorer_fast(p.scorer, false, NULL), JP_OK); /* nothing was hurried: nothing is forgotten */
    assert_true(jp_scorer_known(p.scorer, masks, NULL));
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* Nor do they stay as the best set, or in the trace. */
static void test_fast_drops_are_no_best(void **state) {
    (void)state;
    formula_problem p;
    double          drops[20], best;
    int             n;
    open_hurrying(&p);
    jp_bitset *masks = random_masks(21, 9);
    double     exact = -100;
    assert_int_equal(jp_scorer_note(p.scorer, masks + 20, exact, NULL), JP_OK);
    jp_scorer_trace(p.scorer, &n);
    assert_int_equal(n, 1);
    assert_int_equal(jp_scorer_fast(p.scorer, true, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 20, drops, NULL), JP_OK);
    assert_true(jp_scorer_best(p.scorer, NULL, &best) && best > exact); /* as long as they count */
    assert_int_equal(jp_scorer_fast(p.scorer, false, NULL), JP_OK);
    assert_true(jp_scorer_best(p.scorer, NULL, &best) && best == exact);
    assert_true(jp_scorer_trace(p.scorer, &n)->drop == exact && n == 1);
    assert_true(jp_scorer_known(p.scorer, masks + 20, NULL)); /* what was exact is still known */
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* What is no number never is the best. */
static void test_nan_is_no_best(void **state) {
    (void)state;
    formula_problem p;
    double          best;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = random_masks(2, 9);
    assert_int_equal(jp_scorer_note(p.scorer, masks, NAN, NULL), JP_OK);
    assert_false(jp_scorer_best(p.scorer, NULL, &best));
    assert_int_equal(jp_scorer_note(p.scorer, masks + 1, -3, NULL), JP_OK);
    assert_true(jp_scorer_best(p.scorer, NULL, &best) && best == -3);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* An engine behind no check: log-probabilities that it left out, or that are no numbers, are refused with its name. */
static int forget_last(void *self, const jopa_score_request *rq, jopa_error *e) {
    jopa_score_request all = *rq;
    all.done = NULL;
    int status = hurrying.own->score(self, &all, e);
    if (status) return status;
    int *rows = malloc((size_t)rq->n_rows * sizeof *rows);
    for (int i = 0; i < rq->n_rows; i++) rows[i] = i;
    if (rq->n_rows > 1) rq->log_probs[rq->n_rows * (rq->last - rq->first) - 1] = NAN;
    status = rq->done(rq->user, rows, rq->n_rows, &(jopa_engine_cost){0}) ? JOPA_ERROR_INTERRUPTED : JOPA_OK;
    free(rows);
    return status;
}

static void test_numbers_that_are_missing_are_refused(void **state) {
    (void)state;
    formula_problem p;
    double          drops[12];
    jopa_error      e = {0};
    open_hurrying(&p);
    hurrying.ops.score = forget_last;
    jp_bitset *masks = random_masks(12, 4);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 12, drops, &e), JOPA_ERROR_MODEL);
    assert_non_null(strstr(e.message, "'formula'"));
    assert_null(strchr(e.message, '\n'));
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* Ablation's scores may be fast ones; the scorer is left exact, as it was. */
static void test_ablation_hurries(void **state) {
    (void)state;
    formula_problem p;
    jp_selection    found;
    double          drop;
    open_hurrying(&p);
    assert_int_equal(jp_selection_init(&found, UNITS, NULL), JP_OK);
    assert_int_equal(jp_method_find("ablation")->run(&(jp_task){.scorer = p.scorer, .n = UNITS, .k = 2}, &found, NULL),
                     JP_OK);
    assert_true(hurrying.fast > 0 && hurrying.exact == 0);
    assert_int_equal(jp_scorer_drops(p.scorer, &found.selected, 1, &drop, NULL), JP_OK);
    assert_int_equal(hurrying.exact, 1);
    assert_float_equal(drop, jp_formula_drop(p.engine, &found.selected), 1e-4);
    jp_selection_free(&found);
    formula_problem_close(&p);
}

/* An engine that cannot hurry scores nothing twice. */
static void test_fast_without_a_choice(void **state) {
    (void)state;
    formula_problem p;
    double          drop;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = random_masks(1, 9);
    assert_int_equal(jp_scorer_fast(p.scorer, true, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 1, &drop, NULL), JP_OK);
    assert_int_equal(jp_scorer_fast(p.scorer, false, NULL), JP_OK);
    assert_true(jp_scorer_known(p.scorer, masks, NULL));
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

static void test_tokens_are_a_limit(void **state) {
    (void)state;
    formula_problem p;
    jp_scorer      *again = NULL;
    jp_cost         cost;
    double          drop;
    int             scored = 0;
    open_scene(&p, &(jp_limits){.k = UNITS});
    jp_bitset *masks = random_masks(30, 8);
    assert_int_equal(jp_scorer_again(&again, p.scorer, &p.problem, &(jp_limits){.k = UNITS, .tokens = 40}, 0, NULL),
                     JP_OK);
    while (scored < 30 && jp_scorer_drops(again, masks + scored, 1, &drop, NULL) == JP_OK) scored++;
    jp_scorer_cost(again, &cost);
    assert_in_range(scored, 2, 29);
    assert_in_range(cost.decoded_tokens, 40, 40 + p.prompt.n_tokens + 2);
    assert_int_equal(jp_scorer_stopped(again), JP_STOP_BUDGET);
    jp_scorer_free(again);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_scorer_takes_over),
        cmocka_unit_test(test_tokens_are_a_limit),
        cmocka_unit_test(test_fast_drops_are_forgotten),
        cmocka_unit_test(test_fast_drops_are_no_best),
        cmocka_unit_test(test_nan_is_no_best),
        cmocka_unit_test(test_numbers_that_are_missing_are_refused),
        cmocka_unit_test(test_ablation_hurries),
        cmocka_unit_test(test_fast_without_a_choice),
        cmocka_unit_test(test_cache_remembers),
        cmocka_unit_test(test_drops_are_the_formula),
        cmocka_unit_test(test_cost_counts_distinct_sets),
        cmocka_unit_test(test_budget_stops_in_call_order),
        cmocka_unit_test(test_callback_stops),
        cmocka_unit_test(test_best_respects_k),
        cmocka_unit_test(test_log_probs_sum_to_f),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
