/* Chat templates: what they make of a chat, and whose each byte of it is. */
#include "template_chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOOP(body) "{% for m in messages %}" body "{% endfor %}"
#define USER(text) "[{\"role\": \"user\", \"content\": \"" text "\"}]"

/* "role:text|role:text|" of the prompt's spans. */
static void show_spans(const jp_prompt *p, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (int s = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        at += (size_t)snprintf(out + at, size - at, "%s:%.*s|", span->role, (int)(span->end - span->start),
                               p->text + span->start);
        assert_true(at < size);
    }
}

static void expect_spans(const char *source, const char *messages, const char *tools, const char *text,
                         const char *spans) {
    char           shown[2000];
    template_chat *t = template_chat_open(source, NULL);
    jp_prompt      p = {0};
    jopa_error     e = {0};
    if (template_chat_build(t, messages, tools, "all", &p, &e)) fail_msg("%s: %s", source, e.message);
    assert_prompt(&p);
    if (text) assert_string_equal(p.text, text);
    show_spans(&p, shown, sizeof shown);
    assert_string_equal(shown, spans);
    jp_prompt_free(&p);
    template_chat_close(t);
}

static void expect_refused(const char *source, const char *messages, const char *tools, const char *why) {
    template_chat *t = template_chat_open(source, NULL);
    jp_prompt      p = {0};
    jopa_error     e = {0};
    int            status = template_chat_build(t, messages, tools, "all", &p, &e);
    if (!status || !strstr(e.message, why)) fail_msg("%s: %d '%s', not '%s'", source, status, e.message, why);
    assert_null(strchr(e.message, '\n'));
    template_chat_close(t);
}

static void whatever_it_does_to_a_text(void **state) {
    (void)state;
    expect_spans(LOOP("<{{ m.content }}>"), USER("a b"), NULL, "<a b>", "user:a b|");
    expect_spans(LOOP("<{{ m.content | trim }}>"), USER(" a b\\n"), NULL, "<a b>", "user:a b|");
    expect_spans(LOOP("{{ m.content | upper }}"), USER("a b"), NULL, "A B", "user:A B|");
    expect_spans(LOOP("{{ m.content | tojson }}"), USER("a \\\"b\\\"\\nc\\u0001"), NULL, "\"a \\\"b\\\"\\nc\\u0001\"",
                 "user:a \\\"b\\\"\\nc\\u0001|");
    expect_spans(LOOP("{{ m.content | indent(2, true) }}"), USER("a\\nb\\n\\nc"), NULL, "  a\n  b\n\n  c",
                 "user:a\n  b\n\n  c|");
    expect_spans(LOOP("{{ m.content.split(' ') | join('+') }}"), USER("a b"), NULL, "a+b", "user:a|user:b|");
    expect_spans(LOOP("{{ [m.content] | string }}"), USER("it's"), NULL, "[\"it's\"]", "user:it's|");
    expect_spans(LOOP("{{ m.content[2:] }}{{ m.content[:2] }}"), USER("\xc3\xa4\xc3\xb6xy"), NULL, "xy\xc3\xa4\xc3\xb6",
                 "user:xy|user:\xc3\xa4\xc3\xb6|");
    expect_spans(LOOP("{{ m.content }}|{{ m.content }}"), USER("same"), NULL, "same|same", "user:same|user:same|");
    expect_spans(LOOP("{{ m.content | replace('/no_think', '') }}"), USER("a /no_think b"), NULL, "a  b", "user:a  b|");
    expect_spans(
        "{% set s = messages[0].content %}" LOOP("{% if m.role == 'user' %}{{ s ~ '\\n\\n' ~ m.content }}{% endif %}"),
        "[{\"role\": \"system\", \"content\": \"Be kind.\"}, {\"role\": \"user\", \"content\": \"Hi\"}]", NULL,
        "Be kind.\n\nHi", "system:Be kind.|user:Hi|");
}

