/* Numbers are the same whatever the locale of the program that uses the library: here its decimal point is a comma. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "base/random.h"
#include "comma_locale.h"
#include "report/report.h"
#include "report_fixture.h"

static int enter(void **state) {
    (void)state;
    comma_locale_enter();
    return 0;
}

static int leave(void **state) {
    (void)state;
    comma_locale_leave();
    return 0;
}

/* A finite double of any size. */
static double any_double(jp_random *r) {
    double value;
    do {
        uint64_t bits = jp_random_next(r);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static void exact_numbers_come_back(void **state) {
    (void)state;
    jp_random r;
    jp_random_seed(&r, 1);
    for (int round = 0; round < 20000; round++) {
        double    value = round % 2 ? any_double(&r) : jp_random_below(&r, 2000) / 16.0 - 40, back = 0;
        jp_buffer out = {0};
        jp_put_exact(&out, value);
        assert_null(strchr(out.data, ','));
        if (!jp_parse_double(out.data, NULL, &back) || back != value) fail_msg("%s is not %a", out.data, value);
        if (round % 2 == 0) assert_true(out.size <= 8); /* the shortest one: "-0.0625" */
        jp_buffer_free(&out);
    }
}

static void numbers_for_people(void **state) {
    (void)state;
    jp_buffer out = {0};
    jp_put_fixed(&out, 1234.5, 2);
    jp_buffer_text(&out, " ");
    jp_put_figure(&out, 0.0123);
    jp_buffer_text(&out, " ");
    jp_put_figure(&out, 1.5e-7);
    jp_buffer_format(&out, " %.1f %g", 0.5, 0.25);
    assert_string_equal(out.data, "1,234.50 0.012 1.50e-07 0.5 0.25");
    jp_buffer_free(&out);
}

static void messages(void **state) {
    (void)state;
    jopa_error e = {0};
    jp_fail(&e, JOPA_ERROR_USAGE, "a share of %g", 0.5);
    assert_string_equal(e.message, "a share of 0.5");
    assert_string_equal(setlocale(LC_NUMERIC, NULL), "comma"); /* which is left as it was */
    char half[8];
    snprintf(half, sizeof half, "%.1f", 0.5);
    assert_string_equal(half, "0,5");
}

/* What is written in one locale is read in another, and every report is the same. */
static void reports(void **state) {
    (void)state;
    jopa_result *r = fixture_comparison(), *again = NULL;
    jopa_error   e = {0};
    for (int i = 0; jp_format_at(i); i++) {
        const char *format = jp_format_at(i)->name;
        if (!strcmp(format, "prompt")) continue;
        char *here = fixture_render(r, format, 70, false, true);
        comma_locale_leave();
        char *there = fixture_render(r, format, 70, false, true);
        comma_locale_enter();
        assert_string_equal(here, there);
        if (!strcmp(format, "json")) {
            assert_int_equal(jopa_result_parse(&again, here, strlen(here), &e), JOPA_OK);
            assert_float_equal(jopa_result_drop(again, 0), 13.7875, 0);
            jopa_result_free(again);
        }
        free(here);
        free(there);
    }
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exact_numbers_come_back, enter, leave),
        cmocka_unit_test_setup_teardown(numbers_for_people, enter, leave),
        cmocka_unit_test_setup_teardown(messages, enter, leave),
        cmocka_unit_test_setup_teardown(reports, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
