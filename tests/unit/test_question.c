/* Options resolved into a question: what is refused without a model, and that the same options give the same question.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "question_same.h"

static const char *const COMMANDS[] = {"explain", "compare", "score", "cite", "audit", "compress", "bench"};
enum { N_COMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

/* Options of a command that are possible as they are. */
static jopa_options *possible(const char *command) {
    if (!strcmp(command, "cite"))
        return asked(command, "prompt", "who?", "documents", "{\"text\": \"a doctor.\"}", NULL);
    return strcmp(command, "bench") ? asked(command, "prompt", "a doctor and the patient", NULL)
                                    : asked(command, "data", "some.jsonl", NULL);
}

/* ---- what is refused ----------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *commands, *name, *value, *about;
} wrong_name;

static const wrong_name WRONG[] = {
    {"explain compare score audit compress bench", "unit", "letter", "'letter'"},
    {"explain compare score audit compress bench", "unit", "words", "'words'"},
    {"compress", "unit", "marked", "`unit` marked"},
    {"explain compare score audit bench", "operator", "erase", "'erase'"},
    {"explain compare score audit bench", "operator", "token:", "token:"},
    {"explain bench", "method", "abblation", "'ablation'"},
    {"compare bench", "method", "random,rndom", "'random'"},
    {"compare bench", "method", "random,,ablation", "random,,ablation"},
    {"explain", "method", "random,ablation", "random,ablation"},
    {"compare bench", "method", ",", "list of methods"},
    {"bench", "methods", "jopa@2", "after @"},
    {"bench", "methods", "jopa@0", "after @"},
    {"bench", "methods", "jopa/0", "after /"},
    {"bench", "methods", "jopa/5@0.1", "'jopa/5@0.1' is not"},
    {"bench", "methods", "jopa@", "after @"},
    {"bench", "methods", "jpa@0.1", "'jpa'"},
    {"compare", "method", "jopa@0.1", "jopa@0.1"},
    {"explain compare audit compress bench", "metrics", "prob,taste", "'taste'"},
    {"explain compare bench", "levels", "page", "`levels`"},
    {"explain compare bench", "levels", "sentence,paragraph", "`levels`"},
    {"explain", "operators", "zero,sideways", "'sideways'"},
    {"explain", "operators", "zero,,delete", "`operators`"},
    {"explain", "operators", "", "`operators`"},
    {"explain compare score audit compress bench", "engine", "remote", "'remote'"},
    {"explain compare score audit compress", "target", "7:3", "`target`"},
    {"explain compare score audit compress", "target", "", "`target`"},
    {"explain compare score audit compress", "target", "=", "`target`"},
    {"explain compare score audit compress", "target", "sentence:0", "`target`"},
    {"explain compare score audit compress", "target", "sentence:two", "`target`"},
    {"audit compress", "target", "sentence:all", "one at a time"},
    {"explain compare score audit compress", "prompt", NULL, "no prompt"},
};

static void test_wrong_names(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        for (int c = 0; c < N_COMMANDS; c++) {
            const wrong_name *w = &WRONG[i];
            jopa_error        e = {0};
            if (!strstr(w->commands, COMMANDS[c])) continue;
            jopa_options *o = possible(COMMANDS[c]);
            assert_int_equal(jopa_options_check(o, &e), JOPA_OK);
            ask_also(o, w->name, w->value, NULL);
            if (jopa_options_check(o, &e) != JOPA_ERROR_USAGE) fail_msg("%s %s %s", COMMANDS[c], w->name, w->value);
            if (!strstr(e.message, w->about)) fail_msg("%s %s %s: %s", COMMANDS[c], w->name, w->value, e.message);
            assert_int_equal(jopa_options_check(o, NULL), JOPA_ERROR_USAGE);
            jopa_options_free(o);
        }
}

/* A name of a table, or one that the form of it stands for. */
static const char *value_of_name(const char *name) {
    if (!strcmp(name, "token:TEXT")) return "token:_";
    return strcmp(name, "URL[,URL...]") ? name : "http://127.0.0.1:1,http://127.0.0.1:2";
}

/* Every name of every table is taken, by every command that has such an option. */
static void test_right_names(void **state) {
    (void)state;
    for (int c = 0; c < N_COMMANDS; c++) {
        const jopa_option_info *info;
        for (int i = 0; (info = jopa_option_at(COMMANDS[c], i)); i++) {
            jopa_name name;
            if (!info->values || strncmp(info->values, "jopa list ", 10) || info->command_only) continue;
            for (int n = 0; jopa_list(info->values + 10, n, &name); n++) {
                jopa_options *o = possible(COMMANDS[c]);
                jopa_error    e = {0};
                bool          marked = !strcmp(COMMANDS[c], "compress") && !strcmp(name.name, "marked");
                ask_also(o, info->name, value_of_name(name.name), NULL);
                if (jopa_options_check(o, &e) && !marked) fail_msg("%s: %s", COMMANDS[c], e.message);
                jopa_options_free(o);
            }
        }
    }
}

static void assert_impossible(jopa_options *o, const char *about) {
    jopa_error e = {0};
    assert_int_equal(jopa_options_check(o, &e), JOPA_ERROR_USAGE);
    if (!strstr(e.message, about)) fail_msg("%s: %s", about, e.message);
    jopa_options_free(o);
}

