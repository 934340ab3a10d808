/* What a caller hears of a run, and how it ends one: the progress callback, limits, jopa_cancel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* The result of a run that is stopped, NULL when that came before the prompt itself was scored. Frees the options. */
static jopa_result *stopped_result(jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          code = jopa_explain(&r, tiny_model, o, &e);
    if (code && code != JOPA_ERROR_INTERRUPTED) fail_msg("%s", e.message);
    assert_true(!r == !!code);
    jopa_options_free(o);
    return r;
}

static void test_progress_stops(void **state) {
    (void)state;
    int results = 0;
    for (int stop_at = 1; stop_at < 12; stop_at++) {
        watch         w = {.stop_at = stop_at, .best = NAN};
        jopa_options *o = long_question("explain");
        ask_also(o, "metrics", "prob,words", NULL);
        jopa_options_listen(o, watching, NULL, &w);
        jopa_result *r = stopped_result(o);
        assert_int_equal(w.calls, stop_at);
        if (!r) continue;
        results++;
        assert_true(jopa_result_interrupted(r));
        tiny_assert_explanation(r, 0, 8);
        assert_true(isnan(w.best) || jopa_result_drop(r, 0) >= w.best - 1e-3);
        jopa_result_free(r);
    }
    assert_true(results >= 5);
}

/* Methods after the one that was stopped are left out. */
static void test_progress_stops_a_comparison(void **state) {
    (void)state;
    watch         w = {.stop_at = 12, .best = NAN};
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

/* ---- stages and the best set ---------------------------------------------------------------------------------------
 */

enum { MOST_SETS = 200, STAGES = 7 };

typedef struct {
    bool   seen[STAGES];
    int    sets, best[MOST_SETS][16], sizes[MOST_SETS];
    double drops[MOST_SETS];
} notes;

static int stage_index(const char *stage) {
    jopa_name name;
    for (int i = 0; jopa_list("stages", i, &name); i++)
        if (!strcmp(name.name, stage)) return i;
    fail_msg("'%s' is no stage", stage);
    return -1;
}

static int noting(void *user, const jopa_progress *p) {
    notes *n = user;
    n->seen[stage_index(p->stage)] = true;
    assert_true(p->fraction <= 1 && !isnan(p->fraction));
    assert_true(p->n_best == 0 || p->best);
    if (p->n_best == 0 || n->sets == MOST_SETS) return 0;
    assert_in_range(p->n_best, 1, 16);
    assert_non_null(p->best_text); /* the first units in quotes, the others as a number */
    int quotes = 0;
    for (const char *at = p->best_text; (at = strstr(at, "“")); at++) quotes++;
    assert_int_equal(quotes, p->n_best < 3 ? p->n_best : 3);
    assert_true((strstr(p->best_text, " more") != NULL) == (p->n_best > 3));
    for (int i = 0; i < p->n_best; i++) n->best[n->sets][i] = p->best[i];
    n->sizes[n->sets] = p->n_best;
    n->drops[n->sets++] = p->best_drop;
    return 0;
}

/* Loading the model, and everything that a run can do. */
static void test_every_stage_is_told(void **state) {
    (void)state;
    notes        *n = calloc(1, sizeof *n);
    jopa_options *o = tiny_question("explain");
    jopa_error    e = {0};
    jopa_model   *m = NULL;
    ask_also(o, "model", tiny_path, "response", NULL, "max_tokens", "4", "metrics", "prob,words", "repeat", "2", NULL);
    jopa_options_listen(o, noting, NULL, n);
    assert_int_equal(jopa_model_open(&m, o, &e), JOPA_OK);
    jopa_result_free(tiny_explained(o));
    for (int i = 0; i < STAGES; i++) {
        jopa_name name;
        assert_true(jopa_list("stages", i, &name));
        if (!n->seen[i]) fail_msg("the stage %s was not told", name.name);
    }
    jopa_model_free(m);
    free(n);
}

/* What is told is a set, and its drop. */
static void test_the_best_set_is_told(void **state) {
    (void)state;
    static const char *const methods[] = {"jopa", "random", "greedy"};
    for (int m = 0; m < 3; m++) {
        notes        *n = calloc(1, sizeof *n);
        jopa_options *o = tiny_question("explain");
        jopa_session *s = NULL;
        jopa_error    e = {0};
        ask_also(o, "method", methods[m], "k", "3", "unit", "token", "budget", "1500", NULL);
        assert_int_equal(jopa_session_open(&s, tiny_model, o, &e), JOPA_OK);
        jopa_options_listen(o, noting, NULL, n);
        jopa_result *r = tiny_explained(o);
        if (!n->sets) fail_msg("%s: no best set was told", methods[m]);
        for (int i = 0; i < n->sets; i++) {
            const int *set = n->best[i];
            double     drop = NAN;
            assert_int_equal(jopa_session_drops(s, &set, &n->sizes[i], 1, &drop, NULL, &e), JOPA_OK);
            assert_float_equal(drop, n->drops[i], 1e-3);
            assert_true(n->sizes[i] <= 3 && drop <= jopa_result_drop(r, 0) + 1e-3);
        }
        jopa_result_free(r);
        jopa_session_free(s);
        free(n);
    }
}

/* ---- jopa_cancel ---------------------------------------------------------------------------------------------------
 */

typedef struct {
    atomic_bool searching, over;
} signals;

static int tell_search(void *user, const jopa_progress *p) {
    signals *s = user;
    if (p->n_best) atomic_store(&s->searching, true);
    return 0;
}

static void pause_briefly(void) { nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); }

