/* jopa_audit and jopa_compress on a tiny model: what a caller may do to a run, and what it may ask for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "result/result.h"
#include "tiny_question.h"

static const char prompt[] = "Write a short story. The doctor and the patient become friend. It was a long surgery.";
static const char response[] = " the doctor is a friend of the patient";

static jopa_options *question(const char *command) {
    return asked(command, "prompt", prompt, "response", response, "max_tokens", "4", NULL);
}

/* The options' result; frees the options. */
static jopa_result *audited(jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    if (jopa_audit(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return r;
}

static jopa_result *compressed(jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    if (jopa_compress(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return r;
}

static int stop_at(void *user, const jopa_progress *p) {
    assert_string_not_equal(p->stage, "");
    return --*(int *)user <= 0;
}

typedef int (*use_function)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

/* The result of a use that is stopped at the given call, NULL when that came before the prompt itself was scored. Frees
 * the options. */
static jopa_result *stopped_at(use_function use, jopa_options *o, int *left) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    jopa_options_listen(o, stop_at, NULL, left);
    int code = use(&r, tiny_model, o, &e);
    if (code && code != JOPA_ERROR_INTERRUPTED) fail_msg("%s", e.message);
    assert_true(!r == !!code);
    assert_true(!r || jopa_result_interrupted(r) || *left > 0);
    jopa_options_free(o);
    return r;
}

/* Interrupted after any number of batches, there is a result, and no text was written for it. */
static void interruptions(void **state) {
    (void)state;
    int audits = 0, compressions = 0;
    for (int calls = 1; calls <= 12; calls++) {
        int           left = calls;
        jopa_options *o = question("audit");
        ask_also(o, "threshold", "50", NULL);
        jopa_result *r = stopped_at(jopa_audit, o, &left);
        if (r) assert_false(jopa_result_triggered(r, 0));
        if (r && jopa_result_interrupted(r)) assert_null(r->items[0].audit.words_response);
        audits += r && jopa_result_interrupted(r);
        jopa_result_free(r);
        left = calls;
        o = question("compress");
        ask_also(o, "ratio", "0.5", NULL);
        r = stopped_at(jopa_compress, o, &left);
        if (r) assert_non_null(jopa_result_compressed(r, 0));
        compressions += r && jopa_result_interrupted(r);
        jopa_result_free(r);
    }
    assert_true(audits >= 4 && compressions >= 4);
}

static void time_limits(void **state) {
    (void)state;
    jopa_options *o = question("audit");
    ask_also(o, "time", "1e-9", NULL);
    jopa_result *r = audited(o);
    assert_string_equal(r->items[0].stopped, "time");
    assert_non_null(r->items[0].masked_response); /* only the search was stopped */
    jopa_result_free(r);
    o = question("compress");
    ask_also(o, "time", "1e-9", NULL);
    r = compressed(o);
    assert_string_equal(r->items[0].stopped, "time");
    assert_string_equal(jopa_result_compressed(r, 0), prompt); /* nothing was found yet */
    jopa_result_free(r);
}

static void same_answer(const jopa_result *a, const jopa_result *b) {
    const jp_explanation *x = &a->items[0], *y = &b->items[0];
    assert_string_equal(x->unit, y->unit);
    assert_string_equal(x->op, y->op);
    assert_string_equal(x->method, y->method);
    assert_int_equal(x->n_units, y->n_units);
    assert_int_equal(x->n_metrics, y->n_metrics);
    assert_int_equal(x->n_selected, y->n_selected);
    assert_memory_equal(x->selected, y->selected, (size_t)x->n_selected * sizeof *x->selected);
    assert_float_equal(x->log_prob.drop, y->log_prob.drop, 1e-9);
}

/* Every option of the command at its default: said, or said and taken back. */
static jopa_options *with_defaults(const char *command, bool taken_back) {
    jopa_options           *o = question(command);
    const jopa_option_info *info;
    for (int i = 0; (info = jopa_option_at(command, i)); i++) {
        if (jopa_options_given(o, info->name) || !info->fallback) continue;
        ask_also(o, info->name, info->fallback, NULL);
        if (taken_back) ask_also(o, info->name, NULL, NULL);
    }
    ask_also(o, "system", "Be kind to the patient. Write well.", NULL);
    return o;
}

/* What is not set is at its default: those of an audit and of a compression are not those of an explanation. */
static void unset_is_the_default(void **state) {
    (void)state;
    jopa_result *r[4];
    for (int i = 0; i < 2; i++) {
        r[i] = audited(with_defaults("audit", i));
        r[2 + i] = compressed(with_defaults("compress", i));
    }
    assert_string_equal(r[1]->items[0].audit.until, "probability");
    same_answer(r[0], r[1]);
    same_answer(r[2], r[3]);
    for (int i = 0; i < 4; i++) jopa_result_free(r[i]);
}

static void failures_leave_the_result_alone(void **state) {
    (void)state;
    jopa_error    e = {0};
    jopa_result  *untouched = (jopa_result *)&e, *r = untouched;
    jopa_options *a = asked("audit", NULL), *c = asked("compress", NULL);
    assert_int_equal(jopa_audit(&r, tiny_model, a, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_compress(&r, tiny_model, c, NULL), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_options_add_message(c, "user", "only", &e), JOPA_OK);
    assert_int_equal(jopa_options_add_message(c, "no such role!", "one", &e), JOPA_OK);
    ask_also(c, "response", response, NULL);
    assert_int_equal(jopa_compress(&r, tiny_model, c, &e), JOPA_ERROR_INPUT);
    assert_ptr_equal(r, untouched);
    jopa_options_free(a);
    jopa_options_free(c);
}

/* The surprisals of a prompt's units add up to its log-probability: the prompt as the response to its first token. */
static void surprisal_adds_up(void **state) {
    (void)state;
    jopa_result *r =
        compressed(asked("compress", "raw", "true", "prompt", "x The doctor and the patient become friend.", "response",
                         response, "max_tokens", "4", "unit", "token", "method", "surprisal", "ratio", "0.5", NULL));
    double          sum = 0, first = 0;
    jp_explanation *x = &r->items[0];
    for (int u = 0; u < x->n_units; u++) sum += x->units[u].score;
    for (int u = 0; u < x->n_units && x->units[u].end <= 1; u++) first += x->units[u].score;
    jopa_result *whole = tiny_explained(asked("explain", "raw", "true", "prompt", "x", "response",
                                              " The doctor and the patient become friend.", "method", "random",
                                              "metrics", "none", "max_tokens", "4", NULL));
    assert_true(fabs(sum - first + whole->items[0].log_prob.full) < 1e-3);
    jopa_result_free(r);
    jopa_result_free(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interruptions),        cmocka_unit_test(time_limits),
        cmocka_unit_test(unset_is_the_default), cmocka_unit_test(failures_leave_the_result_alone),
        cmocka_unit_test(surprisal_adds_up),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