static void test_options_that_exclude_each_other(void **state) {
    (void)state;
    jopa_error e = {0};
    assert_impossible(asked("explain", "prompt", "p", "raw", "true", "system", "s", NULL), "`raw`");
    assert_impossible(asked("audit", "prompt", "p", "refusal", "true", "target", "0:3", NULL), "`refusal`");
    assert_impossible(asked("compress", "prompt", "p", "ratio", "0.5", "tolerance", "0.2", NULL), "`ratio`");
    assert_impossible(asked("explain", "prompt", "p", "unit", "word", "levels", "sentence", "repeat", "3", NULL),
                      "`repeat`");
    assert_impossible(asked("explain", "prompt", "p", "unit", "word", "levels", "sentence", "min_drop", "0.5", NULL),
                      "`min_drop`");
    jopa_options *o = asked("explain", "prompt", "p", NULL);
    assert_int_equal(jopa_options_add_message(o, "user", "text", &e), JOPA_OK);
    assert_impossible(o, "one prompt");
    o = asked("explain", "system", "s", NULL);
    assert_int_equal(jopa_options_add_message(o, "user", "text", &e), JOPA_OK);
    assert_impossible(o, "`system`");
}

/* Commands that ask no model nothing. */
static void test_commands_without_a_question(void **state) {
    (void)state;
    static const char *const commands[] = {"render", "list", "model"};
    for (int i = 0; i < 3; i++) {
        jopa_options *o = asked(commands[i], NULL);
        jopa_error    e = {0};
        assert_int_equal(jopa_options_check(o, &e), JOPA_OK);
        assert_int_equal(jopa_options_add_message(o, "user", "text", &e), JOPA_OK);
        assert_int_equal(jopa_options_check(o, &e), JOPA_OK);
        jopa_options_free(o);
    }
}

/* ---- the same options ---------------------------------------------------------------------------------------------
 */

/* Some options of the command, at random. */
static jopa_options *some(const char *command, unsigned *random) {
    jopa_options           *o = possible(command);
    const jopa_option_info *info;
    for (int i = 0; (info = jopa_option_at(command, i)); i++) {
        const char *value = next_random(random, 5) ? NULL : random_value(info, random);
        if (value) ask_also(o, info->name, value, NULL);
        if (value && !strcmp(info->type, "texts")) ask_also(o, info->name, random_value(info, random), NULL);
    }
    return o;
}

/* A question resolved twice, or of a copy, is the same, or the same is wrong with it. */
static void test_twice_the_same(void **state) {
    (void)state;
    unsigned random = 5;
    int      possible_ones = 0;
    for (int round = 0; round < 1200; round++) {
        jopa_options *o = some(COMMANDS[round % N_COMMANDS], &random), *copy = NULL;
        jopa_error    e = {0}, f = {0};
        assert_int_equal(jopa_options_copy(&copy, o, &e), JOPA_OK);
        int code = jopa_options_check(o, &e);
        assert_int_equal(jopa_options_check(copy, &f), code);
        assert_string_equal(e.message, f.message);
        if (!code) {
            assert_same_asked(o, o);
            assert_same_asked(o, copy);
            possible_ones++;
        }
        jopa_options_free(o);
        jopa_options_free(copy);
    }
    assert_true(possible_ones > 400);
}

/* Defaults that are said are those that are not said. */
static void test_defaults_said(void **state) {
    (void)state;
    for (int c = 0; c < N_COMMANDS; c++) {
        jopa_options           *o = possible(COMMANDS[c]), *said = possible(COMMANDS[c]);
        const jopa_option_info *info;
        for (int i = 0; (info = jopa_option_at(COMMANDS[c], i)); i++)
            if (info->fallback) ask_also(said, info->name, info->fallback, NULL);
        if (!strcmp(COMMANDS[c], "compress")) ask_also(said, "ratio", NULL, NULL); /* it excludes the tolerance */
        assert_same_asked(o, said);
        jopa_options_free(o);
        jopa_options_free(said);
    }
}

/* Every option that changes the answer changes the question. */
static void test_options_reach_the_question(void **state) {
    (void)state;
    jopa_options *o =
        asked("explain", "prompt", "p", "system", "s", "response", "r", "target", "0:1", "max_tokens", "7", "unit",
              "line", "roles", "all", "operator", "token:_", "method", "greedy", "k", "3", "sparsity", "0.3",
              "min_drop", "0.25", "levels", "none", "budget", "11", "time", "2.5", "seed", "18446744073709551615",
              "repeat", "4", "operators", "zero,token:x", "metrics", "prob", NULL);
    jp_question q;
    jopa_error  e = {0};
    if (jp_question_init(&q, o, &e)) fail_msg("%s", e.message);
    assert_int_equal(q.n_messages, 2);
    assert_string_equal(q.roles[0], "system");
    assert_string_equal(q.contents[1], "p");
    assert_string_equal(q.response, "r");
    assert_true(q.n_targets == 1 && q.targets[0].start == 0 && q.targets[0].end == 1);
    assert_true(q.max_tokens == 7 && q.unit == JP_UNIT_LINE);
    assert_string_equal(q.mask_roles, "all");
    assert_string_equal(q.op.text, "_");
    assert_string_equal(q.methods[0].method->name, "greedy");
    assert_true(q.k == 3 && q.sparsity == 0.3 && q.min_drop == 0.25 && !q.levels.automatic && q.budget == 11);
    assert_true(q.seconds == 2.5 && q.seed == UINT64_MAX && q.repeat == 4 && q.n_operators == 2 && q.metrics != 0);
    assert_string_equal(q.operators[1].text, "x");
    jp_question_free(&q);
    jopa_options_free(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_right_names),
        cmocka_unit_test(test_options_that_exclude_each_other),
        cmocka_unit_test(test_commands_without_a_question),
        cmocka_unit_test(test_twice_the_same),
        cmocka_unit_test(test_defaults_said),
        cmocka_unit_test(test_options_reach_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
