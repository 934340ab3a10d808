/* Sessions on a tiny random model: drops of named sets, other questions, and no set scored twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <jopa.h>
#include <math.h>
#include <string.h>

#include "tiny_question.h"

static jopa_session *session_of(jopa_options *o) {
    jopa_session *s = NULL;
    jopa_error    e = {0};
    if (jopa_session_open(&s, tiny_model, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return s;
}

static jopa_session *open_session(void) {
    return session_of(asked("explain", "prompt", TINY_PROMPT, "response", TINY_RESPONSE, "unit", "word", NULL));
}

static jopa_result *session_explained(jopa_session *s, jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    if (jopa_session_explain(&r, s, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return r;
}

static double number(const jopa_result *r, int i, const char *path) {
    double     value = NAN;
    jopa_error e = {0};
    if (jopa_result_number(r, i, path, &value, &e)) fail_msg("%s: %s", path, e.message);
    return value;
}

/* ---- sets ----------------------------------------------------------------------------------------------------------
 */

/* The drop of a set is what an explanation that found it says, token by token. */
static void drops_are_those_of_explanations(void **state) {
    (void)state;
    jopa_session *s = open_session();
    jopa_error    e = {0};
    jopa_result  *r = tiny_explained(tiny_question("explain"));
    int           n, tokens = jopa_session_tokens(s);
    const int    *units = jopa_result_selected(r, 0, &n);
    double        drop = 0, log_probs[64];
    assert_in_range(tokens, 1, 64);
    assert_int_equal(jopa_session_drops(s, &units, &n, 1, &drop, log_probs, &e), JOPA_OK);
    assert_true(fabs(drop - jopa_result_drop(r, 0)) < 1e-3);
    for (int t = 0; t < tokens; t++) {
        char path[64];
        snprintf(path, sizeof path, "response.tokens.%d.masked_log_prob", t);
        assert_true(fabs(log_probs[t] - number(r, 0, path)) < 1e-3);
    }
    jopa_result_free(r);
    jopa_session_free(s);
}

/* What is known costs nothing and stays the same to the last digit; the order of a set's units does not matter. */
static void sets_are_scored_once(void **state) {
    (void)state;
    jopa_session *s = open_session();
    const int     first[] = {1, 4}, again[] = {4, 1, 4}, other[] = {0}, none[] = {0};
    const int    *sets[] = {first, again, other, none};
    const int     sizes[] = {2, 3, 1, 0};
    double        before[4], after[4];
    assert_int_equal(jopa_session_drops(s, sets, sizes, 4, before, NULL, NULL), JOPA_OK);
    int known = jopa_session_known(s);
    assert_int_equal(known, 3);
    assert_int_equal(jopa_session_drops(s, sets, sizes, 4, after, NULL, NULL), JOPA_OK);
    assert_int_equal(jopa_session_known(s), known);
    assert_memory_equal(before, after, sizeof before);
    assert_true(before[0] == before[1] && before[3] == 0);
    jopa_session_free(s);
}

static void sets_that_are_none(void **state) {
    (void)state;
    jopa_session *s = open_session();
    const int     below[] = {-1}, beyond[] = {jopa_session_units(s)};
    const int    *sets[] = {below, beyond};
    const int     size = 1;
    double        drop = 7;
    for (int i = 0; i < 2; i++) {
        jopa_error e = {0};
        assert_int_equal(jopa_session_drops(s, &sets[i], &size, 1, &drop, NULL, &e), JOPA_ERROR_USAGE);
        assert_non_null(strstr(e.message, "0 to 10"));
    }
    assert_true(drop == 7);
    assert_int_equal(jopa_session_drops(s, NULL, NULL, 0, NULL, NULL, NULL), JOPA_OK);
    jopa_session_free(s);
}

/* ---- names of sets --------------------------------------------------------------------------------------------------
 */

static void assert_named(const jopa_session *s, const char *text, const char *expected) {
    int       *units = NULL, n = 0;
    jopa_error e = {0};
    char       got[700] = "";
    if (jopa_session_named_set(s, text, &units, &n, &e)) snprintf(got, sizeof got, "refused: %s", e.message);
    for (int i = 0; i < n; i++) snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i ? "," : "", units[i]);
    if (strncmp(got, expected, strlen(expected)) || (*expected != 'r' && strcmp(got, expected)))
        fail_msg("%s: %s, not %s", text, got, expected);
    jopa_free(units);
}

