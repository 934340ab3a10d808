/* 10,000 random templates and chats: every text of a chat is found again in what comes out, or the chat is refused with
 * one line; and what is called a text is that text. */
#include "template_chat.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/random.h"

enum { RUNS = 10000, BROKEN = 2000, MESSAGES = 4 };

static const char *pick(jp_random *r, const char *const *of, size_t n) { return of[jp_random_below(r, (int)n)]; }
#define PICK(r, of) pick(r, of, sizeof(of) / sizeof *(of))

/* ---- random chats -------------------------------------------------------------------------------------------------
 */

static const char *const WORDS[] = {"a",
                                    "doctor",
                                    " ",
                                    "\n",
                                    "\t",
                                    "\"x\"",
                                    "{{ m }}",
                                    "<|im_end|>",
                                    "\\",
                                    "'",
                                    "\xc3\xa4",
                                    "\xf0\x9f\x98\x80",
                                    "-",
                                    "</think>",
                                    "<think>",
                                    "\x01",
                                    "A",
                                    "#",
                                    "\xe2\x80\xa8",
                                    "0",
                                    "  ",
                                    "\r\n",
                                    "&amp;",
                                    "None",
                                    "[]"};
static const char *const ROLES[] = {"user", "assistant", "system", "tool"};

static char *random_text(jp_random *r) {
    jp_buffer b = {0};
    for (int n = jp_random_below(r, 8); n >= 0; n--) jp_buffer_text(&b, PICK(r, WORDS));
    return jp_buffer_take(&b, NULL);
}

typedef struct {
    char *texts[MESSAGES];
    char *roles[MESSAGES];
    int   n;
    char *json;
} random_chat;

static void make_chat(random_chat *c, jp_random *r) {
    json_t *chat = json_array();
    c->n = 1 + jp_random_below(r, MESSAGES);
    for (int i = 0; i < c->n; i++) {
        c->texts[i] = random_text(r);
        c->roles[i] = strdup(i ? PICK(r, ROLES) : "user");
        json_array_append_new(chat, json_pack("{s:s, s:s}", "role", c->roles[i], "content", c->texts[i]));
    }
    c->json = json_dumps(chat, 0);
    json_decref(chat);
}

static void free_chat(random_chat *c) {
    for (int i = 0; i < c->n; i++) {
        free(c->texts[i]);
        free(c->roles[i]);
    }
    free(c->json);
}

/* ---- random templates ----------------------------------------------------------------------------------------------
 */

static const char *const FILTERS[] = {" | trim",
                                      " | upper",
                                      " | lower",
                                      " | tojson",
                                      " | tojson(ensure_ascii=true)",
                                      " | indent(3)",
                                      " | indent(2, true)",
                                      " | capitalize",
                                      " | title",
                                      " | string",
                                      " | replace('a', 'b')",
                                      " | replace('\\n', '\\n  ')",
                                      ".strip()",
                                      ".lstrip()",
                                      ".rstrip('a')",
                                      "[1:]",
                                      "[:-1]",
                                      "[::-1]",
                                      ".split('-') | join('-')",
                                      ".split(' ')[0]",
                                      " ~ '!'",
                                      " | default('x', true)",
                                      " | safe",
                                      " | list",
                                      " * 2",
                                      ".split('</think>')[-1]",
                                      " | length",
                                      "",
                                      "",
                                      "",
                                      ""};
static const char *const LITERALS[] = {"<|im_start|>", "\n", "[INST] ", "", " ", "<s>", "{{ m.role }}", "You: ", "a"};
static const char *const AROUND[][2] = {
    {"{% if m.role == 'user' %}", "{% else %}{{ m.content }}{% endif %}"},
    {"{%- if not loop.first %}", "{%- endif %}"},
    {"{% set x = %s %}{{ x }}", ""},
    {"{% set x %}", "{% endset %}{{ x | trim }}"},
    {"{% filter upper %}", "{% endfilter %}"},
    {"{% for k, v in m.items() %}{% if k == 'content' %}", "{% endif %}{% endfor %}"},
    {"", ""},
    {"", ""},
};

static void put_expression(jp_buffer *b, jp_random *r) {
    jp_buffer_text(b, jp_random_below(r, 12) ? "m.content" : "(m | tojson)");
    for (int n = jp_random_below(r, 3); n > 0; n--) jp_buffer_text(b, PICK(r, FILTERS));
}

