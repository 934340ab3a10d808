/* What everything else stands on: buffers, UTF-8, messages, characters, numbers. Sets and random numbers:
 * test_base_sets.c. */
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

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/excerpt.h"
#include "base/number.h"
#include "base/random.h"
#include "base/utf8.h"

/* ---- buffers ------------------------------------------------------------------------------------------------------
 */

static void test_buffer(void **state) {
    (void)state;
    jp_buffer b = {0};
    size_t    size = 0;
    char     *text = jp_buffer_take(&b, &size);
    assert_string_equal(text, "");
    assert_int_equal(size, 0);
    free(text);
    jp_buffer_text(&b, "one ");
    jp_buffer_bytes(&b, "two\0three", 9);
    jp_buffer_bytes(&b, NULL, 0);
    jp_buffer_format(&b, " %d %s", 4, "five");
    assert_false(b.failed);
    assert_int_equal(b.data[b.size], '\0');
    text = jp_buffer_take(&b, &size);
    assert_int_equal(size, 20);
    assert_memory_equal(text, "one two\0three 4 five", 21);
    assert_null(b.data);
    free(text);
}

static void test_buffer_grows(void **state) {
    (void)state;
    jp_buffer b = {0};
    char      line[32], *large = malloc(5000);
    memset(large, 'x', 4999);
    large[4999] = '\0';
    jp_buffer_format(&b, "%s", large); /* longer than the first capacity */
    for (int i = 0; i < 20000; i++) jp_buffer_format(&b, "%d,", i);
    assert_false(b.failed);
    const char *at = b.data + 4999;
    for (int i = 0; i < 20000; i++, at += strlen(line)) {
        snprintf(line, sizeof line, "%d,", i);
        assert_memory_equal(at, line, strlen(line));
    }
    assert_true(at == b.data + b.size);
    free(large);
    jp_buffer_free(&b);
    jp_buffer_free(&b);
}

static void test_buffer_failure_sticks(void **state) {
    (void)state;
    jp_buffer b = {0};
    size_t    size = 7;
    jp_buffer_text(&b, "text");
    b.failed = true;
    jp_buffer_text(&b, "more");
    assert_null(jp_buffer_take(&b, &size));
    assert_int_equal(size, 0);
    assert_false(b.failed);
}

/* ---- UTF-8 --------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *text;
    size_t      size, valid;
    const char *repaired;
} TEXTS[] = {
    {"", 0, 0, ""},
    {"plain", 5, 5, "plain"},
    {"na\xc3\xafve", 6, 6, "na\xc3\xafve"},
    {"\xe4\xbd\xa0\xf0\x9f\x98\x80", 7, 7, "\xe4\xbd\xa0\xf0\x9f\x98\x80"},
    {"\xf4\x8f\xbf\xbf", 4, 4, "\xf4\x8f\xbf\xbf"}, /* U+10FFFF */
    {"a\x80z", 3, 1, "a\xef\xbf\xbdz"},             /* a continuation alone */
    {"a\xc3", 2, 1, "a\xef\xbf\xbd"},               /* cut */
    {"a\xe4\xbd", 3, 1, "a\xef\xbf\xbd"},           /* cut later */
    {"\xc3z", 2, 0, "\xef\xbf\xbdz"},               /* no continuation */
    {"\xc0\x80", 2, 0, "\xef\xbf\xbd"},             /* overlong */
    {"\xc1\xbf", 2, 0, "\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", 3, 0, "\xef\xbf\xbd"},
    {"\xf0\x8f\xbf\xbf", 4, 0, "\xef\xbf\xbd"},
    {"ok\xed\xa0\x80", 5, 2, "ok\xef\xbf\xbd"}, /* a surrogate */
    {"\xed\x9f\xbf", 3, 3, "\xed\x9f\xbf"},     /* the last character before them */
    {"\xf4\x90\x80\x80", 4, 0, "\xef\xbf\xbd"}, /* beyond U+10FFFF */
    {"\xf5\x80\x80\x80", 4, 0, "\xef\xbf\xbd"},
    {"\xff\xfe", 2, 0, "\xef\xbf\xbd\xef\xbf\xbd"},
};

static void test_utf8(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        assert_int_equal(jp_utf8_valid(TEXTS[i].text, TEXTS[i].size), TEXTS[i].valid);
        char *repaired = jp_utf8_repair(TEXTS[i].text, TEXTS[i].size);
        assert_string_equal(repaired, TEXTS[i].repaired);
        assert_int_equal(jp_utf8_valid(repaired, strlen(repaired)), strlen(repaired));
        free(repaired);
    }
}

