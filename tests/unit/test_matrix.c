/* The matrix on a tiny random model: each number is what scoring that unit alone says, the sets' rows are their drops,
 * and what was scored before costs nothing. */
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

#include "method/method.h"
#include "question_same.h"
#include "tiny_question.h"

static const char STORY[] = "The doctor waits. The patient is a friend. Who waits? Tell the story.",
                  ANSWER[] = "The doctor waits. The friend is a patient.";

static jopa_options *matrix_question(const char *method) {
    return asked("explain", "prompt", STORY, "response", ANSWER, "unit", "word", "k", "2", "metrics", "none", "method",
                 method, "matrix", "true", NULL);
}

static double at(const jopa_result *r, const char *format, int i, int j) {
    char       path[80];
    double     value = NAN;
    jopa_error e = {0};
    snprintf(path, sizeof path, format, i, j);
    if (jopa_result_number(r, 0, path, &value, &e)) fail_msg("%s: %s", path, e.message);
    return value;
}

static int size_at(const jopa_result *r, const char *path) { return jopa_result_size(r, 0, path); }

static bool has_matrix(const jopa_result *r) { return size_at(r, "matrix.rows") >= 0; }

static double sum_of(const jopa_result *r, const char *format, int row, int first, int last) {
    double sum = 0;
    for (int t = first; t < last; t++) sum += at(r, format, row, t);
    return sum;
}

/* ---- the numbers ----------------------------------------------------------------------------------------------------
 */

/* A session of the same question; the caller frees it. */
static jopa_session *session_of(const jopa_options *o) {
    jopa_session *s = NULL;
    jopa_error    e = {0};
    if (jopa_session_open(&s, tiny_model, o, &e)) fail_msg("%s", e.message);
    return s;
}

/* A set's drop, and what each response token loses, by the session. */
static double score_set(jopa_session *s, const int *units, int n, double *losses) {
    const int *sets[] = {units, units};
    int        sizes[] = {0, n}, tokens = jopa_session_tokens(s);
    double     drops[2], rows[2 * 64];
    jopa_error e = {0};
    assert_in_range(tokens, 1, 64);
    if (jopa_session_drops(s, sets, sizes, 2, drops, rows, &e)) fail_msg("%s", e.message);
    for (int t = 0; t < tokens; t++) losses[t] = rows[t] - rows[tokens + t];
    return drops[1];
}

static void check_sentences(const jopa_result *r, const char *rows, int row, int tokens) {
    char cells[60], sums[60];
    int  last = 0;
    snprintf(cells, sizeof cells, "matrix.%s.%%d.tokens.%%d", rows);
    snprintf(sums, sizeof sums, "matrix.%s.%%d.sentences.%%d", rows);
    for (int i = 0; i < size_at(r, "matrix.sentences"); i++) {
        int first = (int)at(r, "matrix.sentences.%d.first", i, 0);
        assert_int_equal(first, last);
        last = (int)at(r, "matrix.sentences.%d.last", i, 0);
        assert_true(fabs(sum_of(r, cells, row, first, last) - at(r, sums, row, i)) < 1e-4);
    }
    assert_int_equal(last, tokens);
}

/* Each row of a unit is what the session says of it alone. The session's target is all of the response. */
static void check_units(const jopa_result *r, jopa_session *s, bool whole_target) {
    int tokens = jopa_session_tokens(s), first = (int)at(r, "response.target.0", 0, 0),
        last = (int)at(r, "response.target.1", 0, 0);
    assert_int_equal(size_at(r, "matrix.rows"), jopa_session_units(s));
    for (int u = 0; u < jopa_session_units(s); u++) {
        double losses[64], drop = score_set(s, &u, 1, losses);
        assert_true(at(r, "matrix.rows.%d.units.%d", u, 0) == u);
        for (int t = 0; t < tokens; t++) assert_true(fabs(at(r, "matrix.rows.%d.tokens.%d", u, t) - losses[t]) < 1e-3);
        if (whole_target) assert_true(fabs(at(r, "matrix.rows.%d.drop", u, 0) - drop) < 1e-3);
        double sum = sum_of(r, "matrix.rows.%d.tokens.%d", u, first, last);
        assert_true(fabs(at(r, "matrix.rows.%d.drop", u, 0) - sum) < 1e-4);
        check_sentences(r, "rows", u, tokens);
    }
}

