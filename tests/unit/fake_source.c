#include "fake_source.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/utf8.h"

static const char *const specials[] = {"<s>", "</s>", "<|im_start|>", "<unk>", "<|im_end|>"};
enum { N_SPECIALS = sizeof specials / sizeof *specials };

/* ---- templates ------------------------------------------------------------------------------------------- */

static void put_content(jp_buffer *b, const fake *f, const char *content) {
    size_t size = strlen(content);
    if (f->kind == FAKE_TRIMMING) {
        size_t lead = strspn(content, " \t\r\n");
        content += lead;
        size -= lead;
        while (size && isspace((unsigned char)content[size - 1])) size--;
    }
    for (size_t i = 0; i < size; i++) {
        bool shout = f->kind == FAKE_SHOUTING && memchr(content, ' ', i);
        char c = shout ? (char)toupper((unsigned char)content[i]) : content[i];
        if (shout && c == 'A') jp_buffer_text(b, "a");
        jp_buffer_bytes(b, &c, 1);
    }
}

static int apply_template(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                          jopa_error *e) {
    const fake *f = user;
    jp_buffer   b = {0};
    for (int k = 0; k < n; k++) {
        int i = f->kind == FAKE_LATE ? n - 1 - k : k;
        if (f->kind == FAKE_USER_ONLY && strcmp(roles[i], "user")) {
            jp_buffer_free(&b);
            return jp_fail(e, JOPA_ERROR_INPUT, "only user messages here");
        }
        if (f->kind == FAKE_DROPPING && !strcmp(roles[i], "system")) continue;
        if (f->kind == FAKE_PLAIN) {
            bool system = !strcmp(roles[i], "system");
            jp_buffer_text(&b, system ? "[INST] <<" : k && !strcmp(roles[i - 1], "system") ? "" : "[INST] ");
            put_content(&b, f, contents[i]);
            jp_buffer_text(&b, system ? ">>\n\n" : " [/INST]");
        } else if (f->kind == FAKE_LATE) {
            put_content(&b, f, contents[i]);
        } else if (f->kind == FAKE_TWICE) {
            jp_buffer_text(&b, "<s>");
            put_content(&b, f, contents[i]);
            jp_buffer_text(&b, "|");
            put_content(&b, f, contents[i]);
        } else {
            jp_buffer_format(&b, "<|im_start|>%s\n", roles[i]);
            put_content(&b, f, contents[i]);
            jp_buffer_text(&b, "<|im_end|>\n");
        }
    }
    if (f->kind <= FAKE_TRIMMING) jp_buffer_text(&b, "<|im_start|>assistant\n");
    *text = jp_buffer_take(&b, NULL);
    return JP_OK;
}

/* ---- tokenizer ------------------------------------------------------------------------------------------- */

static int32_t intern(fake *f, const char *s, size_t size) {
    for (int i = 0; i < f->n_pieces; i++)
        if (strlen(f->pieces[i]) == size && !memcmp(f->pieces[i], s, size)) return i;
    assert_true(f->n_pieces < FAKE_PIECES);
    f->pieces[f->n_pieces] = strndup(s, size);
    return f->n_pieces++;
}

static bool is_letter(char c) {
    return isalnum((unsigned char)c) || c == '\'' || ((unsigned char)c >= 0xc0 && (unsigned char)c < 0xe0);
}

/* Bytes of the plain token at s. */
static size_t plain_token(const fake *f, const char *s, size_t size) {
    size_t at = s[0] == ' ' && size > 1 && !isspace((unsigned char)s[1]);
    if (is_letter(s[at])) {
        while (at < size && (is_letter(s[at]) || ((unsigned char)s[at] & 0xc0) == 0x80 ||
                             (f->merges_words && !isspace((unsigned char)s[at]))))
            at++;
        return at;
    }
    if (isspace((unsigned char)s[at])) {
        while (at < size && isspace((unsigned char)s[at]) &&
               (s[at] != ' ' || at + 1 == size || isspace((unsigned char)s[at + 1])))
            at++;
        return at ? at : 1;
    }
    if ((unsigned char)s[at] >= 0xe0) return at + 2;
    if (((unsigned char)s[at] & 0xc0) == 0x80) {
        while (at < size && ((unsigned char)s[at] & 0xc0) == 0x80) at++;
        return at;
    }
    at++;
    while (f->merges_lines && at < size && s[at] == '\n') at++;
    return at;
}

static void tokenize_text(fake *f, const char *s, size_t size, bool after_special, int32_t *ids, int *n) {
    char  *text = malloc(size + 2);
    size_t prefix = f->space_prefix && after_special && size;
    memcpy(text + prefix, s, size);
    if (prefix) text[0] = ' ';
    size += prefix;
    for (size_t at = 0; at < size;) {
        size_t length = plain_token(f, text + at, size - at);
        if (f->unknown && (unsigned char)text[at] >= 0x80) {
            for (length = 1; at + length < size && ((unsigned char)text[at + length] & 0xc0) == 0x80;) length++;
            ids[(*n)++] = FAKE_UNKNOWN;
        } else if (f->lower_blocks && length == 2 && !memcmp(text + at, "\xe2\x96", 2)) {
            length = 3;
            ids[(*n)++] = intern(f, " ", 1);
        } else {
            ids[(*n)++] = intern(f, text + at, length - (f->mangles && length > 4));
        }
        at += length;
    }
    free(text);
}