/* Any bytes at all become valid, and what was valid stays. */
static void test_utf8_random_bytes(void **state) {
    (void)state;
    jp_random r;
    jp_random_seed(&r, 9);
    for (int round = 0; round < 2000; round++) {
        char   bytes[24];
        size_t size = (size_t)jp_random_below(&r, sizeof bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)(jp_random_below(&r, 2) ? 'a' + jp_random_below(&r, 26) : 0x80 + jp_random_below(&r, 128));
        char  *repaired = jp_utf8_repair(bytes, size);
        size_t valid = jp_utf8_valid(bytes, size);
        assert_memory_equal(repaired, bytes, valid);
        assert_int_equal(jp_utf8_valid(repaired, strlen(repaired)), strlen(repaired));
        free(repaired);
    }
}

static void test_utf8_boundaries(void **state) {
    (void)state;
    const char       *text = "a\xc3\xaf\xf0\x9f\x98\x80";
    static const bool boundary[] = {true, true, false, true, false, false, false, true, false};
    for (size_t at = 0; at < sizeof boundary / sizeof *boundary; at++)
        assert_int_equal(jp_utf8_is_boundary(text, 7, at), boundary[at]);
}

/* ---- messages, characters, numbers, clock
 * ------------------------------------------------------------------------------------------------
 */

static void test_errors_are_one_line(void **state) {
    (void)state;
    jopa_error e = {0};
    assert_int_equal(jp_fail(&e, JOPA_ERROR_INPUT, "no '%s' on\r\nline %d\n", "a\nb", 3), JOPA_ERROR_INPUT);
    assert_int_equal(e.code, JOPA_ERROR_INPUT);
    assert_string_equal(e.message, "no 'a b' on  line 3 ");
    assert_int_equal(jp_fail(&e, JOPA_ERROR_INPUT, "%s", "a\x1b[31m\tb\x7f\xc2\x85\xe2\x80\xa8z"), JOPA_ERROR_INPUT);
    assert_string_equal(e.message, "a [31m b   z");
    assert_int_equal(jp_fail(&e, JOPA_ERROR_INPUT, "the code %d: %s", e.code, e.message), JOPA_ERROR_INPUT);
    assert_string_equal(e.message, "the code 2: a [31m b   z"); /* its own message may be in it */
    assert_int_equal(jp_fail(NULL, JOPA_ERROR_IO, "nobody listens: %s", "x"), JOPA_ERROR_IO);
    assert_int_equal(jp_fail_memory(NULL), JOPA_ERROR_MEMORY);
    assert_int_equal(jp_fail_memory(&e), JOPA_ERROR_MEMORY);
    assert_int_equal(e.code, JOPA_ERROR_MEMORY);
    assert_non_null(strstr(e.message, "memory"));
}

