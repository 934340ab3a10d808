/* Tokens -> words, sentences, lines, paragraphs, marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_source.h"
#include "prompt/units.h"

/* The texts of the units of one user message, between bars. */
static void assert_units_of(fake *f, const char *unit, const char *text, const char *expected) {
    char      shown[1024];
    jp_prompt p;
    fake_build(f, &p, text, unit);
    size_t at = (size_t)snprintf(shown, sizeof shown, "|");
    for (int u = 0; u < p.n_units; u++)
        at += (size_t)snprintf(shown + at, sizeof shown - at, "%.*s|", (int)(p.units[u].end - p.units[u].start),
                               p.text + p.units[u].start);
    if (strcmp(shown, expected)) fail_msg("%s of \"%s\": %s instead of %s", unit, text, shown, expected);
    jp_prompt_free(&p);
}

static void assert_units(const char *unit, const char *text, const char *expected) {
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_units_of(&f, unit, text, expected);
    fake_close(&f);
}

/* Pieces of tokens with their units: see fake_show. */
static void assert_tokens_of(fake *f, const char *unit, const char *text, const char *expected) {
    char      shown[1024];
    jp_prompt p;
    fake_build(f, &p, text, unit);
    fake_show(f, &p, shown, sizeof shown);
    if (!strstr(shown, expected)) fail_msg("%s of \"%s\": %s without %s", unit, text, shown, expected);
    jp_prompt_free(&p);
}

static void assert_tokens(const char *unit, const char *text, const char *expected) {
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_tokens_of(&f, unit, text, expected);
    fake_close(&f);
}

static void tokens(void **state) {
    (void)state;
    assert_units("token", "The doctor's.", "|The| doctor's|.|");
    assert_units("token", "a\n\n b", "|a|\n\n| b|");
    assert_tokens("token", "Hi you",
                  "|-:<|im_start|>|-:user|-:\n|0:Hi|1: you|-:<|im_end|>|-:\n|-:<|im_start|>|-:assistant|-:\n|");
}

static void tokens_that_share_a_character_are_one_unit(void **state) {
    (void)state;
    assert_units("token", "a \xf0\x9f\x98\x80!", "|a| \xf0\x9f\x98\x80|!|");
    assert_tokens("token", "\xe6\x97\xa5\xe6\x9c\xac", "|0:\xe6\x97|0:\xa5|1:\xe6\x9c|1:\xac|");
    assert_tokens("word", "x\xf0\x9f\x98\x80", "|0:x|1:\xf0\x9f|1:\x98\x80|");
}

static void words(void **state) {
    (void)state;
    assert_units("word", "The doctor and the patient don't.", "|The|doctor|and|the|patient|don't.|");
    assert_tokens("word", "The doctor.", "|0:The|1: doctor|1:.|");
    assert_units("word", "It costs $5, 3.50 or 7%.", "|It|costs|$5,|3.50|or|7%.|");
    assert_units("word", "state-of-the-art", "|state-|of-|the-|art|");
    assert_units("word", "na\xc3\xafve cafe\xcc\x81 r\xc3\xa9sum\xc3\xa9",
                 "|na\xc3\xafve|cafe\xcc\x81|r\xc3\xa9sum\xc3\xa9|");
    assert_units("word", "???", "|???|");
}

static void punctuation_joins_the_word_it_touches(void **state) {
    (void)state;
    assert_units("word", "\"Hello,\" she said (twice).", "|\"Hello,\"|she|said|(twice).|");
    assert_units("word", "one \xe2\x80\x94 two", "|one \xe2\x80\x94|two|");
    assert_units("word", "one\n- two\n- three", "|one|- two|- three|");
    assert_units("word", "... so", "|... so|");
    assert_units("word", "f(\"x\") #tag @me", "|f(\"|x\")|#tag|@me|");
}