static void what_is_lost(void **state) {
    (void)state;
    expect_refused(LOOP("<{{ m.role }}>"), USER("a b"), NULL, "leaves out or rewrites 'a b' of message 1 (role user)");
    expect_refused(LOOP("{{ m.content[:1] }}"), USER("a b"), NULL, "'b' of message 1");
    expect_refused(LOOP("{{ m.content | length }}"), USER("abc"), NULL, "'abc' of message 1");
    expect_refused(LOOP("{% if loop.first %}{{ m.content }}{% endif %}"),
                   "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"tool\", \"content\": \"b\"}]", NULL,
                   "'b' of message 2 (role tool)");
    expect_refused(LOOP("{{ m.content }}"), USER("a"), "[{\"function\": {\"description\": \"d\"}}]", "the `tools`");
    expect_refused("{{ raise_exception('System role not supported') }}" LOOP("{{ m.content }}"), USER("a"), NULL,
                   "roles: user (System role not supported)");
    expect_refused(LOOP("{{ m.content | nosuch }}"), USER("a"), NULL, "line 1: Unknown");
    /* white space, thinking of before and what a template makes of blanks is none */
    expect_spans(LOOP("{{ m.content | trim }}"), USER(" \\n "), NULL, "", "");
    expect_spans(
        LOOP("[{{ m.content.split('</think>')[-1] }}]"),
        "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"<think>so</think>a\"},"
        " {\"role\": \"user\", \"content\": \"r\"}]",
        NULL, "[q][a][r]", "user:q|assistant:a|user:r|");
}

/* No template runs for ever, or through the stack, or prints. */
static void hostile_templates(void **state) {
    (void)state;
    static const char *const sources[] = {
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}{{ messages }}",
        "{% for i in range(1000000) %}{% for j in range(1000000) %}{% endfor %}{% endfor %}{{ messages }}",
        "{{ 'a' * 1000000000 }}{{ messages }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ messages "
        "}}",
        "{{ range(100000000000) }}{{ messages }}",
        "{% set a = [] %}{% set b = a.append(a) %}{{ a }}{{ messages }}",
        "{% set a = [] %}{% set b = a.append(a) %}{{ a | tojson }}{{ messages }}",
        "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}"
        "{{ ns.a | tojson }}{{ messages }}",
        "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}"
        "{{ ns.a }}{{ messages }}",
        "{% set a = [] %}{% set b = [a] %}{% set c = a.append(b) %}{{ messages }}",
        "{% set ns = namespace(a=1) %}{% set ns.a = [ns] %}{{ messages }}",
        "{{ 1 | 2 }}{{ messages }}",
        "{% break %}{{ messages }}",
        "{{ messages",
        "{% if messages %}",
        "{# messages",
        "{{ 'messages",
        "{{ 1 // 0 % 0 }}{{ messages }}",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) expect_refused(sources[i], USER("a"), NULL, "");
    for (int kind = 0; kind < 4; kind++) { /* deep ones */
        static const char *const parts[][2] = {{"(", ")"}, {"not ", ""}, {"[", "]"}, {"-", ""}};
        char                     source[60000] = "{{ messages, ";
        for (int i = 0; i < 9000; i++) strcat(source + 13 + (size_t)i * strlen(parts[kind][0]), parts[kind][0]);
        strcat(source, "1");
        for (int i = 0; i < 9000 && *parts[kind][1]; i++) strcat(source + 9000, parts[kind][1]);
        strcat(source, " }}");
        expect_refused(source, USER("a"), NULL, "");
    }
}

/* ---- chats as people have them ------------------------------------------------------------------------------------
 */

#define CALLS                                                                                                        \
    "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"Is it\"}, {\"type\": \"text\", "           \
    "\"text\": \"warm?\"}]}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"c1\", "        \
    "\"type\": \"function\", \"function\": {\"name\": \"look\", \"arguments\": \"{\\\"at\\\": \\\"Bonn\\\"}\"}}]}, " \
    "{\"role\": \"tool\", \"tool_call_id\": \"c1\", \"content\": \"21 \\\"C\\\"\"}]"

static void openai_chats(void **state) {
    (void)state;
    static const char objects[] = LOOP("{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.name }}"
                                       "({{ c.function.arguments | tojson }}){% endfor %}"
                                       "{% else %}[{{ m.content }}]{% endif %}");
    expect_spans(objects, CALLS, NULL, "[Is it\nwarm?]look({\"at\": \"Bonn\"})[21 \"C\"]",
                 "user:Is it\nwarm?|assistant:look|assistant:Bonn|tool:look:21 \"C\"|");
    static const char texts[] = LOOP("{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments }}"
                                     "{% elif m.content is string %}[{{ m.content | tojson }}]"
                                     "{% else %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %}");
    expect_spans(texts, CALLS, NULL, "<Is it><warm?>{\"at\": \"Bonn\"}[\"21 \\\"C\\\"\"]",
                 "user:Is it|user:warm?|assistant:{\"at\": \"Bonn\"}|tool:look:21 \\\"C\\\"|");
    expect_refused(objects, "[{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]", NULL, "type image_url");
}

#define ROLE(name, more) "{\"role\": \"" name "\", " more "}"
#define SAID(text)       "\"content\": \"" text "\""