static void test_long_errors_are_cut(void **state) {
    (void)state;
    jopa_error e = {0};
    char       text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(jp_fail(&e, JOPA_ERROR_USAGE, "%s", text), JOPA_ERROR_USAGE);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

/* Random texts of whole characters and stray bytes. */
static void random_text(jp_random *r, char *out, size_t room) {
    static const char *const parts[] = {"a",    " ",        "\xc3\xaf", "\xe6\x97\xa5", "\xf0\x9f\x98\x80",
                                        "\xff", "\xe6\x97", "\n",       "\x1b"};
    int                      n_parts = jp_random_below(r, 2) ? 5 : (int)(sizeof parts / sizeof *parts);
    size_t                   size = (size_t)jp_random_below(r, (int)room - 4), used = 0;
    while (used < size) {
        const char *part = parts[jp_random_below(r, n_parts)];
        memcpy(out + used, part, strlen(part));
        used += strlen(part);
    }
    out[used] = '\0';
}

/* However the format cuts its arguments, a message is one line of whole characters, and no shorter than it has to be.
 */
static void test_errors_are_whole_characters(void **state) {
    (void)state;
    jp_random r;
    jp_random_seed(&r, 11);
    for (int round = 0; round < 3000; round++) {
        char       text[1800];
        jopa_error e = {0};
        random_text(&r, text, sizeof text);
        int cut = jp_random_below(&r, 1000);
        if (jp_random_below(&r, 2)) jp_fail(&e, JOPA_ERROR_INPUT, "'%.*s' is wrong", cut, text);
        else jp_fail(&e, JOPA_ERROR_INPUT, "'%s'", text);
        size_t size = strlen(e.message);
        assert_int_equal(jp_utf8_valid(e.message, size), size);
        for (size_t i = 0; i < size; i++) assert_true((unsigned char)e.message[i] >= 0x20 && e.message[i] != 0x7f);
        size_t same = 0;
        while (e.message[same + 1] && e.message[same + 1] == text[same]) same++;
        if (jp_utf8_valid(text, strlen(text)) == strlen(text) && !strpbrk(text, "\n\x1b") && strlen(text) > 600 &&
            cut > 600)
            assert_true(size >= sizeof e.message - 4 && same == size - 1);
    }
}

static void test_excerpts(void **state) {
    (void)state;
    const char *text = "na\xc3\xafve \xf0\x9f\x98\x80";
    assert_string_equal(jp_excerpt(text, 100).text, text);
    assert_string_equal(jp_excerpt(text, 11).text, text);
    assert_string_equal(jp_excerpt(text, 10).text, "na\xc3\xafve \xe2\x80\xa6");
    assert_string_equal(jp_excerpt(text, 3).text, "na\xe2\x80\xa6");
    assert_string_equal(jp_excerpt_of(text, 4, 100).text, "na\xc3\xaf");
    assert_string_equal(jp_excerpt("", 0).text, "");
    jp_random r;
    jp_random_seed(&r, 12);
    for (int round = 0; round < 3000; round++) {
        char long_text[800];
        random_text(&r, long_text, sizeof long_text);
        size_t          limit = (size_t)jp_random_below(&r, 400), size = strlen(long_text);
        jp_excerpt_text cut = jp_excerpt(long_text, limit);
        assert_true(strlen(cut.text) <= (limit > JP_EXCERPT_MOST ? JP_EXCERPT_MOST : limit) + 3);
        if (jp_utf8_valid(long_text, size) == size)
            assert_int_equal(jp_utf8_valid(cut.text, strlen(cut.text)), strlen(cut.text));
    }
}

/* The classes of <ctype.h> in the "C" locale, for every byte, whatever the locale is. */
static void test_ascii_classes(void **state) {
    (void)state;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", digits[] = "0123456789",
                      spaces[] = " \t\n\v\f\r", marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool letter = c && strchr(letters, c), digit = c && strchr(digits, c);
        assert_int_equal(jp_ascii_is_alpha(c), letter);
        assert_int_equal(jp_ascii_is_digit(c), digit);
        assert_int_equal(jp_ascii_is_alnum(c), letter || digit);
        assert_int_equal(jp_ascii_is_space(c), c && strchr(spaces, c));
        assert_int_equal(jp_ascii_is_punct(c), c && strchr(marks, c));
        assert_int_equal(jp_ascii_lower(c), c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    assert_true(jp_ascii_equal_nocase("DocTor!", "dOCtoR?", 6));
    assert_false(jp_ascii_equal_nocase("DocTor!", "dOCtoR?", 7));
    assert_true(jp_ascii_equal_nocase("ab\0x", "AB\0y", 4));
    assert_false(jp_ascii_equal_nocase("\xc3\xa4", "\xc3\x84", 2));
}

static void test_numbers_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int         size; /* -1: no number */
        double      value;
    } cases[] = {
        {"0.25", 4, 0.25}, {" \t-3e2,", 6, -300}, {"+.5x", 3, 0.5}, {"1,5", 1, 1},
        {"7.", 2, 7},      {"1e", 1, 1},          {"0x10", 1, 0},   {"", -1, 0},
        {"-", -1, 0},      {".", -1, 0},          {"inf", -1, 0},   {"nan", -1, 0},
        {"e5", -1, 0},     {"- 1", -1, 0},        {"1e-400", 6, 0}, {"1e400", 5, INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double      value = -99;
        const char *end = NULL;
        assert_int_equal(jp_parse_double(cases[i].text, &end, &value), cases[i].size >= 0);
        if (cases[i].size >= 0) assert_true(end == cases[i].text + cases[i].size && value == cases[i].value);
        else assert_true(!end && value == -99);
        bool whole = cases[i].size >= 0 && !cases[i].text[cases[i].size];
        assert_int_equal(jp_parse_double(cases[i].text, NULL, &value), whole);
    }
}

static void test_clock_does_not_go_back(void **state) {
    (void)state;
    double last = jp_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = jp_seconds();
        assert_true(now >= last);
        last = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_buffer_grows),
        cmocka_unit_test(test_buffer_failure_sticks),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_random_bytes),
        cmocka_unit_test(test_utf8_boundaries),
        cmocka_unit_test(test_errors_are_one_line),
        cmocka_unit_test(test_long_errors_are_cut),
        cmocka_unit_test(test_errors_are_whole_characters),
        cmocka_unit_test(test_excerpts),
        cmocka_unit_test(test_ascii_classes),
        cmocka_unit_test(test_numbers_are_parsed),
        cmocka_unit_test(test_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