static void names_of_sets(void **state) {
    (void)state;
    jopa_session *s = session_of(asked("score", "prompt", "the doctor, and the patient (7) ask the doctors.",
                                       "response", TINY_RESPONSE, "unit", "word", NULL));
    assert_named(s, "3", "3");
    assert_named(s, "1-2,0", "0,1,2");
    assert_named(s, "doctor", "1");
    assert_named(s, "the", "0,3,7");
    assert_named(s, "doctor,patient", "1,4");
    assert_named(s, "and the patient", "2,3,4");
    assert_named(s, "=7", "5");
    assert_named(s, "doctors", "8");
    assert_named(s, "7", "7");
    assert_named(s, "9", "refused: `hide` 9: the prompt has the units 0 to 8");
    assert_named(s, "3-1", "refused: `hide` 3-1");
    assert_named(s, "99999999999999999999", "refused: `hide`");
    assert_named(s, "docter", "refused: `hide` docter: the prompt has no such text that may be hidden; did you mean");
    assert_named(s, "", "refused: `hide`: the set is empty");
    assert_named(s, "the,,and", "refused: `hide`: a part of the set is empty");
    jopa_session_free(s);
}

/* ---- other questions
 * -------------------------------------------------------------------------------------------------- */

static jopa_options *further(const char *k, const char *method, const char *seed, const char *target) {
    return asked("explain", "k", k, "method", method, "seed", seed, "target", target, "metrics", "none", NULL);
}

/* The answer is that of a question of its own, whatever was asked before; only the bill is smaller. */
static void answers_do_not_depend_on_the_session(void **state) {
    (void)state;
    static const char *const methods[] = {"jopa", "ablation", "random", "greedy", "jopa-nograd"};
    jopa_session            *s = open_session();
    for (int i = 0; i < 20; i++) {
        char          k[16], seed[16];
        const char   *method = methods[i % 5], *target = i % 3 ? NULL : "4:12";
        jopa_options *alone = tiny_question("explain");
        snprintf(k, sizeof k, "%d", 1 + i % 4);
        snprintf(seed, sizeof seed, "%d", i / 5);
        ask_also(alone, "k", k, "method", method, "seed", seed, "target", target, NULL);
        jopa_result *a = tiny_explained(alone), *b = session_explained(s, further(k, method, seed, target));
        tiny_assert_same(a, 0, b, 0);
        double recalled = jopa_result_kind(b, 0, "cost.recalled") ? number(b, 0, "cost.recalled") : 0;
        assert_true(number(a, 0, "cost.evaluations") == number(b, 0, "cost.evaluations") + recalled);
        jopa_result_free(a);
        jopa_result_free(b);
    }
    jopa_session_free(s);
}

static void the_same_question_costs_nothing(void **state) {
    (void)state;
    jopa_session *s = open_session();
    jopa_result  *first = session_explained(s, further("2", "random", "5", NULL));
    int           known = jopa_session_known(s);
    jopa_result  *again = session_explained(s, further("2", "random", "5", NULL));
    tiny_assert_same(first, 0, again, 0);
    assert_int_equal(jopa_session_known(s), known);
    assert_true(number(again, 0, "cost.evaluations") == 0 && number(again, 0, "cost.decoded_tokens") == 0);
    assert_true(number(again, 0, "cost.recalled") ==
                number(first, 0, "cost.evaluations") + number(first, 0, "cost.recalled"));
    jopa_result_free(first);
    jopa_result_free(again);
    jopa_session_free(s);
}

