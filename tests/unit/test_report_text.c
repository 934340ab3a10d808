/* What a person reads on a terminal, and the parts that reports share: pieces, widths, differences, markup. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/breaks.h"
#include "report/diff.h"
#include "report/label.h"
#include "report/markup.h"
#include "base/number.h"
#include "report/plot/plot.h"
#include "report/view.h"
#include "report_fixture.h"

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part) {
    if (strstr(text, part)) fail_msg("\"%s\" is in:\n%s", part, text);
}

static void the_prompt_is_shown_as_it_was_written(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "text", 80, false, false);
    assert_has(
        text,
        "PROMPT\n  system\n  Be <b>kind</b>.\n  user\n  A \"[doctor]\"    and\n  a [patient] 👩‍⚕️ meet.\n");
    assert_lacks(text, "<s>");
    assert_lacks(text, "\x1b");
    assert_has(text, "RESPONSE\n  They met & <i>talked</i> 😀.\n");
    assert_has(text, "RESPONSE WITH THE SET HIDDEN\n  They met & slept.\n");
    free(text);
    jopa_result_free(r);
}

static void the_figures_are_in_words(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "text", 200, false, false);
    assert_has(text, "hidden together “doctor”, “patient” (2 of 10 words, 20 %)\n");
    assert_has(text, "13.8 nats: log p(response) goes from −6.92 to −20.7\n");
    assert_has(text, "probability 0.421 → 0.075, 5.60 times less likely (geometric mean of 8)\n");
    assert_has(text, "“i>talked</i>” −9.06, “met” −3.50, “<” −0.875, “😀” −0.600\n");
    assert_has(text, "one at a time the drops add up to 5.25; together 8.54 more (synergy)\n");
    assert_has(text, "“doctor” + “patient”: +8.54 nats together beyond their sum\n");
    assert_has(text, "the drop is 3.50 once “doctor” is shown again, 1.75 once “patient”\n");
    assert_has(text, "prob            drop per token 1.72, perplexity 2.50\n");
    assert_has(text, "words           bleu n/a\n");
    assert_has(text, "1,234 evaluations and 1 gradient in 6.17 s; 56,789 tokens decoded instead of 123,456\n");
    assert_has(text, "jopa, operator zero, seed 18446744073709551615; tiny.gguf (llama, Q4_1, 135M parameters)\n");
    free(text);
    jopa_result_free(r);
}

static void an_early_end_is_said(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    free(r->items[0].stopped);
    r->items[0].stopped = strdup("interrupted");
    char *text = fixture_render(r, "text", 200, false, false);
    assert_has(text, "; interrupted: the best so far\n");
    free(text);
    jopa_result_free(r);
}

static void colours_stand_for_brackets(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "text", 80, true, false);
    assert_has(text, "\"\x1b[1;38;5;16;48;5;220mdoctor\x1b[0m\"");
    assert_lacks(text, "[doctor]");
    free(text);
    jopa_result_free(r);
}

static void scores_are_bars_under_their_words(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "text", 80, false, true);
    assert_has(
        text,
        "  A \"[doctor]\"    and\n  ▁ ▁ ██████ ▁    ▁▁▁\n  a [patient] 👩‍⚕️ meet.\n  "
        "▁ "
        " "
        "███████ "
        " "
        " "
        " "
        " "
        "▁▁▁▁▁\n");
    free(text);
    jopa_result_free(r);
}

static void no_line_is_wider_than_the_terminal(void **state) {
    (void)state;
    jopa_result *results[] = {fixture_result(), fixture_comparison()};
    for (int i = 0; i < 2; i++) {
        for (int width = 34; width <= 130; width += 3) {
            char *text = fixture_render(results[i], "text", width, false, i == 0), *rest = text;
            for (char *line; (line = strsep(&rest, "\n"));)
                if (jp_text_width(line, strlen(line)) > width) fail_msg("wider than %d: %s", width, line);
            free(text);
        }
        jopa_result_free(results[i]);
    }
}

static void a_comparison_is_a_table(void **state) {
    (void)state;
    jopa_result *r = fixture_comparison();
    char        *text = fixture_render(r, "text", 100, false, false);
    assert_has(text, "  method   drop  of best  units  sparsity  evaluations  seconds  hidden\n");
    assert_has(text, "  jopa    13.79    100 %      2    20.0 %        1,234     6.17  “doctor”, “patient”\n");
    assert_has(text, "  random   4.00     29 %      2    20.0 %        1,234      n/a  “doctor”, “meet”\n");
    free(text);
    text = fixture_render(r, "text", 40, false, false);
    assert_has(text, "  method   drop  of best  evaluations\n");
    assert_has(text, "    “doctor”, “patient”\n");
    free(text);
    jopa_result_free(r);
}

/* The pieces' texts between bars, "*" before the selected ones. */
static void show_pieces(const char *text, const jp_pieces *pieces, char *out, size_t size) {
    size_t at = 0;
    for (int i = 0; i < pieces->n; i++) {
        const jp_piece *p = &pieces->at[i];
        at += (size_t)snprintf(out + at, size - at, "%s%.*s|", p->selected ? "*" : "", (int)(p->end - p->start),
                               text + p->start);
    }
}

