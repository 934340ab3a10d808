/* What a caller asks a result: by index, as reports, from JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <string.h>

#include "tiny_question.h"

static jopa_result *explanation(void) { return tiny_explained(tiny_question("explain")); }

static jopa_result *comparison(void) {
    jopa_options *o = tiny_question("compare");
    ask_also(o, "method", "ablation,random", NULL);
    return tiny_compared(o);
}

static void test_numbers_out_of_range(void **state) {
    (void)state;
    jopa_result *r = explanation();
    for (int i = -1; i < 3; i += 2) { /* there is no explanation -1 or 1 */
        int n = 7;
        assert_null(jopa_result_method(r, i));
        assert_null(jopa_result_selected(r, i, &n));
        assert_int_equal(n, 0);
        assert_int_equal(jopa_result_units(r, i), 0);
        assert_null(jopa_result_unit_text(r, i, 0));
    }
    assert_null(jopa_result_unit_text(r, 0, -1));
    assert_null(jopa_result_unit_text(r, 0, 11));
    assert_string_equal(jopa_result_unit_text(r, 0, 10), "surgery");
    jopa_result_free(r);
}

static void assert_formats(const jopa_result *r) {
    jopa_name  name;
    jopa_error e = {0};
    for (int f = 0; jopa_list("formats", f, &name); f++) {
        size_t size = 0;
        char  *text = jopa_result_render(r, name.name, NULL, &size, &e);
        if (!text && !strcmp(name.name, "prompt")) continue; /* of compressions alone */
        if (!text) fail_msg("%s: %s", name.name, e.message);
        assert_true(size > 50 && strlen(text) == size);
        jopa_free(text);
    }
}

/* Every format that fits, of explain and compare; JSON comes back as it was. */
static void test_reports(void **state) {
    (void)state;
    jopa_result *results[2] = {explanation(), comparison()};
    for (int i = 0; i < 2; i++) {
        jopa_error e = {0};
        size_t     size = 0;
        assert_formats(results[i]);
        char        *json = jopa_result_render(results[i], "json", NULL, &size, &e), *again;
        jopa_result *parsed = NULL;
        assert_int_equal(jopa_result_parse(&parsed, json, size, &e), JOPA_OK);
        assert_int_equal(jopa_result_count(parsed), i + 1);
        tiny_assert_same(results[i], i, parsed, i);
        again = jopa_result_render(parsed, "json", NULL, NULL, &e);
        assert_string_equal(json, again);
        jopa_free(json);
        jopa_free(again);
        jopa_result_free(parsed);
        jopa_result_free(results[i]);
    }
}

static void test_render_options(void **state) {
    (void)state;
    jopa_error    e = {0};
    jopa_result  *r = explanation(), *parsed = NULL;
    jopa_options *o = asked("render", NULL);
    char *plain = jopa_result_render(r, "text", o, NULL, &e), *none = jopa_result_render(r, "text", NULL, NULL, &e);
    assert_string_equal(plain, none);
    jopa_free(none);
    ask_also(o, "color", "always", "scores", "true", NULL);
    char *colored = jopa_result_render(r, "text", o, NULL, &e);
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strchr(colored, '\x1b'));
    jopa_free(plain);
    jopa_free(colored);
    assert_null(jopa_result_render(r, "pdf", o, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    assert_int_equal(jopa_result_parse(&parsed, "{}", 2, &e), JOPA_ERROR_INPUT);
    assert_null(parsed);
    jopa_options_free(o);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_render_options),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
