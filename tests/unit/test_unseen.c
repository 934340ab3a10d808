/* What a reader sees of a text is what is there: characters that cannot be seen are shown as marks in every report for
 * people, and nothing of a text is lost in the JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "base/random.h"
#include "base/unseen.h"
#include "report/cell.h"
#include "report/plain.h"
#include "report_fixture.h"

/* ---- which characters ------------------------------------------------------------------------------------------- */

static const UChar32 unseen[] = {
    0x1b,   0x07,   0x85,   0x9b,   0xad,   0x34f,   0x61c,   0x115f,  0x1160,  0x17b4,  0x180b,  0x180e, 0x200b,
    0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029,  0x202a,  0x202b,  0x202c,  0x202d,  0x202e,  0x2060, 0x2061,
    0x2062, 0x2063, 0x2064, 0x2066, 0x2067, 0x2068,  0x2069,  0x206a,  0x206f,  0x2800,  0x3164,  0xe000, 0xfe00,
    0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffb, 0x1d173, 0xe0001, 0xe0020, 0xe0041, 0xe007f, 0xe0100, 0xe01ef};
enum { N_UNSEEN = sizeof unseen / sizeof *unseen };

static size_t put_point(char *out, UChar32 c) {
    size_t size = 0;
    U8_APPEND_UNSAFE((uint8_t *)out, size, (uint32_t)c);
    out[size] = '\0';
    return size;
}

static void expect_seen(const char *text, const char *shown) {
    jp_buffer out = {0};
    jp_put_seen(&out, text, strlen(text));
    assert_string_equal(out.data ? out.data : "", shown);
    jp_buffer_free(&out);
}

static void every_unseen_character_has_a_mark(void **state) {
    char text[8], mark[JP_UNSEEN_SIZE];
    (void)state;
    for (int i = 0; i < N_UNSEEN; i++) {
        size_t size = put_point(text, unseen[i]);
        if (jp_unseen(text, size, 0, mark) != size) fail_msg("U+%04X", (unsigned)unseen[i]);
    }
    for (UChar32 c = 1; c < 0x110000; c++) { /* all that Unicode calls so, and no letter or sign that shows */
        if (c >= 0xd800 && c < 0xe000) continue;
        size_t size = put_point(text, c), found = jp_unseen(text, size, 0, mark);
        bool   hidden = u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
                      u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL) || u_charType(c) == U_CONTROL_CHAR;
        if (hidden && !found && !strchr("\t\n\r", text[0])) fail_msg("U+%04X is hidden", (unsigned)c);
        if (found && u_isgraph(c) && !hidden && u_charType(c) != U_PRIVATE_USE_CHAR && u_charType(c) != U_FORMAT_CHAR &&
            c != 0x2800 && c != 0x1d159)
            fail_msg("U+%04X shows", (unsigned)c);
    }
}

static void what_is_needed_stays(void **state) {
    static const char *const texts[] = {"plain\ttext\r\n",   "👩‍⚕️",
                                        "👩🏽‍🚀",   "❤️‍🔥",
                                        "1️⃣",           "☀︎",
                                        "می‌خواهم", "क्‍ष",
                                        "ක්‍ෂ",      "naïve 東京 עברית العربية",
                                        "\xc2\xa0",          "🇫🇷",
                                        "e\xcc\x81"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect_seen(texts[i], texts[i]);
    expect_seen("a\u200db\u200cc", "a⟨ZWJ⟩b⟨ZWNJ⟩c");
    expect_seen("1\ufe0f", "1⟨U+FE0F⟩");
    expect_seen("😀\ufe0f\ufe0f\U000e0100", "😀\ufe0f⟨U+FE0F⟩⟨U+E0100⟩");
    expect_seen("🏴\U000e0067\U000e007f", "🏴⟨tag g⟩⟨U+E007F⟩");
    expect_seen("\u202egnp.exe", "⟨RLO⟩gnp.exe");
}

static void messages_show_them(void **state) {
    jopa_error e;
    (void)state;
    jp_fail(&e, JOPA_ERROR_INPUT, "cannot read '%s'", "a\u202egnp\x1b[31m\U000e0041");
    assert_string_equal(e.message, "cannot read 'a⟨RLO⟩gnp [31m⟨tag A⟩'");
}

/* ---- reports --------------------------------------------------------------------------------------------------------
 */

static void replace(char **text, const char *with) {
    free(*text);
    *text = strdup(with);
}

/* The fixture with the character in every text; in the prompt in the place of as many bytes. */
static jopa_result *poisoned(UChar32 c) {
    char            bad[8], text[64];
    jopa_result    *r = fixture_everything();
    jp_explanation *x = &r->items[0];
    size_t          size = put_point(bad, c);
    memcpy(strstr(x->prompt_text, "talk") ? strstr(x->prompt_text, "talk") : strstr(x->prompt_text, "kind"), bad, size);
    memcpy(strstr(x->prompt_text, "doctor") + 1, bad, size);
    for (int u = 0; u < x->n_units; u++)
        if (strstr(x->units[u].text, "doctor")) memcpy(strstr(x->units[u].text, "doctor") + 1, bad, size);
    snprintf(text, sizeof text, "un%sseen", bad);
    memcpy(strstr(x->response_text, "talked"), bad, size);
    replace(&x->masked_response, text);
    replace(&x->model.file, text);
    replace(&x->op, text);
    if (x->id) replace(&x->id, text);
    for (int i = 0; i < x->audit.n_sentences; i++) replace(&x->audit.sentences[i].text, text);
    for (int i = 0; i < x->audit.n_words; i++) replace(&x->audit.words[i].text, text);
    for (int i = 0; i < x->n_citations; i++) {
        replace(&x->citations[i].text, text);
        for (int j = 0; j < x->citations[i].n_sources; j++) {
            replace(&x->citations[i].sources[j].cited_text, text);
            replace(&x->citations[i].sources[j].document_title, text);
        }
    }
    for (int i = 0; i < x->compression.n_turns; i++) replace(&x->compression.turns[i].content, text);
    return r;
}

static void expect_shown(const jopa_result *r, const char *format, UChar32 c) {
    char  bad[8];
    char *report = fixture_render(r, format, 60, false, true);
    put_point(bad, c);
    bool emoji = c == 0x200d || c == 0xfe0f; /* the fixture's own has these two */
    if (!emoji && strstr(report, bad)) fail_msg("U+%04X stands raw in %s:\n%s", (unsigned)c, format, report);
    free(report);
}

static void no_report_for_people_has_them(void **state) {
    static const char *const formats[] = {"text", "html", "svg", "markdown", "json"};
    (void)state;
    for (int i = 0; i < N_UNSEEN; i++) {
        jopa_result *r = poisoned(unseen[i]);
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) expect_shown(r, formats[f], unseen[i]);
        r->items[0].audit.present = false; /* other pages of the text report */
        expect_shown(r, "text", unseen[i]);
        r->items[0].compression.present = false;
        expect_shown(r, "text", unseen[i]);
        replace(&r->items[0].command, "cite");
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) expect_shown(r, formats[f], unseen[i]);
        jopa_result_free(r);
    }
}

