/* Options set by name, from the table: what each takes and refuses, what is kept, and what the table itself holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "base/split.h"
#include "question_same.h"

static const char *const COMMANDS[] = {"explain",  "compare", "score",  "cite", "audit",
                                       "compress", "bench",   "render", "list"};
enum { N_COMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

/* Call it for every option of every command, with fresh options of that command. */
static void for_every_option(void (*check)(jopa_options *o, const jopa_option_info *info)) {
    for (int c = 0; c < N_COMMANDS; c++) {
        const jopa_option_info *info;
        int                     n = 0;
        for (; (info = jopa_option_at(COMMANDS[c], n)); n++) {
            jopa_options *o = asked(COMMANDS[c], NULL);
            check(o, info);
            jopa_options_free(o);
        }
        assert_true(n > 0);
    }
}

/* ---- the table ----------------------------------------------------------------------------------------------------
 */

static void check_row(jopa_options *o, const jopa_option_info *info) {
    static const char *const types[] = {"text", "file", "integer", "number", "switch", "list", "texts"};
    bool                     known = false;
    (void)o;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) known |= !strcmp(types[i], info->type);
    assert_true(known && *info->name && *info->help);
    assert_true(!strchr(info->help, '\n') && strlen(info->help) < 80);
    assert_true(!info->argument == !strcmp(info->type, "switch"));
    assert_true(info->least <= info->most);
    if (!info->flag) return;
    for (size_t i = 0; i <= strlen(info->name) && strcmp(info->name, "k"); i++)
        assert_int_equal(info->flag[i], info->name[i] == '_' ? '-' : info->name[i]);
}

static void test_every_row(void **state) {
    (void)state;
    for_every_option(check_row);
    assert_null(jopa_option_at("explain", -1));
    assert_null(jopa_option_at("explain", 1000));
    assert_null(jopa_option_at("expl", 0));
}

/* No command has a name, a flag or a letter twice. */
static void test_names_are_told_apart(void **state) {
    (void)state;
    for (int c = -1; c < N_COMMANDS; c++) {
        const jopa_option_info *a, *b;
        for (int i = 0; (a = jopa_option_at(c < 0 ? NULL : COMMANDS[c], i)); i++)
            for (int j = 0; j < i && (b = jopa_option_at(c < 0 ? NULL : COMMANDS[c], j)); j++) {
                assert_string_not_equal(a->name, b->name);
                assert_true(!a->flag || !b->flag || strcmp(a->flag, b->flag));
                assert_true(c < 0 || !a->letter || a->letter != b->letter);
            }
    }
}

/* The list of all has every option of every command. */
static void check_is_listed(jopa_options *o, const jopa_option_info *info) {
    const jopa_option_info *any;
    (void)o;
    for (int i = 0; (any = jopa_option_at(NULL, i)); i++)
        if (!strcmp(any->name, info->name)) return;
    fail_msg("%s is not in the list of all options", info->name);
}

static void test_the_list_of_all(void **state) {
    (void)state;
    for_every_option(check_is_listed);
}

/* ---- values -------------------------------------------------------------------------------------------------------
 */

static void assert_value(const jopa_options *o, const char *name, const char *value) {
    const char *got = jopa_options_get(o, name);
    if (!got || !value) assert_true(got == value);
    else if (strcmp(got, value)) fail_msg("%s: '%s', not '%s'", name, got, value);
}

static void check_default(jopa_options *o, const jopa_option_info *info) {
    jopa_error e = {0};
    assert_value(o, info->name, info->fallback);
    assert_false(jopa_options_given(o, info->name));
    if (!info->fallback) return;
    if (jopa_options_set(o, info->name, info->fallback, &e)) fail_msg("%s", e.message);
    assert_true(jopa_options_given(o, info->name));
    assert_value(o, info->name, info->fallback);
    assert_int_equal(jopa_options_set(o, info->name, NULL, &e), JOPA_OK);
    assert_false(jopa_options_given(o, info->name));
    assert_value(o, info->name, info->fallback);
}

