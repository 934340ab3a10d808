/* Operators, counts, marks in braces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prompt/marks.h"
#include "prompt/mask.h"

static jp_token tokens[] = {{7, 0, 1, -1}, {8, 1, 2, 0}, {9, 2, 3, 0}, {10, 3, 4, 1}, {11, 4, 5, -1}};
static jp_unit  units[] = {{1, 3, 1, 3, 0}, {3, 4, 3, 4, 0}};

static jp_prompt small_prompt(void) {
    return (jp_prompt){.tokens = tokens, .n_tokens = 5, .units = units, .n_units = 2};
}

static void assert_symbols(const char *name, int32_t token, const int32_t *expected, int n) {
    jp_prompt   p = small_prompt();
    jp_bitset   mask;
    jp_operator op;
    const char *text;
    int32_t     out[5];
    assert_int_equal(jp_operator_parse(name, &op, &text, NULL), JP_OK);
    op.token = token;
    assert_int_equal(jp_bitset_init(&mask, 2), JP_OK);
    jp_bitset_add(&mask, 0);
    assert_int_equal(jp_mask_symbols(&p, &op, &mask, out), n);
    assert_memory_equal(out, expected, (size_t)n * sizeof *out);
    jp_bitset_free(&mask);
}

static void operators_write_symbols(void **state) {
    (void)state;
    assert_symbols("zero", 0, (int32_t[]){7, JP_SYMBOL_ZERO, JP_SYMBOL_ZERO, 10, 11}, 5);
    assert_symbols("mean", 0, (int32_t[]){7, JP_SYMBOL_MEAN, JP_SYMBOL_MEAN, 10, 11}, 5);
    assert_symbols("delete", 0, (int32_t[]){7, 10, 11}, 3);
    assert_symbols("token:_", 42, (int32_t[]){7, 42, 42, 10, 11}, 5);
}

static void no_mask_hides_nothing(void **state) {
    (void)state;
    jp_prompt p = small_prompt();
    int32_t   out[5];
    assert_int_equal(jp_mask_symbols(&p, &(jp_operator){JP_OPERATOR_DELETE, 0}, NULL, out), 5);
    for (int i = 0; i < 5; i++) assert_int_equal(out[i], 7 + i);
}

static void operator_names(void **state) {
    (void)state;
    jp_operator op;
    const char *text, *summary = NULL;
    jopa_error  e;
    assert_int_equal(jp_operator_parse("token:a b", &op, &text, &e), JP_OK);
    assert_int_equal(op.kind, JP_OPERATOR_TOKEN);
    assert_string_equal(text, "a b");
    assert_int_equal(jp_operator_parse("mean", &op, &text, &e), JP_OK);
    assert_null(text);
    assert_int_equal(jp_operator_parse("token:", &op, &text, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jp_operator_parse("token", &op, &text, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jp_operator_parse("zeros", &op, &text, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "'zeros'"));
    int n = 0;
    for (; jp_operator_name(n, &summary); n++) assert_true(strlen(summary) > 10);
    assert_int_equal(n, 4);
    assert_string_equal(jp_operator_name(3, NULL), "token:TEXT");
    assert_null(jp_operator_name(-1, NULL));
}

static void counts(void **state) {
    (void)state;
    jp_prompt p = small_prompt();
    jp_bitset mask;
    assert_int_equal(jp_bitset_init(&mask, 2), JP_OK);
    assert_int_equal(jp_prompt_maskable_tokens(&p), 3);
    assert_int_equal(jp_prompt_hidden_tokens(&p, &mask), 0);
    jp_bitset_add(&mask, 0);
    assert_int_equal(jp_prompt_hidden_tokens(&p, &mask), 2);
    jp_bitset_add(&mask, 1);
    assert_int_equal(jp_prompt_hidden_tokens(&p, &mask), 3);
    jp_bitset_free(&mask);
    jp_prompt zero = {0};
    jp_prompt_free(&zero);
}

static void marks_are_stripped(void **state) {
    (void)state;
    const char *text = "a {{bc}} d{{e}}{{\xf0\x9f\x98\x80}} {x} }{";
    jp_marks    m;
    assert_int_equal(jp_marks_parse(&m, text, strlen(text), NULL), JP_OK);
    assert_string_equal(m.text, "a bc de\xf0\x9f\x98\x80 {x} }{");
    assert_int_equal(m.size, strlen(m.text));
    assert_int_equal(m.n_ranges, 3);
    const jp_range expected[] = {{2, 4}, {6, 7}, {7, 11}};
    assert_memory_equal(m.ranges, expected, sizeof expected);
    jp_marks_free(&m);
}

static void four_braces_are_two(void **state) {
    (void)state;
    const char *text = "{{{{x}}}} {{y}}";
    jp_marks    m;
    assert_int_equal(jp_marks_parse(&m, text, strlen(text), NULL), JP_OK);
    assert_string_equal(m.text, "{{x}} y");
    assert_int_equal(m.n_ranges, 1);
    assert_int_equal(m.ranges[0].start, 6);
    jp_marks_free(&m);
    assert_int_equal(jp_marks_parse(&m, "", 0, NULL), JP_OK);
    assert_string_equal(m.text, "");
    jp_marks_free(&m);
}

static void bad_marks_name_the_byte(void **state) {
    (void)state;
    const struct {
        const char *text, *message;
    } cases[] = {{"ab {{c", "byte 3 "}, {"ab}} c", "byte 2 "},           {"{{a {{b}} c}}", "byte 4 "},
                 {"x{{}}", "byte 1 "},  {"\xc3\xa9{{a}} }}", "byte 8 "}, {"{\"a\":{\"b\":1}}", "byte 11 "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jp_marks   m;
        jopa_error e = {0};
        assert_int_equal(jp_marks_parse(&m, cases[i].text, strlen(cases[i].text), &e), JOPA_ERROR_INPUT);
        if (!strstr(e.message, cases[i].message)) fail_msg("%s: %s", cases[i].text, e.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_write_symbols), cmocka_unit_test(no_mask_hides_nothing),
        cmocka_unit_test(operator_names),          cmocka_unit_test(counts),
        cmocka_unit_test(marks_are_stripped),      cmocka_unit_test(four_braces_are_two),
        cmocka_unit_test(bad_marks_name_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
