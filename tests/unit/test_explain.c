/* The public interface, jopa.h, on tiny random models: every method, comparison, architectures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tiny_question.h"

/* ---- names ---------------------------------------------------------------------------------------------------- */

static void test_lists(void **state) {
    (void)state;
    static const char *const tables[] = {"methods", "operators", "metrics", "formats", "engines", "units", "stages"};
    assert_string_equal(jopa_version(), JOPA_VERSION);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        jopa_name name, other;
        int       n = 0;
        for (; jopa_list(tables[t], n, &name); n++) {
            assert_true(*name.name && *name.summary);
            for (int i = 0; i < n && jopa_list(tables[t], i, &other); i++)
                assert_string_not_equal(name.name, other.name);
        }
        assert_true(n > 0);
        assert_false(jopa_list(tables[t], n, &name));
        assert_false(jopa_list(tables[t], -1, &name));
    }
    jopa_name untouched = {"name", "summary"};
    assert_false(jopa_list("colours", 0, &untouched));
    assert_string_equal(untouched.name, "name");
}

static void test_nothing_is_freed(void **state) {
    (void)state;
    jopa_model_free(NULL);
    jopa_result_free(NULL);
    jopa_options_free(NULL);
    jopa_free(NULL);
}

/* ---- methods -------------------------------------------------------------------------------------------------- */

/* One explanation by `method` of two words or fewer, and another of the same question: the same. */
static void assert_method_runs(jopa_result *r, const char *method, jopa_options *again) {
    assert_int_equal(jopa_result_count(r), 1);
    assert_string_equal(jopa_result_method(r, 0), method);
    assert_int_equal(jopa_result_units(r, 0), 11);
    assert_false(jopa_result_interrupted(r));
    tiny_assert_explanation(r, 0, 2);
    jopa_result *other = tiny_explained(again);
    tiny_assert_same(r, 0, other, 0);
    jopa_result_free(other);
    jopa_result_free(r);
}

/* What the model lacks is refused with a word; the rest runs, twice the same. */
static void test_every_method(void **state) {
    (void)state;
    jopa_name name;
    int       ran = 0;
    for (int i = 0; jopa_list("methods", i, &name); i++) {
        jopa_options *o = tiny_question("explain");
        jopa_error    e = {0};
        jopa_result  *r = NULL;
        ask_also(o, "method", name.name, NULL);
        int code = jopa_explain(&r, tiny_model, o, &e);
        if (code == JOPA_ERROR_UNSUPPORTED) {
            assert_non_null(strstr(e.message, name.name));
            jopa_options_free(o);
            continue;
        }
        if (code) fail_msg("%s: %s", name.name, e.message);
        assert_method_runs(r, name.name, o);
        ran++;
    }
    assert_true(ran >= 8);
}

static void test_exhaustive_is_the_best(void **state) {
    (void)state;
    jopa_options *o = tiny_question("compare");
    ask_also(o, "method", "exhaustive,jopa,greedy,ablation,random", NULL);
    jopa_result *r = tiny_compared(o);
    assert_int_equal(jopa_result_count(r), 5);
    for (int i = 0; i < 5; i++) {
        tiny_assert_explanation(r, i, 2);
        assert_true(jopa_result_drop(r, i) <= jopa_result_drop(r, 0) + 1e-3);
    }
    assert_float_equal(jopa_result_drop(r, 1), jopa_result_drop(r, 0), 1e-3);
    jopa_result_free(r);
}

static void test_compare_gives_what_explain_gives(void **state) {
    (void)state;
    static const char *const methods[] = {"random", "ablation"};
    jopa_options            *o = tiny_question("compare");
    ask_also(o, "seed", "5", "method", "random,ablation", NULL);
    jopa_result *both = tiny_compared(o);
    for (int i = 0; i < 2; i++) {
        o = tiny_question("explain");
        ask_also(o, "seed", "5", "method", methods[i], NULL);
        jopa_result *one = tiny_explained(o);
        tiny_assert_same(both, i, one, 0);
        jopa_result_free(one);
    }
    jopa_result_free(both);
}

static void test_operators_differ(void **state) {
    (void)state;
    static const char *const operators[] = {"zero", "mean", "delete", "token:_"};
    double                   drops[4];
    for (int i = 0; i < 4; i++) {
        jopa_options *o = tiny_question("explain");
        ask_also(o, "operator", operators[i], NULL);
        jopa_result *r = tiny_explained(o);
        drops[i] = jopa_result_drop(r, 0);
        for (int j = 0; j < i; j++) assert_true(fabs(drops[i] - drops[j]) > 1e-4);
        jopa_result_free(r);
    }
}