static char *random_template(jp_random *r) {
    jp_buffer b = {0};
    jp_buffer_text(&b, PICK(r, LITERALS));
    jp_buffer_text(&b, jp_random_below(r, 8) ? "{% for m in messages %}" : "{%- for m in messages[:2] -%}");
    for (int n = 1 + jp_random_below(r, 2); n > 0; n--) {
        int around = jp_random_below(r, (int)(sizeof AROUND / sizeof *AROUND));
        jp_buffer_text(&b, PICK(r, LITERALS));
        if (around != 2) jp_buffer_text(&b, AROUND[around][0]);
        jp_buffer_text(&b, around == 2 ? "{% set x = " : "{{ ");
        put_expression(&b, r);
        jp_buffer_text(&b, around == 2 ? " %}{{ x }}" : " }}");
        jp_buffer_text(&b, AROUND[around][1]);
    }
    jp_buffer_text(&b, PICK(r, LITERALS));
    jp_buffer_text(&b, "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}");
    return jp_buffer_take(&b, NULL);
}

/* ---- what has to hold
 * ------------------------------------------------------------------------------------------------ */

/* Byte `at` of the prompt is byte `source` of the text, perhaps in the other case, or belongs to an escape of it. */
static bool comes_from(const jp_prompt *p, size_t at, const char *text, size_t source, bool mapped) {
    if (source >= strlen(text)) return false;
    char a = p->text[at], b = text[source];
    return mapped || tolower((unsigned char)a) == tolower((unsigned char)b);
}

static void check_found(const jp_prompt *p, const random_chat *c, const char *template) {
    bool there[MESSAGES][512] = {{false}};
    for (int s = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        assert_in_range(span->message, 0, c->n - 1);
        const char *text = c->texts[span->message];
        for (size_t at = span->start; at < span->end; at++) {
            size_t source = jp_span_source(span, at);
            if (!comes_from(p, at, text, source, span->map)) fail_msg("%s: byte %zu of %s", template, at, p->text);
            there[span->message][source] = true;
        }
    }
    for (int i = 0; i < c->n; i++) {
        const char *text = c->texts[i], *end = strstr(text, "</think>");
        size_t      from = end && !strcmp(c->roles[i], "assistant") ? (size_t)(end - text) + 8 : 0;
        bool        blank_end = i + 1 == c->n && !strcmp(c->roles[i], "assistant");
        for (size_t at = from; text[at]; at++) {
            bool continued = ((unsigned char)text[at] & 0xc0) == 0x80; /* of a character that is there as one escape */
            if (there[i][at] || continued || strchr(" \t\r\n\f\v", text[at])) continue;
            /* a word that the template names in quotes may go */
            if (strstr(template, "'</think>'") && end && at >= (size_t)(end - text) && at < (size_t)(end - text) + 8)
                continue;
            if (blank_end && !text[strspn(text, " \t\r\n")]) continue;
            fail_msg("%s\n%s\nmakes '%s', where byte %zu of message %d is missing", template, c->json, p->text, at, i);
        }
    }
}

static void found_or_refused(void **state) {
    (void)state;
    jp_random r;
    int       found = 0;
    jp_random_seed(&r, 7);
    for (int run = 0; run < RUNS; run++) {
        char          *source = random_template(&r);
        template_chat *t = template_chat_open(source, NULL);
        random_chat    chat = {0};
        jp_prompt      p = {0};
        jopa_error     e = {0};
        make_chat(&chat, &r);
        int status = template_chat_build(t, chat.json, NULL, "all", &p, &e);
        if (status && (!e.message[0] || strchr(e.message, '\n'))) fail_msg("%s: '%s'", source, e.message);
        if (!status) {
            check_found(&p, &chat, source);
            assert_prompt(&p);
            found++;
        }
        jp_prompt_free(&p);
        free_chat(&chat);
        template_chat_close(t);
        free(source);
    }
    if (found < RUNS / 5 || found > RUNS * 19 / 20) fail_msg("%d of %d found", found, RUNS);
}

/* Templates with bytes changed, lost and doubled: no crash. */
static void broken_templates(void **state) {
    (void)state;
    static const char bytes[] = "{}%-()[]'\"|.,~ \n#*+abn0\\";
    jp_random         r;
    jp_random_seed(&r, 8);
    for (int run = 0; run < BROKEN; run++) {
        char       *source = random_template(&r);
        size_t      size = strlen(source);
        random_chat chat = {0};
        jp_prompt   p = {0};
        jopa_error  e = {0};
        make_chat(&chat, &r);
        for (int n = 1 + jp_random_below(&r, 4); n > 0; n--)
            source[jp_random_below(&r, (int)size)] = bytes[jp_random_below(&r, (int)sizeof bytes - 1)];
        jp_buffer b = {0};
        jp_buffer_format(&b, "%s{", source); /* so that it is no name */
        template_chat *t = template_chat_open(b.data, NULL);
        if (template_chat_build(t, chat.json, NULL, "all", &p, &e)) assert_null(strchr(e.message, '\n'));
        jp_prompt_free(&p);
        jp_buffer_free(&b);
        free_chat(&chat);
        template_chat_close(t);
        free(source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_or_refused), cmocka_unit_test(broken_templates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
