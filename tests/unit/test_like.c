/* Asking again what a result was asked: options are noted, read back, and overridden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "question_same.h"
#include "result/result.h"
#include "tiny_question.h"

typedef int (*run_function)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

static const struct {
    const char  *command;
    run_function run;
} COMMANDS[] = {
    {"explain", jopa_explain}, {"compare", jopa_compare}, {"score", jopa_score},
    {"cite", jopa_cite},       {"audit", jopa_audit},     {"compress", jopa_compress},
};
enum { N_COMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

static const char DOCUMENT[] = "{\"title\": \"one\", \"text\": \"The doctor slept. It was long.\"}";

static jopa_options *like(const char *command, const jopa_result *r, int i, jopa_options *o) {
    jopa_error e = {0};
    if (!o) o = asked(command, NULL);
    if (jopa_options_like(o, r, i, &e)) fail_msg("%s", e.message);
    return o;
}

/* ---- there and back -----------------------------------------------------------------------------------------------
 */

/* A chat, or a prompt and perhaps a system text. */
static void ask_something(jopa_options *o, unsigned *random) {
    jopa_error e = {0};
    ask_also(o, "prompt", NULL, "system", NULL, NULL);
    if (next_random(random, 2)) ask_also(o, "prompt", TINY_PROMPT, "system", next_random(random, 2) ? "s" : NULL, NULL);
    else {
        assert_int_equal(jopa_options_add_message(o, "system", "Be \"kind\" \xe2\x82\xac.", &e), JOPA_OK);
        assert_int_equal(jopa_options_add_message(o, "user", TINY_PROMPT, &e), JOPA_OK);
    }
}

static jopa_options *some(const char *command, unsigned *random) {
    jopa_options           *o = asked(command, NULL);
    const jopa_option_info *info;
    for (int i = 0; (info = jopa_option_at(command, i)); i++) {
        const char *value = next_random(random, 3) ? NULL : random_value(info, random);
        if (value && !info->command_only) ask_also(o, info->name, value, NULL);
        if (value && !strcmp(info->type, "texts")) ask_also(o, info->name, random_value(info, random), NULL);
    }
    ask_something(o, random);
    ask_also(o, "max_tokens", "4", "model", NULL, "encoder", NULL, NULL);
    if (!strcmp(command, "cite")) ask_also(o, "documents", NULL, "documents", DOCUMENT, NULL);
    if (!strcmp(command, "score")) ask_also(o, "hide", "0", NULL); /* a set is needed */
    return o;
}

static jopa_result *again_from_json(const jopa_result *r) {
    jopa_error   e = {0};
    size_t       size = 0;
    jopa_result *parsed = NULL;
    char        *json = jopa_result_render(r, "json", NULL, &size, &e);
    if (!json || jopa_result_parse(&parsed, json, size, &e)) fail_msg("%s", e.message);
    jopa_free(json);
    return parsed;
}

/* Whether the options are possible on the model; then every explanation of their result asks the same again, before
 * and after it was written. */
static bool asks_the_same(int c, const jopa_options *o) {
    jopa_result *r = NULL, *parsed;
    jopa_error   e = {0};
    if (COMMANDS[c].run(&r, tiny_model, o, &e)) return false;
    parsed = again_from_json(r);
    for (int i = 0; i < jopa_result_count(r); i++) {
        jopa_options *a = like(COMMANDS[c].command, r, i, NULL), *b = like(COMMANDS[c].command, parsed, i, NULL);
        assert_same_asked(o, a);
        assert_same_asked(o, b);
        jopa_options_free(a);
        jopa_options_free(b);
    }
    jopa_result_free(parsed);
    jopa_result_free(r);
    return true;
}

static void test_random_questions(void **state) {
    (void)state;
    unsigned random = 3;
    int      ran[N_COMMANDS] = {0};
    for (int round = 0; round < 60; round++) {
        int           c = round % N_COMMANDS;
        jopa_options *o = some(COMMANDS[c].command, &random);
        ran[c] += asks_the_same(c, o);
        jopa_options_free(o);
    }
    for (int c = 0; c < N_COMMANDS; c++)
        if (ran[c] < 2) fail_msg("%s: %d runs", COMMANDS[c].command, ran[c]);
}