static void cells_are_what_scoring_says(void **state) {
    (void)state;
    jopa_options *o = matrix_question("jopa");
    jopa_session *s = session_of(o);
    jopa_options_free(o);
    for (int m = 0; jp_method_at(m); m++) {
        jopa_result *r = tiny_explained(matrix_question(jp_method_at(m)->name));
        check_units(r, s, true);
        assert_int_equal(size_at(r, "matrix.sentences"), 2);
        if (size_at(r, "selected")) {
            double drop = jopa_result_drop(r, 0);
            assert_int_equal(size_at(r, "matrix.sets"), 1);
            assert_true(fabs(at(r, "matrix.sets.%d.drop", 0, 0) - drop) < 1e-6);
            assert_true(fabs(sum_of(r, "matrix.sets.%d.tokens.%d", 0, 0, jopa_session_tokens(s)) - drop) < 1e-4);
            check_sentences(r, "sets", 0, jopa_session_tokens(s));
        }
        jopa_result_free(r);
    }
    jopa_session_free(s);
}

/* All of the response's tokens have a column, whatever the target; each target has its set's row. */
static void targets_have_their_rows(void **state) {
    (void)state;
    jopa_options *o = matrix_question("jopa");
    jopa_session *s = session_of(o);
    ask_also(o, "target", "sentence:all", "target", "doctor", NULL);
    jopa_result *r = tiny_explained(o);
    check_units(r, s, false);
    assert_int_equal(size_at(r, "matrix.sets"), 3);
    for (int i = 0; i < 3; i++) {
        char name[40], other[40];
        int  first = (int)at(r, "targets.%d.first", i, 0), last = (int)at(r, "targets.%d.last", i, 0);
        snprintf(name, sizeof name, "matrix.sets.%d.target", i);
        snprintf(other, sizeof other, "targets.%d.name", i);
        assert_string_equal(jopa_result_text(r, 0, name), jopa_result_text(r, 0, other));
        assert_true(fabs(sum_of(r, "matrix.sets.%d.tokens.%d", i, first, last) - at(r, "targets.%d.drop", i, 0)) <
                    1e-4);
    }
    jopa_result_free(r);
    jopa_session_free(s);
}

/* Against another answer the columns are the response's own tokens, and a row's drop is of the difference. */
static void rows_against_another_answer(void **state) {
    (void)state;
    jopa_options *o = matrix_question("jopa");
    ask_also(o, "response", "the doctor", "against", "the patient", NULL);
    jopa_result *r = tiny_explained(o);
    for (int u = 0; u < size_at(r, "matrix.rows"); u++) {
        char          number[16];
        jopa_options *one =
            asked("score", "prompt", STORY, "response", "the doctor", "unit", "word", "against", "the patient", NULL);
        jopa_result *scored = NULL;
        jopa_error   e = {0};
        snprintf(number, sizeof number, "%d", u);
        ask_also(one, "hide", number, NULL);
        if (jopa_score(&scored, tiny_model, one, &e)) fail_msg("%s", e.message);
        assert_true(fabs(at(r, "matrix.rows.%d.drop", u, 0) - jopa_result_drop(scored, 0)) < 1e-3);
        assert_true(at(r, "response.target.1", 0, 0) <= size_at(r, "matrix.rows.0.tokens"));
        jopa_result_free(scored);
        jopa_options_free(one);
    }
    jopa_result_free(r);
}

/* By levels, too. */
static void rows_of_levels(void **state) {
    (void)state;
    jopa_options *o = matrix_question("jopa");
    jopa_session *s = session_of(o);
    ask_also(o, "levels", "sentence", NULL);
    jopa_result *r = tiny_explained(o);
    assert_true(size_at(r, "levels") > 0);
    check_units(r, s, true);
    jopa_result_free(r);
    jopa_session_free(s);
}

/* ---- what it costs
 * ---------------------------------------------------------------------------------------------------- */

static double evaluations(const char *method, const char *matrix, double *decoded, int *units) {
    jopa_options *o = matrix_question(method);
    ask_also(o, "matrix", matrix, NULL);
    jopa_result *r = tiny_explained(o);
    double       n = at(r, "cost.evaluations", 0, 0);
    *decoded = at(r, "cost.decoded_tokens", 0, 0);
    *units = size_at(r, "units");
    assert_true(has_matrix(r) == !strcmp(matrix, "true"));
    jopa_result_free(r);
    return n;
}

/* Rows that a search has scored cost nothing, the others one evaluation each, and the bill has them. */
static void the_bill_has_the_rows(void **state) {
    double with, without;
    int    units;
    (void)state;
    assert_true(evaluations("greedy", "true", &with, &units) == evaluations("greedy", "false", &without, &units));
    assert_true(with == without);
    double more = evaluations("random", "true", &with, &units), less = evaluations("random", "false", &without, &units);
    assert_in_range((int)(more - less), 1, units);
    assert_true(with > without);
}