static void pieces_hold_whole_characters(void **state) {
    (void)state;
    jopa_result    *r = fixture_result();
    jp_explanation *x = &r->items[0];
    jp_pieces       pieces;
    char            shown[512];
    assert_int_equal(jp_view_response(x, &pieces, NULL), JP_OK);
    show_pieces(x->response_text, &pieces, shown, sizeof shown);
    assert_string_equal(shown, "They| met| &| <|i>talked</i>| 😀|.|");
    assert_int_equal(pieces.at[5].last - pieces.at[5].first, 3);
    assert_float_equal(pieces.at[5].value, 0.6, 1e-9);
    assert_true(isnan(pieces.at[6].value)); /* not in the target */
    free(pieces.at);
    x->units[7].end -= 3; /* units that cut the emoji between its two parts */
    x->units[8].start -= 3;
    x->units[8].selected = true;
    assert_int_equal(jp_view_prompt(x, &x->messages[1], &pieces, NULL), JP_OK);
    show_pieces(x->prompt_text, &pieces, shown, sizeof shown);
    assert_string_equal(shown, "A| \"|*doctor|\"|\tand|\na|* patient|* 👩‍⚕️ meet|.|");
    assert_int_equal(pieces.at[7].ink_end - pieces.at[7].ink_start, 18);
    free(pieces.at);
    jopa_result_free(r);
}

static void messages_are_found_without_being_saved(void **state) {
    (void)state;
    jopa_result       *r = fixture_result();
    jp_explanation    *x = &r->items[0];
    jp_result_message *messages;
    int                n, saved = x->n_messages;
    x->n_messages = 0;
    free(x->units[0].role);
    x->units[0].role = strdup("system");
    assert_int_equal(jp_view_messages(x, &messages, &n, NULL), JP_OK);
    assert_int_equal(n, 2);
    assert_string_equal(messages[1].role, "user");
    assert_int_equal(messages[0].end - messages[0].start, 1);
    free(messages);
    x->n_messages = saved;
    jopa_result_free(r);
}

static void neighbours_without_space_are_one_phrase(void **state) {
    (void)state;
    jopa_result    *r = fixture_result();
    jp_explanation *x = &r->items[0];
    jp_buffer       out = {0};
    x->selected[0] = 2; /* doctor + the mark after it */
    x->selected[1] = 3;
    jp_put_selection(&out, x);
    assert_string_equal(out.data, "“doctor\"”");
    jp_buffer_free(&out);
    jopa_result_free(r);
}

static void widths_of_characters(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int         width;
    } cases[] = {
        {"abc", 3}, {"日本", 4}, {"e\u0301", 1}, {"👩‍⚕️", 2}, {"👍🏽", 2}, {"שלום", 4},
        {"", 0},    {"ｱ", 1},    {"Ａ", 2},      {"☎️", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (jp_text_width(cases[i].text, strlen(cases[i].text)) != cases[i].width)
            fail_msg("width of \"%s\"", cases[i].text);
}

static void labels_are_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *text, *label;
    } cases[] = {
        {" doctor ", "“doctor”"},
        {"\n", "“⏎”"},
        {" ", "“␣”"},
        {"日本語のテキスト", "“日本語の…”"},
        {"abcdefghij", "“abcdefghij”"},
        {"abcdefghijk", "“abcdefghi…”"},
        {"a\x1b[31m\nb", "“a\xef\xbf\xbd[31m⏎b”"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jp_buffer out = {0};
        jp_put_quoted(&out, cases[i].text, 0, strlen(cases[i].text), 10);
        assert_string_equal(out.data, cases[i].label);
        jp_buffer_free(&out);
    }
}

