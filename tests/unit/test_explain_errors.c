/* What jopa_model_open, jopa_explain and jopa_compare refuse: codes, messages, and that nothing is given out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <string.h>

#include "tiny_question.h"

/* ---- models --------------------------------------------------------------------------------------------------- */

static int stop_loading(void *user, const jopa_progress *p) {
    assert_true(p->fraction >= 0 && p->fraction <= 1);
    assert_string_equal(p->stage, "loading");
    ++*(int *)user;
    return 1;
}

static void assert_does_not_open(const jopa_options *o, int code) {
    jopa_error  e = {0};
    jopa_model *m = (jopa_model *)&e; /* untouched on failure */
    assert_int_equal(jopa_model_open(&m, o, &e), code);
    assert_int_equal(e.code, code);
    assert_true(strlen(e.message) > 10 && !strchr(e.message, '\n'));
    assert_ptr_equal(m, &e);
    assert_int_equal(jopa_model_open(&m, o, NULL), code);
}

static void test_models_that_do_not_open(void **state) {
    (void)state;
    const struct {
        const char *file, *engine, *encoder;
        int         code;
    } cases[] = {
        {NULL, "local", NULL, JOPA_ERROR_USAGE},
        {tiny_path, "remote", NULL, JOPA_ERROR_USAGE},
        {"no/such/model.gguf", "local", NULL, JOPA_ERROR_IO},
        {".", "local", NULL, JOPA_ERROR_MODEL},
        {tiny_path, "local", "no/such/encoder.gguf", JOPA_ERROR_IO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jopa_options *o =
            asked("explain", "model", cases[i].file, "engine", cases[i].engine, "encoder", cases[i].encoder, NULL);
        assert_does_not_open(o, cases[i].code);
        jopa_options_free(o);
    }
}

static void test_loading_is_stopped(void **state) {
    (void)state;
    int           calls = 0;
    jopa_options *o = asked("explain", "model", tiny_path, NULL);
    jopa_options_listen(o, stop_loading, NULL, &calls);
    assert_does_not_open(o, JOPA_ERROR_INTERRUPTED);
    assert_int_equal(calls, 2);
    jopa_options_free(o);
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *about; /* of the message */
    int         code;
    const char *change[5]; /* names and values; the last is NULL */
} bad_question;

static const bad_question BAD[] = {
    {"no prompt", JOPA_ERROR_USAGE, {"prompt", NULL}},
    {"empty", JOPA_ERROR_INPUT, {"prompt", ""}},
    {"UTF-8", JOPA_ERROR_INPUT, {"prompt", "caf\xe9"}},
    {"UTF-8", JOPA_ERROR_INPUT, {"response", "caf\xe9"}},
    {"empty", JOPA_ERROR_INPUT, {"response", ""}},
    {"'ablation'", JOPA_ERROR_USAGE, {"method", "abblation"}},
    {"'letter'", JOPA_ERROR_USAGE, {"unit", "letter"}},
    {"'erase'", JOPA_ERROR_USAGE, {"operator", "erase"}},
    {"'taste'", JOPA_ERROR_USAGE, {"metrics", "taste"}},
    {"nobody", JOPA_ERROR_INPUT, {"roles", "nobody"}},
    {"`k` -1", JOPA_ERROR_USAGE, {"k", "-1"}},
    {"`sparsity`", JOPA_ERROR_USAGE, {"k", "0", "sparsity", "nan"}},
    {"`budget`", JOPA_ERROR_USAGE, {"budget", "-1"}},
    {"`time`", JOPA_ERROR_USAGE, {"time", "-1"}},
    {"`target`", JOPA_ERROR_USAGE, {"target", "3:2"}},
    {"23 bytes", JOPA_ERROR_USAGE, {"target", "0:1000"}},
    {"`max_tokens`", JOPA_ERROR_USAGE, {"response", NULL, "max_tokens", "0"}},
    {"context holds 2048", JOPA_ERROR_INPUT, {"response", NULL, "max_tokens", "1000000"}},
    {"`raw`", JOPA_ERROR_USAGE, {"raw", "true", "system", "both"}},
    {"{{", JOPA_ERROR_INPUT, {"unit", "marked"}},
    {"`levels`", JOPA_ERROR_USAGE, {"levels", "paragraph,page"}},
};

/* Set what is changed, then ask: what the first that fails says. */
static int ask_badly(jopa_result **r, const char *command, const bad_question *bad, jopa_error *e) {
    jopa_options *o = tiny_question(command);
    int           status = JOPA_OK;
    for (int i = 0; bad->change[i] && !status; i += 2)
        status = jopa_options_set(o, bad->change[i], bad->change[i + 1], e);
    if (!status)
        status = strcmp(command, "explain") ? jopa_compare(r, tiny_model, o, e) : jopa_explain(r, tiny_model, o, e);
    jopa_options_free(o);
    return status;
}

/* Each has its code and its word; nothing is given out, and the model serves on. */
static void test_bad_questions(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        jopa_error   e = {0};
        jopa_result *untouched = (jopa_result *)&e, *r = untouched;
        int          code = ask_badly(&r, "explain", &BAD[i], &e);
        if (code != BAD[i].code || e.code != code || !strstr(e.message, BAD[i].about) || strchr(e.message, '\n'))
            fail_msg("case %zu: code %d, %s", i, code, e.message);
        assert_ptr_equal(r, untouched);
        assert_int_equal(ask_badly(&r, "explain", &BAD[i], NULL), code);
        assert_int_equal(ask_badly(&r, "compare", &BAD[i], &e), code);
        assert_ptr_equal(r, untouched);
    }
    jopa_result_free(tiny_explained(tiny_question("explain")));
}

static void test_bad_lists_of_methods(void **state) {
    (void)state;
    static const char *const lists[] = {"", ",", "random,,ablation", "random,rndom", "random, ablation"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        bad_question bad = {.change = {"method", lists[i]}};
        jopa_error   e = {0};
        jopa_result *r = NULL;
        assert_int_equal(ask_badly(&r, "compare", &bad, &e), JOPA_ERROR_USAGE);
        assert_null(r);
    }
}

/* Options of one command are not another's. */
static void test_another_commands_options(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain"), *other = tiny_question("compare");
    jopa_error    e = {0};
    jopa_result  *r = NULL;
    assert_int_equal(jopa_compare(&r, tiny_model, o, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_explain(&r, tiny_model, other, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_audit(&r, tiny_model, o, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_compress(&r, tiny_model, o, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_bench(tiny_model, o, &e), JOPA_ERROR_USAGE);
    assert_null(r);
    jopa_options_free(o);
    jopa_options_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_that_do_not_open),
        cmocka_unit_test(test_loading_is_stopped),
        cmocka_unit_test(test_bad_questions),
        cmocka_unit_test(test_bad_lists_of_methods),
        cmocka_unit_test(test_another_commands_options),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
