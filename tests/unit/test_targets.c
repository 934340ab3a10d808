/* Targets by bytes, text and sentence, and several in one run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <jopa.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/target.h"
#include "question_same.h"
#include "tiny_question.h"

/* ---- where they are ------------------------------------------------------------------------------------------------
 */

/* "5-9 12-20", or the message. */
static void find(const char *wish, const char *response, char *out, size_t size) {
    jopa_error     e = {0};
    jp_target_wish w;
    jp_question    q = {.targets = &w, .n_targets = 1};
    jp_target     *targets = NULL;
    int            n = 0;
    out[0] = '\0';
    if (jp_target_wish_parse(&w, wish, &e) || jp_targets_find(&targets, &n, &q, response, 0, &e))
        snprintf(out, size, "%s", e.message);
    for (int i = 0; i < n; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%zu-%zu", i ? " " : "", targets[i].bytes.start,
                 targets[i].bytes.end);
    jp_targets_free(targets, n);
}

static const char RESPONSE[] = "Paris is big. It is 3:7 in Paris! See sentence:2 (issue #2).";
static const struct {
    const char *wish, *found; /* or a part of the message */
} cases[] = {
    {"0:5", "0-5"},
    {"Paris", "0-5"},
    {"Paris#1", "0-5"},
    {"Paris#2", "27-32"},
    {"Paris#3", "occurs 2 times"},
    {"=3:7", "20-23"},
    {"3:7", "3-7"},
    {"7:3", "=7:3 is the text"},
    {"sentence:1", "0-13"},
    {"sentence:2", "14-33"},
    {"sentence:4", "the response has 3 sentences"},
    {"sentence:all", "0-13 14-33 34-60"},
    {"sentence:0", "from 1 on"},
    {"sentence:-1", "from 1 on"},
    {"sentence:99999999999999", "from 1 on"},
    {"=sentence:2", "38-48"},
    {"#2", "56-58"},
    {"issue #2", "50-58"},
    {"issue #2#1", "50-58"},
    {"issue #2#2", "occurs 1 time "},
    {"is bug", "did you mean 'is big"},
    {"Prais", "did you mean 'Paris'?"},
    {"nothing of the kind at all", "no such text; it begins with 'Paris"},
    {"", "it is empty"},
    {"=", "it is empty"},
};

static void targets_in_a_response(void **state) {
    (void)state;
    char got[700];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        find(cases[i].wish, RESPONSE, got, sizeof got);
        if (!strstr(got, cases[i].found)) fail_msg("%s: %s, not %s", cases[i].wish, got, cases[i].found);
    }
    find("sentence:all", " \n ", got, sizeof got);
    assert_non_null(strstr(got, "0 sentences"));
}

/* Random texts of a few letters, marks and characters of several bytes. */
static void random_text(unsigned *random, char *out, unsigned most) {
    static const char *const parts[] = {"a", "b", " ", ". ", "! ", "#2", ":", "1", "=", "\n", "\xc3\xa9", "sentence:"};
    out[0] = '\0';
    for (unsigned i = 1 + next_random(random, most); i > 0; i--)
        strcat(out, parts[next_random(random, sizeof parts / sizeof *parts)]);
}

/* Whatever stands in a response is found by "=" and itself; each sentence by its number is one of all sentences, which
 * are in order and do not overlap. */
static void any_text_is_found(void **state) {
    (void)state;
    unsigned random = 5;
    for (int round = 0; round < 3000; round++) {
        char       response[400], wish[420] = "=", got[4000];
        size_t     start, end;
        jopa_error e = {0};
        random_text(&random, response, 30);
        size_t size = strlen(response), from = next_random(&random, (unsigned)size);
        size_t length = 1 + next_random(&random, (unsigned)(size - from));
        memcpy(wish + 1, response + from, length);
        wish[1 + length] = '\0';
        find(wish, response, got, sizeof got);
        if (sscanf(got, "%zu-%zu", &start, &end) != 2) fail_msg("'%s' in '%s': %s", wish, response, got);
        assert_true(start <= from && end == start + length && !memcmp(response + start, wish + 1, length));

        jp_target_wish all = {.kind = JP_TARGET_SENTENCES, .given = "sentence:all"};
        jp_question    q = {.targets = &all, .n_targets = 1};
        jp_target     *targets = NULL;
        int            n = 0;
        if (jp_targets_find(&targets, &n, &q, response, 0, &e)) continue; /* it has none */
        for (int i = 0; i < n; i++) {
            char expected[64];
            assert_true(targets[i].bytes.start < targets[i].bytes.end && targets[i].bytes.end <= size);
            assert_true(!i || targets[i - 1].bytes.end <= targets[i].bytes.start);
            snprintf(expected, sizeof expected, "%zu-%zu", targets[i].bytes.start, targets[i].bytes.end);
            find(targets[i].name, response, got, sizeof got);
            assert_string_equal(got, expected);
        }
        jp_targets_free(targets, n);
    }
}

