/* A chat of two messages through a template and a tokenizer with their habits, cut into units of each kind: tokens tile
 * the text, units lie within their message, and any mask hides what it says. First byte: the template; second: the
 * tokenizer's habits; third: unit and what is kept; a byte 1 parts the messages. */
#include "fuzz.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_source.h"
#include "prompt/mask.h"
#include "use/paste.h"

static const char *const units[] = {"token", "word", "sentence", "line", "paragraph", "marked"};

static void set_habits(fake *f, unsigned bits) {
    f->add_bos = bits & 1;
    f->add_eos = bits & 2;
    f->space_prefix = bits & 4;
    f->lower_blocks = bits & 8;
    f->unknown = bits & 16;
    f->strips = bits & 32;
    f->merges_lines = bits & 64;
    f->merges_words = bits & 128;
}

static void check_tiles(const jp_prompt *p, bool strips) {
    size_t at = 0;
    for (int t = 0; t < p->n_tokens; t++) {
        CHECK(p->tokens[t].start <= p->tokens[t].end && p->tokens[t].end <= p->size);
        CHECK(strips || p->tokens[t].start <= at); /* nothing between tokens */
        if (p->tokens[t].end > at) at = p->tokens[t].end;
        CHECK(p->tokens[t].unit >= -1 && p->tokens[t].unit < p->n_units);
    }
    assert_prompt(p);
}

static void check_masks(const jp_prompt *p, const char *const *roles, const char *const *contents, bool rewrites) {
    jp_bitset      set;
    jp_result_turn turns[2] = {0};
    jopa_error     e = {0};
    CHECK(!jp_bitset_init(&set, p->n_units));
    for (int u = 0; u < p->n_units; u += 2) jp_bitset_add(&set, u);
    int hidden = 0;
    for (int t = 0; t < p->n_tokens; t++) hidden += p->tokens[t].unit >= 0 && p->tokens[t].unit % 2 == 0;
    CHECK(jp_prompt_hidden_tokens(p, &set) == hidden && hidden <= jp_prompt_maskable_tokens(p));
    CHECK(!jp_paste(p, &set, roles, contents, 2, NULL, true, turns, &e));
    for (int i = 0; i < 2; i++) {
        CHECK(rewrites || strlen(turns[i].content) <= strlen(contents[i]));
        free(turns[i].role);
        free(turns[i].content);
    }
    jp_bitset_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const roles[] = {"system", "user"};
    if (size < 4 || size > 2000) return 0;
    char       *text = fuzz_text(data + 3, size - 3), *user = strchr(text, 1);
    const char *contents[] = {user ? text : "", user ? user + 1 : text}, *keep = "a";
    fake        f;
    jp_prompt   p;
    jopa_error  e = {0};
    if (user) *user = '\0';
    fake_open(&f, (fake_template)(data[0] % (FAKE_SHOUTING + 1)));
    set_habits(&f, data[1]);
    jp_prompt_options o = {
        .roles = roles, .contents = contents, .n = 2, .unit = units[data[2] % 6], .mask_roles = "all"};
    o.whole_words = data[2] & 64;
    o.keep_marked = data[2] & 128 && data[2] % 6 != 5;
    o.keep = &keep;
    o.n_keep = data[2] & 32 ? 1 : 0;
    if (jp_prompt_build(&p, &f.source, &o, &e)) CHECK(*e.message && !strchr(e.message, '\n'));
    else {
        check_tiles(&p, f.strips);
        check_masks(&p, roles, contents, f.kind == FAKE_SHOUTING);
        jp_prompt_free(&p);
    }
    fake_close(&f);
    free(text);
    return 0;
}