/* The answer is the same too, the model's own response included. */
static void test_the_same_answer(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "response", NULL, "max_tokens", "5", "target", "0:3", "seed", "7", "method", "random", NULL);
    jopa_result *first = tiny_explained(o), *second = tiny_explained(like("explain", first, 0, NULL));
    tiny_assert_same(first, 0, second, 0);
    assert_string_equal(first->items[0].response_text, second->items[0].response_text);
    jopa_result_free(first);
    jopa_result_free(second);
}

/* ---- what is set replaces -----------------------------------------------------------------------------------------
 */

static jopa_result *chat_result(void) {
    jopa_options *o = asked("explain", "response", TINY_RESPONSE, "target", "1:5", "unit", "word", "k", "2", "method",
                            "ablation", "metrics", "none", "roles", "all", NULL);
    jopa_error    e = {0};
    assert_int_equal(jopa_options_add_message(o, "system", "Be kind.", &e), JOPA_OK);
    assert_int_equal(jopa_options_add_message(o, "user", TINY_PROMPT, &e), JOPA_OK);
    return tiny_explained(o);
}

static void assert_value(const jopa_options *o, const char *name, const char *value) {
    const char *got = jopa_options_given(o, name) ? jopa_options_get(o, name) : NULL;
    if (!value) assert_null(got);
    else if (!got || strcmp(got, value)) fail_msg("%s: '%s', not '%s'", name, got ? got : "(none)", value);
}

/* The options like `r` after `name` was set to `value`; asked for afterwards: pairs of what is set, and to what. */
static void check_replaced(const jopa_result *r, const char *name, const char *value, int messages,
                           const char *const *pairs) {
    jopa_options *o = like("explain", r, 0, asked("explain", name, value, NULL));
    if (name) assert_value(o, name, value);
    assert_int_equal(o->n_messages, messages);
    for (; *pairs; pairs += 2) assert_value(o, pairs[0], pairs[1]);
    jopa_options_free(o);
}

#define HAS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_what_replaces_what(void **state) {
    (void)state;
    jopa_result *r = chat_result();
    check_replaced(r, NULL, NULL, 2, HAS("response", TINY_RESPONSE, "target", "1:5", "k", "2", "unit", "word"));
    check_replaced(r, "prompt", "new", 0, HAS("response", TINY_RESPONSE, "target", "1:5", "roles", "all"));
    check_replaced(r, "response", " new", 2, HAS("target", NULL, "k", "2"));
    check_replaced(r, "target", "0:2", 2, HAS("response", TINY_RESPONSE));
    check_replaced(r, "k", "5", 2, HAS("sparsity", NULL, "min_drop", NULL));
    check_replaced(r, "sparsity", "0.3", 2, HAS("k", NULL, "min_drop", NULL));
    check_replaced(r, "min_drop", "0.5", 2, HAS("k", NULL, "sparsity", NULL));
    check_replaced(r, "unit", "token", 2, HAS("k", "2", "method", "ablation"));
    check_replaced(r, "method", "greedy", 2, HAS("unit", "word", "metrics", "none"));
    check_replaced(r, "max_tokens", "9", 2, HAS("response", TINY_RESPONSE));
    jopa_options *o = asked("explain", NULL);
    jopa_error    e = {0};
    assert_int_equal(jopa_options_add_message(o, "user", "another chat", &e), JOPA_OK);
    o = like("explain", r, 0, o);
    assert_int_equal(o->n_messages, 1);
    assert_string_equal(o->contents[0], "another chat");
    jopa_options_free(o);
    jopa_result_free(r);
}