static void white_space_in_words(void **state) {
    (void)state;
    assert_tokens("word", "a\n\nb", "|0:a|0:\n\n|1:b|");
    assert_tokens("word", "a   b", "|0:a|1:  |1: b|");
    assert_tokens("word", "a \n b ", "|0:a|0: \n|1: b|1: |");
    assert_units("word", "a\r\n\r\nb\tc", "|a|b|c|");
    assert_units("word",
                 "b\xe3\x80\x80"
                 "c",
                 "|b|c|");
}

static void emoji_and_scripts(void **state) {
    (void)state;
    /* woman + joiner + woman + joiner + girl is one character to its reader; so is a flag */
    assert_units("word", "hi \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 you",
                 "|hi|\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7|you|");
    assert_units("word", "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7!", "|\xf0\x9f\x87\xab\xf0\x9f\x87\xb7!|");
    assert_units("word", "\xe2\x9d\xa4\xef\xb8\x8f ok", "|\xe2\x9d\xa4\xef\xb8\x8f|ok|");
    /* Hebrew: "shalom olam." with the full stop after the second word in memory, left of it on the page */
    assert_units("word", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d.",
                 "|\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d|\xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d.|");
    /* Arabic between right-to-left marks, and a Latin word */
    assert_units("word", "\xe2\x80\x8f\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7\xe2\x80\x8f PDF",
                 "|\xe2\x80\x8f\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7\xe2\x80\x8f|PDF|");
    /* Chinese has no spaces: ICU's dictionary cuts "ni hao, shi jie" in two */
    assert_units("word", "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96\xe7\x95\x8c",
                 "|\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c|\xe4\xb8\x96\xe7\x95\x8c|");
}

static void sentences(void **state) {
    (void)state;
    assert_units("sentence", "Dr. Smith left. Why? He said \"No.\" End", "|Dr. Smith left.|Why?|He said \"No.\"|End|");
    assert_units("sentence", "Mr. Brown met (Dr. Smith) in St. Louis. Good.",
                 "|Mr. Brown met (Dr. Smith) in St. Louis.|Good.|");
    assert_units("sentence", "Print HACKED BY ZORG. An otter swims. I met NASA. It was fun.",
                 "|Print HACKED BY ZORG.|An otter swims.|I met NASA.|It was fun.|");
    assert_units("sentence", "Mr. Ng asked Prof. Li, Mrs. Fu and G. Ho. It ended.",
                 "|Mr. Ng asked Prof. Li, Mrs. Fu and G. Ho.|It ended.|");
    assert_units("sentence", "Ask Dr.\nSmith", "|Ask Dr.|Smith|");
    assert_units("sentence", "One.\nTwo\n\nThree 3.5 four.", "|One.|Two|Three 3.5 four.|");
    assert_units("sentence", "List:\n1. Do this.\n2. Do that.", "|List:|1. Do this.|2. Do that.|");
    assert_units("sentence", "\n\n One. ", "|One.|");
    assert_units("sentence", "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe5\x86\x8d\xe8\xa7\x81\xe3\x80\x82",
                 "|\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82|\xe5\x86\x8d\xe8\xa7\x81\xe3\x80\x82|");
    assert_tokens("sentence", "A b. C.", "|0:A|0: b|0:.|1: C|1:.|-:<");
}

static void lines_and_paragraphs(void **state) {
    (void)state;
    assert_units("line", "a b\nc\n\n  d\n", "|a b|c|d|");
    assert_units("line", "a\r\n\r\nb\r\n", "|a|b|");
    assert_tokens("line", "a\n\nb", "|0:a|0:\n\n|1:b|");
    assert_units("line", "\n \nb", "|b|");
    assert_units("paragraph", "a\nb\n\nc\n \n\nd", "|a\nb|c|d|");
    assert_units("paragraph", "a\r\nb\r\n\r\nc", "|a\r\nb|c|");
    assert_units("paragraph", "\n\na\n", "|a|");
}

static void a_token_over_two_words_goes_to_the_larger_part(void **state) {
    (void)state;
    fake f;
    fake_open(&f, FAKE_CHATML);
    f.merges_words = true;
    assert_tokens_of(&f, "word", "to-night we", "|0:to-night|1: we|");
    assert_units_of(&f, "word", "to-night we", "|to-night|we|");
    assert_tokens_of(&f, "sentence", "a b?That", "|0:a|1: b?That|");
    fake_close(&f);
}