/* Every option takes its own default, and goes back to it. */
static void test_defaults(void **state) {
    (void)state;
    for_every_option(check_default);
    jopa_options *o = asked("explain", NULL);
    assert_value(o, "method", "jopa");
    assert_value(o, "unit", "token");
    assert_value(o, "roles", "user");
    assert_value(o, "operator", "zero");
    assert_value(o, "sparsity", "0.1");
    assert_value(o, "max_tokens", "64");
    assert_value(o, "engine", "local");
    static const char *const zero[] = {"k", "budget", "seed", "threads", "ctx", "time", "repeat", "min_drop"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++) assert_value(o, zero[i], "0");
    static const char *const none[] = {"prompt", "response", "target", "model", "system", "encoder"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_value(o, none[i], NULL);
    assert_value(o, "raw", "false");
    jopa_options_free(o);
}

/* Refused with the option's name; what was set stays. */
static void assert_refused(jopa_options *o, const jopa_option_info *info, const char *value) {
    jopa_error  e = {0};
    char        name[80], before[64];
    bool        given = jopa_options_given(o, info->name);
    const char *was = jopa_options_get(o, info->name);
    snprintf(name, sizeof name, "`%s`", info->name);
    snprintf(before, sizeof before, "%s", was ? was : "");
    if (jopa_options_set(o, info->name, value, &e) != JOPA_ERROR_USAGE) fail_msg("%s '%s': taken", info->name, value);
    if (!strstr(e.message, name) || strchr(e.message, '\n')) fail_msg("%s '%s': %s", info->name, value, e.message);
    assert_int_equal(jopa_options_given(o, info->name), given);
    assert_value(o, info->name, was ? before : NULL);
    assert_int_equal(jopa_options_set(o, info->name, value, NULL), JOPA_ERROR_USAGE);
}

static void refuse_beyond(jopa_options *o, const jopa_option_info *info) {
    static const char *const wrong[] = {"", "x", "1x", "nan", "inf", "-inf", " 1", "1 ", "0x10", "1,5", "--1"};
    char                     text[64];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_refused(o, info, wrong[i]);
    bool whole = !strcmp(info->type, "integer");
    snprintf(text, sizeof text, whole ? "%.0f" : "%.17g", info->least - (whole ? 1 : 1e-9));
    assert_refused(o, info, text);
    if (info->most > 1e300) return;
    snprintf(text, sizeof text, whole ? "%.0f" : "%.17g", info->most > 1e15 ? info->most * 2 : info->most + 1);
    assert_refused(o, info, text);
}

static void check_refusals(jopa_options *o, const jopa_option_info *info) {
    bool number = !strcmp(info->type, "integer") || !strcmp(info->type, "number");
    bool listed = info->values && strncmp(info->values, "jopa list", 9);
    for (int set = 0; set < 2; set++) {
        if (set && info->fallback) ask_also(o, info->name, info->fallback, NULL);
        if (number) refuse_beyond(o, info);
        if (listed) assert_refused(o, info, "no such value");
        if (listed) assert_refused(o, info, "");
        if (!strcmp(info->type, "switch")) assert_refused(o, info, "yes");
        if (!strcmp(info->type, "switch")) assert_refused(o, info, "TRUE");
    }
}

static void test_what_is_refused(void **state) {
    (void)state;
    for_every_option(check_refusals);
}

/* Numbers at the ends of their range, and every name of a row's own list. */
static void check_ends(jopa_options *o, const jopa_option_info *info) {
    char text[64];
    if (!strcmp(info->type, "integer")) {
        snprintf(text, sizeof text, "%.0f", info->least);
        ask_also(o, info->name, text, NULL);
        snprintf(text, sizeof text, "%.0f", info->most);
        ask_also(o, info->name, info->most > 1e15 ? "18446744073709551615" : text, NULL);
    }
    if (!strcmp(info->type, "number")) ask_also(o, info->name, info->most > 1e300 ? "1e300" : "0.5", NULL);
    if (!info->values || !strncmp(info->values, "jopa list", 9)) return;
    jp_parts parts;
    assert_int_equal(jp_split(&parts, info->values, NULL), JP_OK);
    for (int i = 0; i < parts.n; i++) ask_also(o, info->name, parts.at[i], NULL);
    jp_parts_free(&parts);
}

static void test_the_ends_of_ranges(void **state) {
    (void)state;
    for_every_option(check_ends);
}

/* A long value does not push out of the message what would be right. */
static void test_long_values(void **state) {
    (void)state;
    char          text[2000];
    jopa_options *o = asked("explain", NULL);
    jopa_error    e = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(jopa_options_set(o, "sparsity", text, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "`sparsity`"));
    assert_non_null(strstr(e.message, "a number above 0, at most 1"));
    assert_int_equal(jopa_options_set(o, text, "1", &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "jopa list options"));
    jopa_options_free(o);
}

/* ---- names --------------------------------------------------------------------------------------------------------
 */

static void test_unknown_names(void **state) {
    (void)state;
    static const struct {
        const char *name, *nearest;
    } cases[] = {{"max-tokens", "`max_tokens`"}, {"units", "`unit`"},       {"methd", "`method`"}, {"Seed", "`seed`"},
                 {"prompts", "`prompt`"},        {"min-drop", "`min_drop`"}};
    jopa_options *o = asked("explain", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jopa_error e = {0};
        assert_int_equal(jopa_options_set(o, cases[i].name, "1", &e), JOPA_ERROR_USAGE);
        if (!strstr(e.message, cases[i].nearest)) fail_msg("%s: %s", cases[i].name, e.message);
        assert_null(jopa_options_get(o, cases[i].name));
        assert_false(jopa_options_given(o, cases[i].name));
    }
    jopa_error e = {0};
    assert_int_equal(jopa_options_set(o, "hide", "1", &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "`hide` is no option of explain"));
    assert_int_equal(jopa_options_set(o, NULL, "1", &e), JOPA_ERROR_USAGE);
    assert_int_equal(jopa_options_set(o, "", "1", &e), JOPA_ERROR_USAGE);
    assert_null(jopa_options_get(o, NULL));
    jopa_options_free(o);
}

static void test_unknown_commands(void **state) {
    (void)state;
    static const char *const names[] = {"explian", "", "help", NULL};
    for (int i = 0; i < 4; i++) {
        jopa_error    e = {0};
        jopa_options *o = (jopa_options *)&e;
        assert_int_equal(jopa_options_new(&o, names[i], &e), JOPA_ERROR_USAGE);
        assert_ptr_equal(o, &e);
        assert_true(strlen(e.message) > 10);
    }
}

/* ---- several values, copies ---------------------------------------------------------------------------------------
 */

static void test_texts_repeat(void **state) {
    (void)state;
    jopa_options *o = asked("score", "hide", "doctor", "hide", "patient", "hide", "doctor", NULL);
    int           n = 0;
    assert_value(o, "hide", "doctor");
    const char *const *all = jp_options_texts(o, "hide", &n);
    assert_int_equal(n, 3);
    assert_string_equal(all[0], "doctor");
    assert_string_equal(all[1], "patient");
    ask_also(o, "hide", NULL, "unit", "word", "unit", "line", NULL); /* all are gone; others are replaced */
    assert_value(o, "hide", NULL);
    assert_false(jopa_options_given(o, "hide"));
    assert_value(o, "unit", "line");
    jopa_options_free(o);
}

/* The same values, the same number of each. */
static void assert_same_values(const jopa_options *a, const jopa_options *b) {
    assert_int_equal(a->command, b->command);
    assert_int_equal(a->n_set, b->n_set);
    for (int i = 0; i < a->n_set; i++) {
        assert_ptr_equal(a->set[i].option, b->set[i].option);
        assert_int_equal(a->set[i].n, b->set[i].n);
        for (int j = 0; j < a->set[i].n; j++) assert_string_equal(a->set[i].values[j], b->set[i].values[j]);
    }
    assert_int_equal(a->n_messages, b->n_messages);
    for (int i = 0; i < a->n_messages; i++) {
        assert_string_equal(a->roles[i], b->roles[i]);
        assert_string_equal(a->contents[i], b->contents[i]);
    }
}

static int nobody(void *user, const jopa_progress *p) { return (void)user, (void)p, 0; }

/* Options set at random, copied, the original then freed or changed. */
static void test_values_survive_a_copy(void **state) {
    (void)state;
    unsigned random = 1;
    for (int round = 0; round < 300; round++) {
        const char             *command = COMMANDS[round % N_COMMANDS];
        jopa_options           *o = asked(command, NULL), *copy = NULL, *again = NULL;
        const jopa_option_info *info;
        jopa_error              e = {0};
        for (int i = 0; (info = jopa_option_at(command, i)); i++) {
            const char *value = next_random(&random, 2) ? random_value(info, &random) : NULL;
            if (value) ask_also(o, info->name, value, NULL);
            if (value && !strcmp(info->type, "texts")) ask_also(o, info->name, random_value(info, &random), NULL);
        }
        for (int i = (int)next_random(&random, 3); i > 0; i--)
            assert_int_equal(jopa_options_add_message(o, "user", i > 1 ? "more" : "text", &e), JOPA_OK);
        jopa_options_listen(o, nobody, NULL, &random);
        assert_int_equal(jopa_options_copy(&copy, o, &e), JOPA_OK);
        assert_same_values(o, copy);
        assert_true(copy->progress == nobody && copy->user == &random);
        assert_int_equal(jopa_options_copy(&again, copy, &e), JOPA_OK);
        jopa_options_clear_messages(o);
        jopa_options_free(o);
        assert_same_values(copy, again);
        jopa_options_free(copy);
        jopa_options_free(again);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_names_are_told_apart),
        cmocka_unit_test(test_the_list_of_all),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_the_ends_of_ranges),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_texts_repeat),
        cmocka_unit_test(test_values_survive_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