static void test_a_prompt_and_its_system(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "system", "Be kind.", "min_drop", "0.5", NULL);
    jopa_result *r = tiny_explained(o);
    check_replaced(r, NULL, NULL, 0, HAS("prompt", TINY_PROMPT, "system", "Be kind.", "k", "2", "min_drop", "0.5"));
    check_replaced(r, "system", "Be short.", 0, HAS("prompt", TINY_PROMPT));
    check_replaced(r, "prompt", "new", 0, HAS("system", NULL));
    check_replaced(r, "k", "3", 0, HAS("min_drop", NULL, "prompt", TINY_PROMPT));
    jopa_result_free(r);
}

/* Texts that were given replace all of the result's. */
static void test_texts_replace(void **state) {
    (void)state;
    jopa_options *o = asked("score", "prompt", TINY_PROMPT, "response", TINY_RESPONSE, "unit", "word", "hide", "doctor",
                            "hide", "patient,friend", NULL);
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    int           n = 0;
    if (jopa_score(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    o = like("score", r, 0, NULL);
    jp_options_texts(o, "hide", &n);
    assert_int_equal(n, 2);
    jopa_options_free(o);
    o = like("score", r, 1, asked("score", "hide", "surgery", NULL));
    assert_string_equal(jp_options_texts(o, "hide", &n)[0], "surgery");
    assert_int_equal(n, 1);
    jopa_options_free(o);
    jopa_result_free(r);
}

/* ---- other commands ------------------------------------------------------------------------------------------------
 */

/* What one command was asked, asked of another: what it has of it. */
static void test_another_command(void **state) {
    (void)state;
    jopa_options *o = tiny_question("compare");
    ask_also(o, "method", "ablation,random", NULL);
    jopa_result *r = tiny_compared(o);
    o = like("explain", r, 1, NULL);
    assert_value(o, "method", "random"); /* that explanation's */
    jopa_result_free(tiny_explained(o));
    o = like("audit", r, 0, NULL);
    assert_value(o, "prompt", TINY_PROMPT);
    assert_value(o, "unit", "word");
    jopa_options_free(o);
    jopa_result_free(r);
    o = tiny_question("explain");
    ask_also(o, "method", "greedy", NULL);
    r = tiny_explained(o);
    o = like("compress", r, 0, NULL); /* which has no such method */
    assert_value(o, "method", NULL);
    assert_value(o, "response", TINY_RESPONSE);
    assert_int_equal(jopa_options_check(o, NULL), JOPA_OK);
    jopa_options_free(o);
    jopa_result_free(r);
}

/* ---- what cannot be asked again ------------------------------------------------------------------------------------
 */

static void test_failures_leave_options_alone(void **state) {
    (void)state;
    jopa_result  *r = chat_result();
    jopa_options *o = asked("explain", "unit", "line", NULL);
    jopa_error    e = {0};
    assert_int_equal(jopa_options_like(o, r, 1, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_options_like(o, r, -1, &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_options_like(o, NULL, 0, &e), JOPA_ERROR_USAGE);
    jp_result_option *last = &r->items[0].options[r->items[0].n_options - 1];
    assert_string_equal(last->name, "messages");
    static const char *const broken[] = {"{", "{}", "[{\"role\": 1, \"content\": \"a\"}]", "[1]", ""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        free(last->value);
        last->value = strdup(broken[i]);
        assert_int_equal(jopa_options_like(o, r, 0, &e), JOPA_ERROR_INPUT);
        assert_true(o->n_set == 1 && o->n_messages == 0);
        assert_value(o, "unit", "line");
    }
    jopa_options_free(o);
    jopa_result_free(r);
}

/* ---- results of before options were noted -------------------------------------------------------------------------
 */

static jopa_result *saved(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/cli/render/%s.json", getenv("JOPA_SOURCE_DIR"), name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s", path);
    char        *text = malloc(1 << 22);
    size_t       size = fread(text, 1, 1 << 22, f);
    jopa_result *r = NULL;
    jopa_error   e = {0};
    fclose(f);
    if (jopa_result_parse(&r, text, size, &e)) fail_msg("%s", e.message);
    free(text);
    return r;
}

static void check_old(const jopa_result *r, int i) {
    const jp_explanation *x = &r->items[i];
    jopa_options         *o = like("explain", r, i, NULL);
    jp_question           q;
    jopa_error            e = {0};
    assert_int_equal(x->n_options, 0);
    if (jp_question_init(&q, o, &e)) fail_msg("%s", e.message);
    assert_string_equal(q.methods[0].method->name, x->method);
    assert_string_equal(jp_unit_kind_name(q.unit, NULL), x->unit);
    assert_string_equal(q.op.name, x->op);
    assert_string_equal(q.response, x->response_text);
    assert_true(q.seed == x->seed && q.k == x->k && q.n_messages == x->n_messages && !q.raw);
    for (int m = 0; m < q.n_messages; m++) {
        size_t size = x->messages[m].end - x->messages[m].start;
        assert_string_equal(q.roles[m], x->messages[m].role);
        assert_int_equal(strlen(q.contents[m]), size);
        assert_memory_equal(q.contents[m], x->prompt_text + x->messages[m].start, size);
    }
    assert_string_equal(q.mask_roles, "user");
    jp_question_free(&q);
    jopa_options_free(o);
    o = like("explain", r, i, asked("explain", "prompt", "new", "response", " new", "k", "1", NULL));
    assert_int_equal(o->n_messages, 0);
    assert_value(o, "response", " new");
    assert_value(o, "k", "1");
    jopa_options_free(o);
}

static void test_old_results(void **state) {
    (void)state;
    static const char *const names[] = {"compare", "hostile", "lisbon"};
    for (int n = 0; n < 3; n++) {
        jopa_result *r = saved(names[n]);
        for (int i = 0; i < jopa_result_count(r); i++) check_old(r, i);
        jopa_result_free(r);
    }
}

static void forget_options(jp_explanation *x) {
    for (int i = 0; i < x->n_options; i++) {
        free(x->options[i].name);
        free(x->options[i].value);
    }
    x->n_options = 0;
}

/* A target, roles and a raw prompt are found again in what such results hold. */
static void test_members_tell(void **state) {
    (void)state;
    jopa_result *r = chat_result();
    forget_options(&r->items[0]);
    jopa_options *o = like("explain", r, 0, NULL);
    assert_value(o, "roles", "system,user");
    assert_value(o, "k", "2");
    jopa_result *again = tiny_explained(o);
    tiny_assert_same(r, 0, again, 0);
    assert_int_equal(again->items[0].target_first, r->items[0].target_first);
    assert_int_equal(again->items[0].target_last, r->items[0].target_last);
    jopa_result_free(again);
    free(r->items[0].messages[0].role); /* and without a chat there is nothing to ask */
    free(r->items[0].messages[1].role);
    r->items[0].n_messages = 0;
    o = asked("explain", NULL);
    assert_int_equal(jopa_options_like(o, r, 0, NULL), JOPA_ERROR_INPUT);
    ask_also(o, "prompt", "new", NULL);
    assert_int_equal(jopa_options_like(o, r, 0, NULL), JOPA_OK);
    jopa_options_free(o);
    jopa_result_free(r);
    o = tiny_question("explain");
    ask_also(o, "raw", "true", NULL);
    r = tiny_explained(o);
    forget_options(&r->items[0]);
    again = tiny_explained(like("explain", r, 0, NULL));
    tiny_assert_same(r, 0, again, 0);
    jopa_result_free(again);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_questions),
        cmocka_unit_test(test_the_same_answer),
        cmocka_unit_test(test_what_replaces_what),
        cmocka_unit_test(test_a_prompt_and_its_system),
        cmocka_unit_test(test_texts_replace),
        cmocka_unit_test(test_another_command),
        cmocka_unit_test(test_failures_leave_options_alone),
        cmocka_unit_test(test_old_results),
        cmocka_unit_test(test_members_tell),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
