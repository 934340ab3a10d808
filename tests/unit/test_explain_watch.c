/* What a caller hears of a run, and how it ends one: the progress callback, limits, jopa_cancel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tiny_question.h"

/* ---- the callback -------------------------------------------------------------------------------------------------
 */

typedef struct {
    int    calls, stop_at, evaluations, budget;
    double best;
} watch;

static int watching(void *user, const jopa_progress *p) {
    watch *w = user;
    assert_true(p->evaluations >= w->evaluations || w->budget != p->budget);
    assert_true(isnan(p->best_drop) || isnan(w->best) || p->best_drop >= w->best);
    assert_true(p->seconds >= 0 && p->stage && *p->stage);
    w->evaluations = p->evaluations;
    w->budget = p->budget;
    w->best = p->best_drop;
    return ++w->calls == w->stop_at;
}

/* A search that would take hours. */
static jopa_options *long_question(const char *command) {
    jopa_options *o = tiny_question(command);
    ask_also(o, "method", "random", "budget", "1000000000", "unit", "token", "k", "8", NULL);
    return o;
}

static void test_progress_stops(void **state) {
    (void)state;
    for (int stop_at = 1; stop_at < 6; stop_at++) {
        watch         w = {.stop_at = stop_at, .best = NAN};
        jopa_options *o = long_question("explain");
        ask_also(o, "metrics", "prob,words", NULL);
        jopa_options_listen(o, watching, NULL, &w);
        jopa_result *r = tiny_explained(o);
        assert_true(jopa_result_interrupted(r));
        assert_int_equal(w.calls, stop_at);
        tiny_assert_explanation(r, 0, 8);
        assert_true(isnan(w.best) || jopa_result_drop(r, 0) >= w.best - 1e-3);
        jopa_result_free(r);
    }
}

/* Methods after the one that was stopped are left out. */
static void test_progress_stops_a_comparison(void **state) {
    (void)state;
    watch         w = {.stop_at = 4, .best = NAN};
    jopa_options *o = long_question("compare");
    ask_also(o, "method", "random,ablation,greedy", NULL);
    jopa_options_listen(o, watching, NULL, &w);
    jopa_result *r = tiny_compared(o);
    assert_true(jopa_result_interrupted(r));
    assert_int_equal(jopa_result_count(r), 1);
    assert_string_equal(jopa_result_method(r, 0), "random");
    jopa_result_free(r);
}

static void test_limits(void **state) {
    (void)state;
    jopa_options *o = long_question("explain");
    ask_also(o, "time", "0.2", NULL);
    jopa_result *r = tiny_explained(o);
    assert_false(jopa_result_interrupted(r));
    tiny_assert_explanation(r, 0, 8);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_stops),
        cmocka_unit_test(test_progress_stops_a_comparison),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