static const char *next_special(const char *s, const char *end, int *which) {
    const char *best = NULL;
    for (int i = 0; i < N_SPECIALS; i++) {
        const char *at = memmem(s, (size_t)(end - s), specials[i], strlen(specials[i]));
        if (!at || (best && at >= best) || i == FAKE_UNKNOWN) continue;
        best = at;
        *which = i;
    }
    return best;
}

static int tokenize(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    fake       *f = user;
    const char *end = text + size;
    bool        after_special = true;
    (void)e;
    *n = 0;
    *ids = malloc((size + 3) * 2 * sizeof **ids);
    f->plain_calls += !special;
    if (special && f->add_bos) (*ids)[(*n)++] = 0;
    while (text < end) {
        int         which = 0;
        const char *at = special ? next_special(text, end, &which) : NULL;
        if (f->strips && after_special && special)
            while (text < (at ? at : end) && isspace((unsigned char)*text)) text++;
        tokenize_text(f, text, (size_t)((at ? at : end) - text), after_special, *ids, n);
        if (at) (*ids)[(*n)++] = which;
        after_special = true;
        text = at ? at + strlen(specials[which]) : end;
    }
    if (special && f->add_eos) (*ids)[(*n)++] = 1;
    return JP_OK;
}

static int piece(void *user, int32_t id, bool special, char *out, int size) {
    const fake *f = user;
    if (id < N_SPECIALS && !special) return 0;
    return snprintf(size ? out : NULL, (size_t)size, "%s", f->pieces[id]);
}

/* ---- for tests ------------------------------------------------------------------------------------------- */

void fake_open(fake *f, fake_template kind) {
    *f = (fake){.kind = kind};
    f->source = (jp_prompt_source){f, apply_template, tokenize, piece, 0, NULL};
    for (int i = 0; i < N_SPECIALS; i++) intern(f, specials[i], strlen(specials[i]));
}

void fake_close(fake *f) {
    for (int i = 0; i < f->n_pieces; i++) free(f->pieces[i]);
}

void fake_show(const fake *f, const jp_prompt *p, char *out, size_t size) {
    jp_buffer b = {0};
    jp_buffer_text(&b, "|");
    for (int i = 0; i < p->n_tokens; i++) {
        if (p->tokens[i].unit < 0) jp_buffer_text(&b, "-:");
        else jp_buffer_format(&b, "%d:", p->tokens[i].unit);
        jp_buffer_format(&b, "%s|", f->pieces[p->tokens[i].id]);
    }
    snprintf(out, size, "%s", b.data);
    jp_buffer_free(&b);
}

void fake_build(fake *f, jp_prompt *p, const char *user, const char *unit) {
    const char       *role = "user";
    jp_prompt_options o = {.roles = &role, .contents = &user, .n = 1, .unit = unit};
    jopa_error        e = {0};
    int               status = jp_prompt_build(p, &f->source, &o, &e);
    if (status) fail_msg("%s", e.message);
    assert_prompt(p);
}

void assert_unit(const jp_prompt *p, int u, const char *expected) {
    char text[512];
    assert_in_range(u, 0, p->n_units - 1);
    snprintf(text, sizeof text, "%.*s", (int)(p->units[u].end - p->units[u].start), p->text + p->units[u].start);
    assert_string_equal(text, expected);
}

void assert_prompt(const jp_prompt *p) {
    assert_int_equal(jp_utf8_valid(p->text, p->size), p->size);
    for (int i = 0; i < p->n_tokens; i++) {
        const jp_token *t = &p->tokens[i];
        assert_true(t->start <= t->end && t->end <= p->size);
        assert_true(!i || t->start >= p->tokens[i - 1].start);
        assert_in_range(t->unit + 1, 0, p->n_units);
    }
    for (int u = 0, at = 0; u < p->n_units; u++) {
        const jp_unit *x = &p->units[u];
        assert_true(at <= x->first && x->first < x->last && x->last <= p->n_tokens);
        assert_true(x->start < x->end);
        assert_true(jp_utf8_is_boundary(p->text, p->size, x->start) && jp_utf8_is_boundary(p->text, p->size, x->end));
        assert_in_range(x->role, 0, p->n_spans - 1);
        for (int i = at; i < x->first; i++) assert_int_equal(p->tokens[i].unit, -1);
        for (int i = x->first; i < x->last; i++) assert_int_equal(p->tokens[i].unit, u);
        at = x->last;
    }
}