static void the_json_has_them_all(void **state) {
    (void)state;
    for (int i = 0; i < N_UNSEEN; i++) {
        jopa_result *r = poisoned(unseen[i]), *again = NULL;
        jopa_error   e = {0};
        char        *json = fixture_render(r, "json", 0, false, false);
        if (jopa_result_parse(&again, json, strlen(json), &e)) fail_msg("U+%04X: %s", (unsigned)unseen[i], e.message);
        assert_string_equal(again->items[0].prompt_text, r->items[0].prompt_text);
        assert_string_equal(again->items[0].response_text, r->items[0].response_text);
        assert_string_equal(again->items[0].masked_response, r->items[0].masked_response);
        free(json);
        jopa_result_free(again);
        jopa_result_free(r);
    }
}

/* ---- cells and Markdown -------------------------------------------------------------------------------------------
 */

static void expect_cell(const char *text, const char *cell) {
    jp_buffer out = {0};
    jp_put_cell(&out, text);
    assert_string_equal(out.data, cell);
    jp_buffer_free(&out);
}

static void cells_are_no_formulas(void **state) {
    static const char *const formulas[] = {"=1+1",     "+1",  "-2+3 apples", "@SUM(A1)", " =1", "\u00a0=1", "\u200b=1",
                                           "\ufeff+1", "＝1", "＋1",         "－1",      "＠x", "\u22121"};
    char                     cell[64];
    (void)state;
    for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
        snprintf(cell, sizeof cell, "\"'%s\"", formulas[i]);
        expect_cell(formulas[i], cell);
    }
    expect_cell("\t=1", "\"'\t=1\"");
    expect_cell("\r", "\"'\r\"");
    expect_cell("a=1", "a=1");
    expect_cell("a \"b\", c", "\"a \"\"b\"\", c\"");
    expect_cell("", "");
}

static void expect_markdown(const char *text, const char *shown) {
    jp_buffer out = {0};
    jp_buffer_text(&out, "\n> ");
    jp_put_markdown(&out, text, strlen(text), true);
    assert_string_equal(out.data + 3, shown);
    jp_buffer_free(&out);
}

static void markdown_stays_text(void **state) {
    (void)state;
    expect_markdown("    code", "&nbsp;&nbsp;&nbsp;&nbsp;code");
    expect_markdown("a\n\tb", "a<br>\n> &nbsp;&nbsp;&nbsp;&nbsp;b");
    expect_markdown("\n\na", "&nbsp;<br>\n> <br>\n> a");
    expect_markdown("a\r\nb\rc", "a<br>\n> b<br>\n> c");
    expect_markdown("me@x.org @you", "me<!-- -->\\@x\\.org \\@you");
    expect_markdown("<b>&amp;", "&lt;b\\>&amp;amp;");
    expect_markdown("1) http://x.y `z`", "1\\) http\\://x\\.y \\`z\\`");
    expect_markdown("\u202e", "⟨RLO⟩");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unseen_character_has_a_mark),
        cmocka_unit_test(what_is_needed_stays),
        cmocka_unit_test(messages_show_them),
        cmocka_unit_test(no_report_for_people_has_them),
        cmocka_unit_test(the_json_has_them_all),
        cmocka_unit_test(cells_are_no_formulas),
        cmocka_unit_test(markdown_stays_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