static void numbers_for_people(void **state) {
    (void)state;
    static const struct {
        double      value;
        const char *text;
    } cases[] = {
        {1234567, "1,234,567"}, {-12.345, "−12.3"},   {0.0123, "0.012"},
        {0.00123, "0.0012"},    {1.5e-7, "1.50e-07"}, {0, "0.00"},
        {NAN, "n/a"},           {-0.0, "0.00"},       {999.6, "1,000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jp_buffer out = {0};
        jp_put_figure(&out, cases[i].value);
        assert_string_equal(out.data, cases[i].text);
        jp_buffer_free(&out);
    }
}

/* Runs between bars, "~" before those that differ. */
static void assert_diff(const char *a, const char *b, const char *in_a, const char *in_b) {
    jp_diff     diffs[2];
    const char *texts[2] = {a, b}, *expected[2] = {in_a, in_b};
    assert_int_equal(jp_diff_texts(a, b, &diffs[0], &diffs[1], NULL), JP_OK);
    for (int side = 0; side < 2; side++) {
        char   shown[512] = "";
        size_t at = 0;
        for (int i = 0; i < diffs[side].n; i++) {
            jp_diff_run r = diffs[side].runs[i];
            at += (size_t)snprintf(shown + at, sizeof shown - at, "%s%.*s|", r.same ? "" : "~", (int)(r.end - r.start),
                                   texts[side] + r.start);
        }
        assert_string_equal(shown, expected[side]);
        free(diffs[side].runs);
    }
}

static void differences_word_by_word(void **state) {
    (void)state;
    assert_diff("the old cat sat", "the new cat sat", "the |~old| cat sat|", "the |~new| cat sat|");
    assert_diff("a b c", "x y z", "~a b c|", "~x y z|");
    assert_diff("same", "same", "same|", "same|");
    assert_diff("", "new", "", "~new|");
    assert_diff("日本語", "日中語", "日|~本|語|", "日|~中|語|");
    assert_diff("a b d", "a b c d", "a b d|", "a b |~c |d|");
}

static void differences_of_long_texts(void **state) {
    (void)state;
    size_t  n = 20000;
    char   *a = calloc(1, 2 * n + 8), *b = calloc(1, 2 * n + 8);
    jp_diff in_a, in_b;
    for (size_t i = 0; i < n; i++) {
        memcpy(a + 2 * i, i % 3 ? "x " : "y ", 2);
        memcpy(b + 2 * i, i % 5 ? "x " : "y ", 2);
    }
    assert_int_equal(jp_diff_texts(a, b, &in_a, &in_b, NULL), JP_OK);
    assert_int_equal(in_a.runs[in_a.n - 1].end, 2 * n);
    assert_int_equal(in_b.runs[in_b.n - 1].end, 2 * n);
    free(in_a.runs);
    free(in_b.runs);
    free(a);
    free(b);
}

static void markup_is_escaped(void **state) {
    (void)state;
    const char text[] = "<a href=\"x\">'&'\r\n\x01\xef\xbf\xbf";
    jp_buffer  html = {0}, xml = {0};
    jp_put_html(&html, text, strlen(text));
    jp_put_xml(&xml, text, strlen(text));
    assert_string_equal(html.data, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&#13;\n⟨U+0001⟩⟨U+FFFF⟩");
    assert_string_equal(xml.data, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&#13;\n\xef\xbf\xbd\xef\xbf\xbd");
    jp_buffer_free(&html);
    jp_buffer_free(&xml);
}

static void markdown_shows_the_text_as_it_is(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "markdown", 0, false, false);
    assert_has(text, "> Be &lt;b\\>kind&lt;/b\\>\\.\n");
    assert_has(text, "\\\"<b>\\[doctor\\]</b>\\\"&nbsp;&nbsp;&nbsp;&nbsp;and<br>\n> a <b>\\[patient\\]</b> ");
    assert_has(text, "| jopa | 13.79 | 20.0 % | 1,234 | 6.17 | “doctor”, “patient” |\n");
    free(text);
    jopa_result_free(r);
}

static void csv_quotes_what_needs_it(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "csv", 0, false, false);
    assert_has(text, "method,unit,text,role,start,end,selected,score,probability,drop_without\r\n");
    assert_has(text, "\r\njopa,1,\" \"\"\",user,26,28,0,-0.25,,\r\n");
    assert_has(text, "\r\njopa,2,doctor,user,28,34,1,8.5,0.925,3.5\r\n");
    assert_has(text, "\r\njopa,5,\"\na\",user,");
    free(text);
    jopa_result_free(r);
}

static void steps_of_axes(void **state) {
    (void)state;
    assert_float_equal(jp_nice_step(40, 4), 10, 1e-12);
    assert_float_equal(jp_nice_step(0.7, 4), 0.2, 1e-12);
    assert_float_equal(jp_nice_step(1700, 4), 500, 1e-9);
    assert_float_equal(jp_nice_step(0, 4), 1, 0);
    assert_float_equal(jp_nice_step(INFINITY, 4), 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prompt_is_shown_as_it_was_written),
        cmocka_unit_test(the_figures_are_in_words),
        cmocka_unit_test(an_early_end_is_said),
        cmocka_unit_test(colours_stand_for_brackets),
        cmocka_unit_test(scores_are_bars_under_their_words),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_comparison_is_a_table),
        cmocka_unit_test(pieces_hold_whole_characters),
        cmocka_unit_test(messages_are_found_without_being_saved),
        cmocka_unit_test(neighbours_without_space_are_one_phrase),
        cmocka_unit_test(widths_of_characters),
        cmocka_unit_test(labels_are_cut_between_characters),
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(differences_word_by_word),
        cmocka_unit_test(differences_of_long_texts),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(markdown_shows_the_text_as_it_is),
        cmocka_unit_test(csv_quotes_what_needs_it),
        cmocka_unit_test(steps_of_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