static void what_is_settled_stays(void **state) {
    (void)state;
    jopa_session            *s = open_session();
    static const char *const changes[][2] = {{"unit", "token"},      {"prompt", "another"}, {"response", " other"},
                                             {"operator", "delete"}, {"roles", "all"},      {"raw", "true"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        jopa_error    e = {0};
        jopa_result  *r = NULL;
        jopa_options *o = asked("explain", changes[i][0], changes[i][1], NULL);
        assert_int_equal(jopa_session_explain(&r, s, o, &e), JOPA_ERROR_USAGE);
        assert_non_null(strstr(e.message, changes[i][0]));
        jopa_options_free(o);
    }
    jopa_result_free(session_explained(s, asked("explain", "prompt", TINY_PROMPT, "unit", "word", "k", "1", NULL)));
    jopa_session_free(s);
}

/* ---- score
 * -------------------------------------------------------------------------------------------------------------- */

static void scores_side_by_side(void **state) {
    (void)state;
    jopa_options *o = asked("score", "prompt", TINY_PROMPT, "response", TINY_RESPONSE, "unit", "word", "hide", "doctor",
                            "hide", "patient", "hide", "doctor,patient", "hide", "0-10", NULL);
    jopa_result  *r = NULL, *read = NULL;
    jopa_error    e = {0};
    assert_int_equal(jopa_score(&r, tiny_model, o, &e), JOPA_OK);
    assert_int_equal(jopa_result_count(r), 4);
    assert_string_equal(jopa_result_text(r, 2, "id"), "doctor,patient");
    int n;
    jopa_result_selected(r, 3, &n);
    assert_int_equal(n, 11);
    char *json = jopa_result_render(r, "json", NULL, NULL, &e);
    assert_int_equal(jopa_result_parse(&read, json, strlen(json), &e), JOPA_OK);
    for (int i = 0; jopa_list("formats", i, &(jopa_name){0}); i++) {
        jopa_name format;
        jopa_list("formats", i, &format);
        char *a = jopa_result_render(r, format.name, NULL, NULL, &e),
             *b = jopa_result_render(read, format.name, NULL, NULL, &e);
        assert_int_equal(a != NULL, strcmp(format.name, "prompt") != 0);
        if (a) assert_string_equal(a, b);
        jopa_free(a);
        jopa_free(b);
    }
    jopa_free(json);
    jopa_result_free(read);
    jopa_result_free(r);
    jopa_options_free(o);
}

/* A chat is settled like the rest: the question that opened the session may be asked again, and another may not. */
static void a_chat_is_repeated_not_changed(void **state) {
    (void)state;
    jopa_options *o = asked("score", "response", TINY_RESPONSE, "unit", "word", "roles", "all", "hide", "doctor", NULL);
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    assert_int_equal(jopa_options_add_message(o, "system", "Be kind.", &e), JOPA_OK);
    assert_int_equal(jopa_options_add_message(o, "user", TINY_PROMPT, &e), JOPA_OK);
    if (jopa_score(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    double drop = jopa_result_drop(r, 0);
    jopa_result_free(r);
    jopa_session *s = NULL;
    assert_int_equal(jopa_session_open(&s, tiny_model, o, &e), JOPA_OK);
    if (jopa_session_score(&r, s, o, &e)) fail_msg("%s", e.message);
    assert_true(jopa_result_drop(r, 0) == drop);
    jopa_result_free(r);
    assert_int_equal(jopa_options_add_message(o, "user", "More.", &e), JOPA_OK);
    assert_int_equal(jopa_session_score(&r, s, o, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "the chat is the session's"));
    jopa_session_free(s);
    jopa_options_free(o);
}

/* ---- stopping
 * ----------------------------------------------------------------------------------------------------------- */

static int stop_at_third(void *user, const jopa_progress *p) {
    (void)p;
    return ++*(int *)user == 3;
}

static void a_stopped_session_serves_on(void **state) {
    (void)state;
    jopa_session *s = open_session();
    int           calls = 0;
    jopa_options *o = further("4", "random", "1", NULL);
    ask_also(o, "budget", "1000000000", NULL);
    jopa_options_listen(o, stop_at_third, NULL, &calls);
    jopa_result *r = session_explained(s, o);
    assert_true(jopa_result_interrupted(r));
    jopa_result_free(r);
    r = session_explained(s, further("2", "ablation", "0", NULL));
    assert_false(jopa_result_interrupted(r));
    jopa_result_free(r);
    jopa_session_free(s);
}

static void sessions_that_do_not_open(void **state) {
    (void)state;
    jopa_error    e = {0};
    jopa_session *s = (jopa_session *)&e;
    jopa_options *o = asked("audit", "prompt", "a", NULL);
    assert_int_equal(jopa_session_open(&s, tiny_model, o, &e), JOPA_ERROR_USAGE);
    jopa_options_free(o);
    o = asked("score", "prompt", "", NULL);
    assert_int_equal(jopa_session_open(&s, tiny_model, o, &e), JOPA_ERROR_INPUT);
    assert_ptr_equal(s, &e);
    jopa_options_free(o);
    jopa_session_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_are_those_of_explanations),
        cmocka_unit_test(sets_are_scored_once),
        cmocka_unit_test(sets_that_are_none),
        cmocka_unit_test(names_of_sets),
        cmocka_unit_test(answers_do_not_depend_on_the_session),
        cmocka_unit_test(the_same_question_costs_nothing),
        cmocka_unit_test(what_is_settled_stays),
        cmocka_unit_test(a_chat_is_repeated_not_changed),
        cmocka_unit_test(scores_side_by_side),
        cmocka_unit_test(a_stopped_session_serves_on),
        cmocka_unit_test(sessions_that_do_not_open),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
