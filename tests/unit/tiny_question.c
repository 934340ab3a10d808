#include "tiny_question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char TINY_PROMPT[] = "a doctor and the patient become friend after the long surgery",
           TINY_RESPONSE[] = " the doctor is a friend";

jopa_model *tiny_model;
char        tiny_path[64];

void tiny_write(const char *file, const tiny_gguf_options *o) { assert_int_equal(tiny_gguf_write(file, o), 0); }

jopa_model *tiny_open(const char *file) {
    jopa_options *o = asked("explain", "model", file, "threads", "1", NULL);
    jopa_error    e = {0};
    jopa_model   *m = NULL;
    if (jopa_model_open(&m, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return m;
}

int tiny_setup(void **state) {
    (void)state;
    snprintf(tiny_path, sizeof tiny_path, "tiny-question-%d.gguf", (int)getpid());
    tiny_write(tiny_path, NULL);
    tiny_model = tiny_open(tiny_path);
    return 0;
}

int tiny_teardown(void **state) {
    (void)state;
    jopa_model_free(tiny_model);
    return remove(tiny_path);
}

jopa_options *tiny_question(const char *command) {
    jopa_options *o = asked(command, "prompt", TINY_PROMPT, "response", TINY_RESPONSE, "unit", "word", "k", "2",
                            "metrics", "none", NULL);
    if (!strcmp(command, "explain")) ask_also(o, "method", "ablation", NULL);
    return o;
}

static jopa_result *result_of(int (*function)(jopa_result **, jopa_model *, const jopa_options *, jopa_error *),
                              jopa_options *o) {
    jopa_error   e = {0};
    jopa_result *r = NULL;
    if (function(&r, tiny_model, o, &e)) fail_msg("%s: %s", jopa_options_get(o, "method"), e.message);
    jopa_options_free(o);
    return r;
}

jopa_result *tiny_explained(jopa_options *o) { return result_of(jopa_explain, o); }
jopa_result *tiny_compared(jopa_options *o) { return result_of(jopa_compare, o); }

void tiny_assert_explanation(const jopa_result *r, int i, int k) {
    int        n = -1;
    const int *selected = jopa_result_selected(r, i, &n);
    assert_in_range(n, 0, k);
    for (int u = 0; u < n; u++) {
        assert_in_range(selected[u], 0, jopa_result_units(r, i) - 1);
        assert_true(u == 0 || selected[u] > selected[u - 1]);
        assert_non_null(strstr(TINY_PROMPT, jopa_result_unit_text(r, i, selected[u])));
    }
    assert_true(isfinite(jopa_result_drop(r, i)));
    assert_true(n > 0 || fabs(jopa_result_drop(r, i)) < 1e-3);
}

void tiny_assert_same(const jopa_result *a, int i, const jopa_result *b, int j) {
    int        n, m;
    const int *x = jopa_result_selected(a, i, &n), *y = jopa_result_selected(b, j, &m);
    assert_int_equal(n, m);
    for (int u = 0; u < n; u++) assert_int_equal(x[u], y[u]);
    assert_float_equal(jopa_result_drop(a, i), jopa_result_drop(b, j), 1e-4);
    assert_string_equal(jopa_result_method(a, i), jopa_result_method(b, j));
}