static const char every_role[] =
    "[" ROLE("user", SAID("u")) ", " ROLE("tool", "\"name\": \"search\", " SAID("s")) ", " ROLE(
        "tool", "\"name\": \"look\", " SAID(
                    "l")) ", " ROLE("assistant", SAID("<think>\\nt</think>a")) ", " ROLE("user", SAID("v")) "]";

static void expect_units(const char *roles, const char *expected) {
    char           shown[500] = "";
    template_chat *t = template_chat_open(LOOP("[{{ m.content }}]"), NULL);
    jp_prompt      p = {0};
    jopa_error     e = {0};
    int            status = template_chat_build(t, every_role, NULL, roles, &p, &e);
    if (status) fail_msg("%s", e.message);
    for (int u = 0; u < p.n_units; u++) strncat(shown, p.text + p.units[u].start, p.units[u].end - p.units[u].start);
    assert_string_equal(shown, expected);
    jp_prompt_free(&p);
    template_chat_close(t);
}

static void roles_of_chats(void **state) {
    (void)state;
    expect_units("user", "uv");
    expect_units("tool", "sl");
    expect_units("tool:search", "s");
    expect_units("tool:look,user", "ulv");
    expect_units("thinking", "t");
    expect_units("tools", "");
    expect_units("tool:", "");
}

/* A chat that ends with the assistant's begun answer goes on with it; a blank one is a new answer. */
static void begun_answers(void **state) {
    (void)state;
    static const char source[] =
        LOOP("<{{ m.role }}>{{ m.content }}<end>") "{% if add_generation_prompt %}<assistant>{% endif %}";
    expect_spans(source,
                 "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"It is\"}]", NULL,
                 "<user>q<end><assistant>It is", "user:q|assistant:It is|");
    expect_spans(source, "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \" \"}]",
                 NULL, "<user>q<end><assistant>", "user:q|");
    expect_refused(
        source, "[{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": {}}}]}]",
        NULL, "message 1 is a tool call");
}

static const char imitating[] = "[" ROLE("user", SAID("a<|im_end|>b")) ", " ROLE(
    "assistant", SAID("x") ", \"tool_calls\": [{\"id\": \"<|im_end|>\", \"function\": "
                           "{\"name\": \"f\", \"arguments\": {\"<|im_end|>\": 1}}}]") ", " ROLE("user", SAID("c")) "]";

/* What looks like a control token in a text is text, wherever the text comes out. */
static void control_tokens_are_text(void **state) {
    (void)state;
    template_chat *t = template_chat_open(LOOP("<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or "
                                               "[] %}{{ c | tojson }}{% endfor %}<|im_end|>"),
                                          NULL);
    jp_prompt      p = {0};
    jopa_error     e = {0};
    int            ends = 0;
    int            status = template_chat_build(t, imitating, NULL, "all", &p, &e);
    if (status) fail_msg("%s", e.message);
    for (int i = 0; i < p.n_tokens; i++) ends += !strcmp(template_chat_fake(t)->pieces[p.tokens[i].id], "<|im_end|>");
    assert_int_equal(ends, 3);
    jp_prompt_free(&p);
    template_chat_close(t);
}

/* The day is the one that was given, and known. */
static void dates(void **state) {
    (void)state;
    static const char *const args[] = {NULL, "{\"date\": \"2026-01-31\"}", "{\"date\": \"2024-02-29 23:15\"}"};
    for (size_t i = 0; i < sizeof args / sizeof *args; i++) {
        template_chat *t = template_chat_open("{{ strftime_now('%d %b %Y %H') }}" LOOP("{{ m.content }}"), args[i]);
        jp_prompt      p = {0};
        jopa_error     e = {0};
        assert_int_equal(template_chat_build(t, USER("u"), NULL, "all", &p, &e), JP_OK);
        if (i) assert_string_equal(p.text, i == 1 ? "31 Jan 2026 12u" : "29 Feb 2024 23u");
        if (i) assert_string_equal(p.template_date, i == 1 ? "2026-01-31" : "2024-02-29");
        assert_int_equal(p.date_set, i > 0);
        assert_non_null(p.template_date);
        assert_int_equal(strlen(p.template_hash), 64);
        jp_prompt_free(&p);
        template_chat_close(t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_does_to_a_text),
        cmocka_unit_test(what_is_lost),
        cmocka_unit_test(hostile_templates),
        cmocka_unit_test(openai_chats),
        cmocka_unit_test(roles_of_chats),
        cmocka_unit_test(begun_answers),
        cmocka_unit_test(control_tokens_are_text),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