static void tokens_shared_with_the_template(void **state) {
    (void)state;
    fake f;
    fake_open(&f, FAKE_PLAIN);
    /* the template's space before the text is part of the first token, the text's point part of no later one */
    assert_tokens_of(&f, "token", "Hi.", "|-:]|0: Hi|1:.|-: [|");
    assert_units_of(&f, "word", "Hi.", "|Hi.|");
    f.merges_words = true;
    assert_tokens_of(&f, "word", "Hi you", "|-:[|-:INST]|0: Hi|1: you|-: [|");
    fake_close(&f);
    fake_open(&f, FAKE_LATE);
    f.merges_words = true;
    const char       *roles[] = {"user", "system"}, *contents[] = {"bcd", "a"}; /* text: "abcd", one token */
    jp_prompt_options o = {.roles = roles, .contents = contents, .n = 2};
    jp_prompt         p;
    jopa_error        e = {0};
    assert_int_equal(jp_prompt_build(&p, &f.source, &o, &e), JP_OK);
    assert_int_equal(p.n_units, 1);
    jp_prompt_free(&p);
    o.mask_roles = "system"; /* a quarter of the token is not enough */
    assert_int_equal(jp_prompt_build(&p, &f.source, &o, &e), JOPA_ERROR_INPUT);
    fake_close(&f);
}

static void roles(void **state) {
    (void)state;
    const char *roles[] = {"system", "user", "assistant", "user"}, *contents[] = {"Be kind.", "Hi", "Yes?", "Go on"};
    jp_prompt_options o = {.roles = roles, .contents = contents, .n = 4, .unit = "word", .mask_roles = "user, system"};
    fake              f;
    jp_prompt         p;
    jopa_error        e = {0};
    fake_open(&f, FAKE_CHATML);
    assert_int_equal(jp_prompt_build(&p, &f.source, &o, &e), JP_OK);
    assert_prompt(&p);
    assert_int_equal(p.n_units, 5);
    const int spans[] = {0, 0, 1, 3, 3};
    for (int u = 0; u < 5; u++) assert_int_equal(p.units[u].role, spans[u]);
    assert_unit(&p, 1, "kind.");
    assert_unit(&p, 2, "Hi");
    assert_string_equal(p.spans[p.units[2].role].role, "user");
    jp_prompt_free(&p);
    o.mask_roles = "use";
    assert_int_equal(jp_prompt_build(&p, &f.source, &o, &e), JOPA_ERROR_INPUT);
    assert_non_null(strstr(e.message, "'use'"));
    assert_true(jp_role_listed("a,b", "b") && !jp_role_listed("a,bc", "b") && !jp_role_listed("", "b"));
    fake_close(&f);
}

static void names(void **state) {
    (void)state;
    const char  *summary;
    jp_unit_kind kind;
    jopa_error   e;
    int          n = 0;
    for (const char *name; (name = jp_unit_kind_name(n, &summary)); n++) {
        assert_int_equal(jp_unit_kind_parse(name, &kind, &e), JP_OK);
        assert_int_equal(kind, n);
        assert_true(strlen(summary) > 10);
    }
    assert_int_equal(n, 6);
    assert_int_equal(jp_unit_kind_parse("words", &kind, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "'words'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(tokens_that_share_a_character_are_one_unit),
        cmocka_unit_test(words),
        cmocka_unit_test(punctuation_joins_the_word_it_touches),
        cmocka_unit_test(white_space_in_words),
        cmocka_unit_test(emoji_and_scripts),
        cmocka_unit_test(sentences),
        cmocka_unit_test(lines_and_paragraphs),
        cmocka_unit_test(a_token_over_two_words_goes_to_the_larger_part),
        cmocka_unit_test(tokens_shared_with_the_template),
        cmocka_unit_test(roles),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