/* ---- several in one run --------------------------------------------------------------------------------------------
 */

/* The caller frees the options, too. */
static jopa_result *explained(const jopa_options *o) {
    jopa_options *copy = NULL;
    jopa_error    e = {0};
    if (jopa_options_copy(&copy, o, &e)) fail_msg("%s", e.message);
    return tiny_explained(copy);
}

static double at(const jopa_result *r, const char *format, int i) {
    char       path[80];
    double     value = NAN;
    jopa_error e = {0};
    snprintf(path, sizeof path, format, i);
    if (jopa_result_number(r, 0, path, &value, &e)) fail_msg("%s: %s", path, e.message);
    return value;
}

static int size_at(const jopa_result *r, const char *format, int i) {
    char path[80];
    snprintf(path, sizeof path, format, i);
    return jopa_result_size(r, 0, path);
}

static jopa_options *several(const char *method, const char *k) {
    return asked("explain", "prompt", TINY_PROMPT, "response", TINY_RESPONSE, "unit", "word", "metrics", "none",
                 "method", method, "k", k, "target", "doctor", "target", "0:9", "target", "friend", NULL);
}

/* Sums of the tokens are the log-probabilities, and their difference is the drop. */
static void check_target_sums(const jopa_result *r, int i) {
    double full = 0, masked = 0;
    int    width = (int)(at(r, "targets.%d.last", i) - at(r, "targets.%d.first", i));
    assert_int_equal(size_at(r, "targets.%d.log_probs", i), width);
    assert_int_equal(size_at(r, "targets.%d.masked_log_probs", i), width);
    for (int t = 0; t < width; t++) {
        char path[80];
        snprintf(path, sizeof path, "targets.%d.log_probs.%d", i, t);
        full += at(r, path, 0);
        snprintf(path, sizeof path, "targets.%d.masked_log_probs.%d", i, t);
        masked += at(r, path, 0);
    }
    assert_true(fabs(full - at(r, "targets.%d.log_prob.full", i)) < 1e-4);
    assert_true(fabs(masked - at(r, "targets.%d.log_prob.masked", i)) < 1e-4);
    assert_true(fabs(full - masked - at(r, "targets.%d.drop", i)) < 1e-4);
}

/* Each target has the drop that a run of its own says its set has, the first is the explanation's own, and the whole
 * costs less than as many runs. */
static void several_in_one_run(const char *method, const char *k) {
    static const char *const targets[] = {"doctor", "0:9", "friend"};
    static const char *const names[] = {"targets.0.name", "targets.1.name", "targets.2.name"};
    jopa_options            *o = several(method, k);
    jopa_result             *r = explained(o);
    double                   alone = 0;
    assert_int_equal(size_at(r, "targets", 0), 3);
    assert_true(fabs(at(r, "targets.0.drop", 0) - jopa_result_drop(r, 0)) < 1e-6);
    for (int i = 0; i < 3; i++) {
        check_target_sums(r, i);
        assert_string_equal(jopa_result_text(r, 0, names[i]), targets[i]);
        ask_also(o, "target", NULL, "target", targets[i], NULL);
        jopa_result *one = explained(o);
        assert_int_equal(size_at(one, "targets", 0), -1);
        double drop = jopa_result_drop(one, 0);
        assert_true(at(r, "targets.%d.drop", i) >= drop - 0.1 * fabs(drop) - 1e-4);
        assert_true(at(r, "targets.%d.first", i) == at(one, "response.target.0", 0));
        assert_true(at(r, "targets.%d.last", i) == at(one, "response.target.1", 0));
        alone += at(one, "cost.evaluations", 0);
        jopa_result_free(one);
    }
    assert_true(at(r, "cost.evaluations", 0) <= alone);
    jopa_result_free(r);
    jopa_options_free(o);
}

