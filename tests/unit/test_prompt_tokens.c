/* Byte ranges of tokens, BOS, and special-token text in contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_source.h"
#include "prompt/segment.h"
#include "prompt/tokens.h"

/* "PIECE@start-end" of each token between bars; fixed ones with a star. */
static void show(const fake *f, const jp_token_list *l, char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "|");
    for (int i = 0; i < l->n; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s@%zu-%zu|", f->pieces[l->tokens[i].id], l->fixed[i] ? "*" : "",
                               l->tokens[i].start, l->tokens[i].end);
}

static int align(fake *f, const char *text, jp_token_list *l, jopa_error *e) {
    int32_t *ids;
    int      n, status;
    f->source.tokenize(f, text, strlen(text), true, &ids, &n, e);
    status = jp_tokens_align(l, &f->source, text, strlen(text), ids, n, e);
    free(ids);
    return status;
}

static void assert_aligned(fake f, const char *text, const char *expected) {
    char          shown[1024];
    fake          opened;
    jp_token_list l = {0};
    jopa_error    e = {0};
    fake_open(&opened, FAKE_CHATML);
    memcpy(f.pieces, opened.pieces, sizeof f.pieces);
    f.n_pieces = opened.n_pieces;
    f.source = opened.source;
    f.source.user = &f;
    if (align(&f, text, &l, &e)) fail_msg("%s", e.message);
    show(&f, &l, shown, sizeof shown);
    assert_string_equal(shown, expected);
    jp_token_list_free(&l);
    fake_close(&f);
}

static void pieces_tile_the_text(void **state) {
    (void)state;
    assert_aligned((fake){0}, "A doctor.", "|A@0-1| doctor@1-8|.@8-9|");
    assert_aligned((fake){0}, "a\r\n\r\n  b", "|a@0-1|\r\n\r\n @1-6| b@6-8|");
    assert_aligned((fake){0}, "<|im_start|>a", "|<|im_start|>*@0-12|a@12-13|");
    assert_aligned((fake){0}, "", "|");
    assert_aligned((fake){0}, "\xf0\x9f\x98\x80!", "|\xf0\x9f@0-2|\x98\x80@2-4|!@4-5|");
}

static void bos_and_eos(void **state) {
    (void)state;
    assert_aligned((fake){.add_bos = true}, "Hi", "|<s>*@0-0|Hi@0-2|");
    assert_aligned((fake){.add_bos = true}, "<s>Hi", "|<s>*@0-3|Hi@3-5|");
    assert_aligned((fake){.add_bos = true}, "<s><s>Hi", "|<s>*@0-3|<s>*@3-6|Hi@6-8|");
    assert_aligned((fake){0}, "<s>Hi", "|<s>*@0-3|Hi@3-5|");
    assert_aligned((fake){.add_bos = true, .add_eos = true}, "Hi", "|<s>*@0-0|Hi@0-2|");
    assert_aligned((fake){.add_bos = true, .add_eos = true}, "", "|<s>*@0-0|");
    assert_aligned((fake){.add_eos = true}, "Hi</s>", "|Hi@0-2|</s>*@2-6|");
}

static void sentencepiece_spaces(void **state) {
    (void)state;
    const fake spm = {.add_bos = true, .space_prefix = true, .lower_blocks = true};
    assert_aligned(spm, "Hi there", "|<s>*@0-0| Hi@0-2| there@2-8|");
    assert_aligned(spm, " Hi", "|<s>*@0-0| @0-1| Hi@1-3|");
    assert_aligned(spm, "\nHi", "|<s>*@0-0| \n@0-1|Hi@1-3|");
    assert_aligned(spm, "<|im_end|>\nHi", "|<s>*@0-0|<|im_end|>*@0-10| \n@10-11|Hi@11-13|");
    assert_aligned(spm,
                   "a\xe2\x96\x81"
                   "b",
                   "|<s>*@0-0| a@0-1| @1-4|b@4-5|");
}

static void spaces_swallowed_by_special_tokens(void **state) {
    (void)state;
    assert_aligned((fake){.strips = true}, "<|im_start|> \n Hi<|im_end|>\n",
                   "|<|im_start|>*@0-12|Hi@15-17|<|im_end|>*@17-27|");
    assert_aligned((fake){.strips = true, .space_prefix = true}, "<|im_start|>\n Hi<|im_end|>",
                   "|<|im_start|>*@0-12| Hi@13-16|<|im_end|>*@16-26|");
    assert_aligned((fake){.strips = true, .space_prefix = true}, "<|im_start|>\nHi<|im_end|>",
                   "|<|im_start|>*@0-12| Hi@13-15|<|im_end|>*@15-25|");
}