/* In a session they are paid for once. */
static void a_session_pays_once(void **state) {
    (void)state;
    jopa_options *o = matrix_question("jopa"), *again = asked("explain", "k", "2", "method", "random", "matrix", "true",
                                                              "metrics", "none", "budget", "4", NULL);
    jopa_session *s = session_of(o);
    jopa_result  *first = NULL, *second = NULL;
    jopa_error    e = {0};
    if (jopa_session_explain(&first, s, o, &e) || jopa_session_explain(&second, s, again, &e))
        fail_msg("%s", e.message);
    assert_true(has_matrix(first) && has_matrix(second));
    assert_true(at(second, "cost.evaluations", 0, 0) <= 4);
    assert_true(at(second, "cost.recalled", 0, 0) >= size_at(second, "matrix.rows") - 4);
    for (int u = 0; u < size_at(first, "matrix.rows"); u++)
        assert_true(at(first, "matrix.rows.%d.drop", u, 0) == at(second, "matrix.rows.%d.drop", u, 0));
    jopa_result_free(first);
    jopa_result_free(second);
    jopa_session_free(s);
    jopa_options_free(o);
    jopa_options_free(again);
}

/* ---- what ends it ---------------------------------------------------------------------------------------------------
 */

static int stop_analysing(void *user, const jopa_progress *p) {
    (void)user;
    return !strcmp(p->stage, "analysing");
}

/* The rest of the result is there, and the text says what is not. */
static void a_stop_leaves_it_out(void **state) {
    (void)state;
    jopa_options *o = matrix_question("random");
    jopa_error    e = {0};
    jopa_options_listen(o, stop_analysing, NULL, NULL);
    jopa_result *r = tiny_explained(o);
    assert_false(has_matrix(r));
    assert_true(jopa_result_interrupted(r) && isfinite(jopa_result_drop(r, 0)));
    char *text = jopa_result_render(r, "text", NULL, NULL, &e);
    assert_non_null(text);
    assert_non_null(strstr(text, "left out"));
    jopa_free(text);
    jopa_result_free(r);
}

static void the_time_leaves_it_out(void **state) {
    (void)state;
    jopa_options *o = matrix_question("random");
    ask_also(o, "time", "0.000001", NULL);
    jopa_result *r = tiny_explained(o);
    assert_false(has_matrix(r));
    assert_string_equal(jopa_result_text(r, 0, "options.matrix"), "true");
    jopa_result_free(r);
}

/* More units than it may have are refused before anything is scored. */
static void too_many_units_are_refused(void **state) {
    (void)state;
    char          prompt[1100 * 2 + 1];
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    jopa_options *o = matrix_question("random");
    for (size_t i = 0; i < sizeof prompt - 1; i++) prompt[i] = i % 2 ? ' ' : 'a';
    prompt[sizeof prompt - 1] = '\0';
    ask_also(o, "prompt", prompt, "levels", "none", NULL);
    assert_int_equal(jopa_explain(&r, tiny_model, o, &e), JOPA_ERROR_USAGE);
    if (!strstr(e.message, "`matrix` scores each of the 1100 units alone, 1024 at most")) fail_msg("%s", e.message);
    jopa_options_free(o);
}

/* ---- the result -----------------------------------------------------------------------------------------------------
 */

static void it_is_read_again_and_asked_again(void **state) {
    (void)state;
    jopa_options *o = matrix_question("ablation"), *copy = NULL, *again = NULL;
    jopa_error    e = {0};
    jopa_result  *read = NULL;
    size_t        size;
    assert_int_equal(jopa_options_copy(&copy, o, &e), JOPA_OK);
    jopa_result *r = tiny_explained(copy);
    char        *json = jopa_result_render(r, "json", NULL, &size, &e);
    assert_non_null(json);
    if (jopa_result_parse(&read, json, size, &e)) fail_msg("%s", e.message);
    char *twice = jopa_result_render(read, "json", NULL, NULL, &e);
    assert_string_equal(json, twice);
    assert_int_equal(jopa_options_new(&again, "explain", &e), JOPA_OK);
    if (jopa_options_like(again, read, 0, &e)) fail_msg("%s", e.message);
    assert_same_asked(o, again);
    jopa_free(json);
    jopa_free(twice);
    jopa_result_free(r);
    jopa_result_free(read);
    jopa_options_free(o);
    jopa_options_free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_what_scoring_says), cmocka_unit_test(targets_have_their_rows),
        cmocka_unit_test(rows_against_another_answer), cmocka_unit_test(rows_of_levels),
        cmocka_unit_test(the_bill_has_the_rows),       cmocka_unit_test(a_session_pays_once),
        cmocka_unit_test(a_stop_leaves_it_out),        cmocka_unit_test(the_time_leaves_it_out),
        cmocka_unit_test(too_many_units_are_refused),  cmocka_unit_test(it_is_read_again_and_asked_again),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