static void targets_together(void **state) {
    (void)state;
    several_in_one_run("jopa", "2");
    several_in_one_run("jopa", "5");
    several_in_one_run("ablation", "2");
    several_in_one_run("greedy", "2");
    several_in_one_run("random", "3");
}

/* The same span twice has the same answer; spans may overlap; sentences are counted as people do. */
static void targets_that_overlap(void **state) {
    (void)state;
    jopa_options *o = asked("explain", "prompt", TINY_PROMPT, "response", "the doctor is a friend. The patient.",
                            "unit", "word", "metrics", "none", "target", "sentence:all", "target", "0:10", "target",
                            "sentence:1", "budget", "60", NULL);
    jopa_result  *r = explained(o);
    assert_int_equal(size_at(r, "targets", 0), 4);
    assert_true(at(r, "targets.0.drop", 0) == at(r, "targets.3.drop", 0));
    assert_string_equal(jopa_result_text(r, 0, "targets.1.text"), "The patient.");
    assert_true(at(r, "cost.evaluations", 0) <= 60);
    jopa_result_free(r);
    jopa_options_free(o);
}

/* In a session, sets that are known cost nothing, and what a target's set drops is what the session says. */
static void targets_in_a_session(void **state) {
    (void)state;
    jopa_session *s = NULL;
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    jopa_options *o = several("jopa", "2");
    if (jopa_session_open(&s, tiny_model, o, &e)) fail_msg("%s", e.message);
    if (jopa_session_explain(&r, s, o, &e)) fail_msg("%s", e.message);
    double log_probs[2][64], sum = 0;
    int    units[8], n = size_at(r, "targets.%d.selected", 2), tokens = jopa_session_tokens(s);
    assert_in_range(n, 1, 8);
    for (int j = 0; j < n; j++) {
        char path[80];
        snprintf(path, sizeof path, "targets.2.selected.%d", j);
        units[j] = (int)at(r, path, 0);
    }
    const int *sets[] = {units, units};
    int        sizes[] = {0, n}, before = jopa_session_known(s);
    double     rows[128], drops[2];
    assert_true(tokens <= 64);
    assert_int_equal(jopa_session_drops(s, sets, sizes, 2, drops, rows, &e), JOPA_OK);
    assert_int_equal(jopa_session_known(s), before);
    memcpy(log_probs[0], rows, (size_t)tokens * sizeof *rows);
    memcpy(log_probs[1], rows + tokens, (size_t)tokens * sizeof *rows);
    for (int t = (int)at(r, "targets.2.first", 0); t < (int)at(r, "targets.2.last", 0); t++)
        sum += log_probs[0][t] - log_probs[1][t];
    assert_true(fabs(sum - at(r, "targets.2.drop", 0)) < 1e-4);
    jopa_result_free(r);
    jopa_session_free(s);
    jopa_options_free(o);
}

/* What was asked is noted, and can be asked again. */
static void targets_are_asked_again(void **state) {
    (void)state;
    jopa_options *o = several("ablation", "2"), *again = NULL;
    jopa_result  *r = explained(o);
    jopa_error    e = {0};
    assert_string_equal(jopa_result_text(r, 0, "options.target"), "[\"doctor\",\"0:9\",\"friend\"]");
    assert_int_equal(jopa_options_new(&again, "explain", &e), JOPA_OK);
    if (jopa_options_like(again, r, 0, &e)) fail_msg("%s", e.message);
    assert_same_asked(o, again);
    jopa_result_free(r);
    jopa_options_free(o);
    jopa_options_free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_in_a_response), cmocka_unit_test(any_text_is_found),
        cmocka_unit_test(targets_together),      cmocka_unit_test(targets_that_overlap),
        cmocka_unit_test(targets_in_a_session),  cmocka_unit_test(targets_are_asked_again),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