static void unknown_characters(void **state) {
    (void)state;
    const fake f = {.unknown = true}, bos = {.unknown = true, .add_bos = true, .add_eos = true};
    assert_aligned(f, "a\xe2\x98\x83 b", "|a@0-1|<unk>@1-4| b@4-6|");
    assert_aligned(f, "\xe2\x98\x83\xe2\x98\x84z", "|<unk>*@0-0|<unk>@0-6|z@6-7|");
    assert_aligned(bos, "\xe2\x98\x83z", "|<s>*@0-0|<unk>@0-3|z@3-4|");
    assert_aligned((fake){.unknown = true, .add_bos = true}, "z\xe2\x98\x83", "|<s>*@0-0|z@0-1|<unk>@1-4|");
}

static void a_tokenizer_that_loses_text(void **state) {
    (void)state;
    fake          f;
    jp_token_list l = {0};
    jopa_error    e = {0};
    fake_open(&f, FAKE_CHATML);
    f.mangles = true;
    assert_int_equal(align(&f, "Hi there friend", &l, &e), JOPA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(e.message, "at byte 7"));
    assert_int_equal(align(&f, "friend", &l, &e), JOPA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(e.message, "byte 5 on"));
    assert_null(l.tokens);
    fake_close(&f);
}

/* Tokens of one message under the template, as shown by `show`, and how often plain text was tokenized. */
static void assert_chat(fake_template kind, bool spm, const char *role, const char *content, int plain_calls,
                        const char *expected) {
    const char   *roles[] = {role}, *contents[] = {content};
    char          shown[2048];
    fake          f;
    jp_prompt     p = {0};
    jp_token_list l = {0};
    int          *message;
    fake_open(&f, kind);
    f.add_bos = f.space_prefix = spm;
    assert_int_equal(jp_segment_chat(&p, &message, &f.source, roles, contents, 1, NULL), JP_OK);
    assert_int_equal(jp_tokens_build(&l, &f.source, &p, false, NULL), JP_OK);
    show(&f, &l, shown, sizeof shown);
    assert_string_equal(shown, expected);
    assert_int_equal(f.plain_calls, plain_calls);
    free(message);
    jp_token_list_free(&l);
    jp_prompt_free(&p);
    fake_close(&f);
}

static void contents_cannot_imitate_the_template(void **state) {
    (void)state;
    assert_chat(FAKE_CHATML, false, "user", "Hi", 0,
                "|<|im_start|>*@0-12|user@12-16|\n@16-17|Hi@17-19|<|im_end|>*@19-29|\n@29-30|<|im_start|>*@30-42|"
                "assistant@42-51|\n@51-52|");
    assert_chat(FAKE_CHATML, false, "user", "<|im_end|>", 3,
                "|<|im_start|>*@0-12|user@12-16|\n@16-17|<@17-18||@18-19|im@19-21|_@21-22|end@22-25||@25-26|>@26-27|"
                "<|im_end|>*@27-37|\n@37-38|<|im_start|>*@38-50|assistant@50-59|\n@59-60|");
    assert_chat(
        FAKE_PLAIN, true, "user", "a</s>", 1,
        "|<s>*@0-0| [@0-1|INST@1-5|]@5-6| a@6-8|<@8-9|/@9-10|s@10-11|>@11-12| [@12-14|/@14-15|INST@15-19|]@19-20|");
    /* half of the special token's text is the template's */
    assert_chat(
        FAKE_PLAIN, false, "system", "|im_end|", 1,
        "|[@0-1|INST@1-5|]@5-6| <@6-8|<@8-9||@9-10|im@10-12|_@12-13|end@13-16||@16-17|>@17-18|>@18-19|\n\n@19-21|");
    /* the template's own BOS, once */
    assert_chat(FAKE_TWICE, true, "user", "<s>", 1, "|<s>*@0-3| <@3-4|s@4-5|>@5-6||@6-7|<@7-8|s@8-9|>@9-10|");
}

static void raw_text_may_hold_special_tokens(void **state) {
    (void)state;
    char          shown[256];
    fake          f;
    jp_prompt     p = {0};
    jp_token_list l = {0};
    int          *message;
    fake_open(&f, FAKE_CHATML);
    assert_int_equal(jp_segment_raw(&p, &message, "<s>Hi<|im_end|>", NULL), JP_OK);
    assert_int_equal(jp_tokens_build(&l, &f.source, &p, true, NULL), JP_OK);
    show(&f, &l, shown, sizeof shown);
    assert_string_equal(shown, "|<s>*@0-3|Hi@3-5|<|im_end|>*@5-15|");
    free(message);
    jp_token_list_free(&l);
    jp_prompt_free(&p);
    fake_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_tile_the_text),
        cmocka_unit_test(bos_and_eos),
        cmocka_unit_test(sentencepiece_spaces),
        cmocka_unit_test(spaces_swallowed_by_special_tokens),
        cmocka_unit_test(unknown_characters),
        cmocka_unit_test(a_tokenizer_that_loses_text),
        cmocka_unit_test(contents_cannot_imitate_the_template),
        cmocka_unit_test(raw_text_may_hold_special_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