static void *cancel_search(void *user) {
    signals *s = user;
    while (!atomic_load(&s->searching) && !atomic_load(&s->over)) pause_briefly();
    jopa_cancel(tiny_model);
    return NULL;
}

static void test_cancel_ends_a_search(void **state) {
    (void)state;
    signals       s = {.searching = false};
    pthread_t     thread;
    jopa_options *o = long_question("explain");
    jopa_options_listen(o, tell_search, NULL, &s);
    assert_int_equal(pthread_create(&thread, NULL, cancel_search, &s), 0);
    jopa_result *r = stopped_result(o);
    atomic_store(&s.over, true);
    pthread_join(thread, NULL);
    assert_non_null(r);
    assert_true(jopa_result_interrupted(r));
    tiny_assert_explanation(r, 0, 8);
    assert_true(jopa_result_drop(r, 0) > 0);
    jopa_result_free(r);
    jopa_result_free(tiny_explained(tiny_question("explain"))); /* the model serves on */
}

/* Again and again, until the run is over: it may not have begun when the first comes. */
static void *cancel_often(void *user) {
    signals *s = user;
    while (!atomic_load(&s->over)) {
        pause_briefly();
        jopa_cancel(tiny_model);
    }
    return NULL;
}

/* Nobody listens: the search ends all the same. */
static void test_cancel_needs_no_callback(void **state) {
    (void)state;
    signals   s = {.searching = false};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_often, &s), 0);
    jopa_result *r = stopped_result(long_question("explain"));
    atomic_store(&s.over, true);
    pthread_join(thread, NULL);
    if (r) assert_true(jopa_result_interrupted(r));
    jopa_result_free(r);
}

static int cancel_when_responding(void *user, const jopa_progress *p) {
    if (!strcmp(p->stage, "responding")) jopa_cancel(tiny_model);
    ++*(int *)user;
    return 0;
}

static void test_cancel_before_the_response(void **state) {
    (void)state;
    int           calls = 0;
    jopa_options *o = long_question("explain");
    jopa_error    e = {0};
    jopa_result  *r = NULL;
    ask_also(o, "response", NULL, NULL);
    jopa_options_listen(o, cancel_when_responding, NULL, &calls);
    assert_int_equal(jopa_explain(&r, tiny_model, o, &e), JOPA_ERROR_INTERRUPTED);
    assert_int_equal(e.code, JOPA_ERROR_INTERRUPTED);
    assert_null(r);
    assert_true(calls > 0 && strlen(e.message) > 10);
    jopa_options_free(o);
}

/* What was cancelled before a run began does not end it. */
static void test_cancel_of_nothing(void **state) {
    (void)state;
    jopa_cancel(tiny_model);
    jopa_result *r = tiny_explained(tiny_question("explain"));
    assert_false(jopa_result_interrupted(r));
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_stops),
        cmocka_unit_test(test_progress_stops_a_comparison),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_stage_is_told),
        cmocka_unit_test(test_the_best_set_is_told),
        cmocka_unit_test(test_cancel_ends_a_search),
        cmocka_unit_test(test_cancel_needs_no_callback),
        cmocka_unit_test(test_cancel_before_the_response),
        cmocka_unit_test(test_cancel_of_nothing),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