static jopa_options *chat_question(void) {
    jopa_options *o = tiny_question("explain");
    jopa_error    e = {0};
    ask_also(o, "prompt", NULL, NULL);
    assert_int_equal(jopa_options_add_message(o, "system", "the story is short", &e), JOPA_OK);
    assert_int_equal(jopa_options_add_message(o, "user", TINY_PROMPT, &e), JOPA_OK);
    return o;
}

/* A chat of one message is the prompt. */
static void test_messages(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "system", "the story is short", NULL);
    jopa_result *a = tiny_explained(o), *b = tiny_explained(chat_question());
    tiny_assert_same(a, 0, b, 0);
    jopa_result_free(a);
    jopa_result_free(b);
    o = chat_question();
    ask_also(o, "roles", "system,user", NULL);
    a = tiny_explained(o);
    assert_int_equal(jopa_result_units(a, 0), 15);
    assert_string_equal(jopa_result_unit_text(a, 0, 3), "short");
    jopa_result_free(a);
}

static jopa_options *without_response(void) {
    jopa_options *o = tiny_question("explain");
    ask_also(o, "response", NULL, "max_tokens", "4", "metrics", "prob,words,sparsity,curves", NULL);
    return o;
}

static void test_generated_response(void **state) {
    (void)state;
    jopa_result *a = tiny_explained(without_response()), *b = tiny_explained(without_response());
    tiny_assert_same(a, 0, b, 0);
    jopa_result_free(a);
    jopa_result_free(b);
}

/* ---- models --------------------------------------------------------------------------------------------------- */

static void test_architectures(void **state) {
    (void)state;
    static const char *const names[] = {"qwen2", "qwen3", "smollm3", "granite", "mistral3"};
    char                     file[64];
    snprintf(file, sizeof file, "tiny-architecture-%d.gguf", (int)getpid());
    jopa_options *o = tiny_question("explain");
    ask_also(o, "operator", "mean", NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tiny_write(file, &(tiny_gguf_options){.architecture = names[i], .seed = i});
        jopa_model  *m = tiny_open(file);
        jopa_error   e = {0};
        jopa_result *r = NULL;
        assert_non_null(strstr(jopa_model_capabilities(m), "logprobs"));
        if (jopa_explain(&r, m, o, &e)) fail_msg("%s: %s", names[i], e.message);
        tiny_assert_explanation(r, 0, 2);
        jopa_result_free(r);
        jopa_model_free(m);
    }
    jopa_options_free(o);
    remove(file);
}

/* Two models in turns, and a model after an error. */
static void test_models_are_independent(void **state) {
    (void)state;
    char file[64];
    snprintf(file, sizeof file, "tiny-other-%d.gguf", (int)getpid());
    tiny_write(file, &(tiny_gguf_options){.seed = 99, .n_layer = 2});
    jopa_options *o = tiny_question("explain"), *bad = tiny_question("explain");
    jopa_error    e = {0};
    jopa_model   *other = tiny_open(file);
    jopa_result  *first = tiny_explained(tiny_question("explain")), *second = NULL, *again;
    assert_int_equal(jopa_explain(&second, other, o, &e), JOPA_OK);
    ask_also(bad, "unit", "letter", NULL);
    assert_int_equal(jopa_explain(&again, tiny_model, bad, &e), JOPA_ERROR_USAGE);
    again = tiny_explained(o);
    tiny_assert_same(first, 0, again, 0);
    assert_true(fabs(jopa_result_drop(first, 0) - jopa_result_drop(second, 0)) > 1e-4);
    jopa_result_free(first);
    jopa_result_free(second);
    jopa_result_free(again);
    jopa_options_free(bad);
    jopa_model_free(other);
    remove(file);
}

static void test_capabilities(void **state) {
    (void)state;
    char file[64];
    snprintf(file, sizeof file, "tiny-fused-%d.gguf", (int)getpid());
    assert_non_null(strstr(jopa_model_capabilities(tiny_model), "logprobs,generate,gradient"));
    tiny_write(file, &(tiny_gguf_options){.fused_qkv = true}); /* which the gradient engine does not cover */
    jopa_model *m = tiny_open(file);
    assert_non_null(strstr(jopa_model_capabilities(m), "logprobs,generate"));
    assert_null(strstr(jopa_model_capabilities(m), "gradient"));
    jopa_model_free(m);
    remove(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_nothing_is_freed),
        cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_exhaustive_is_the_best),
        cmocka_unit_test(test_compare_gives_what_explain_gives),
        cmocka_unit_test(test_operators_differ),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_generated_response),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_models_are_independent),
        cmocka_unit_test(test_capabilities),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
