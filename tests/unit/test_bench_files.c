/* The benchmark's files: what is resumed and what is refused, settings, ids of several data files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "asked.h"
#include "base/random.h"
#include "base/utf8.h"
#include "bench/lines.h"
#include "bench/records.h"
#include "bench/settings.h"
#include "report_fixture.h"

static char        folder[] = "/tmp/test-bench-XXXXXX";
static const char *results = "results.jsonl",
                  HEADER[] = "{\"schema\": 1, \"version\": \"0.1.0\", \"command\": \"bench\", ";

/* Each test runs in an empty folder of its own. */
static int enter(void **state) {
    (void)state;
    strcpy(folder, "/tmp/test-bench-XXXXXX");
    return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return chdir("/") || system(command);
}

static void write_file(const char *name, const char *bytes, size_t size) {
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *name, const char *text) { write_file(name, text, strlen(text)); }

static jp_buffer content(const char *name) {
    jp_buffer out = {0};
    assert_int_equal(jp_read_file(name, &out, NULL), JP_OK);
    jp_buffer_bytes(&out, "", 0);
    return out;
}

/* ---- records -------------------------------------------------------------------------------------------------------
 */

/* Read the file of results, open it for appending, close it. */
static int resume(const json_t *settings, const json_t *defaults, jopa_error *e) {
    jp_records r = {0};
    FILE      *f = NULL;
    int        status = jp_records_read(&r, results, e);
    if (!status) status = jp_records_open(&f, &r, results, settings, defaults, e);
    if (f) fclose(f);
    jp_records_free(&r);
    return status;
}

static jp_case *a_case(const char *id, const char *prompt) {
    static jp_case c;
    c = (jp_case){
        .id = (char *)(uintptr_t)id, .task = "t", .prompt = (char *)(uintptr_t)prompt, .digest = "0123456789abcdef"};
    return &c;
}

/* A header and three results, as a run writes them. */
static jp_buffer three_results(const json_t *settings) {
    jp_records   r = {0};
    FILE        *f = NULL;
    jopa_result *x = fixture_result();
    remove(results);
    assert_int_equal(jp_records_open(&f, &r, results, settings, NULL, NULL), JP_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            jp_records_append(f, a_case(i == 1 ? "b" : "a", "p"), i == 2 ? "random" : "jopa", x->items, NULL), JP_OK);
    assert_int_equal(fclose(f), 0);
    jopa_result_free(x);
    return content(results);
}

static void what_a_killed_run_left_is_cut_off(void **state) {
    (void)state;
    json_t   *settings = json_pack("{s:s}", "unit", "word");
    jp_buffer whole = three_results(settings);
    size_t    header = (size_t)(strchr(whole.data, '\n') - whole.data) + 1;
    for (size_t size = 0; size < whole.size; size += size < header + 40 ? 1 : 251) {
        write_file(results, whole.data, size);
        jopa_error e = {0};
        bool       refused = size && size < strlen("{\"schema\": 1, \"version\": \"");
        if (resume(settings, NULL, &e) != (refused ? JOPA_ERROR_INPUT : JP_OK))
            fail_msg("%zu bytes: %s", size, e.message);
        jp_buffer now = content(results);
        size_t    kept = size;
        while (kept && whole.data[kept - 1] != '\n') kept--;
        if (refused) kept = size; /* too little to be sure that it is ours */
        assert_memory_equal(now.data, whole.data, kept);
        assert_int_equal(now.size, kept < header && !refused ? header : kept);
        jp_buffer_free(&now);
    }
    json_decref(settings);
    jp_buffer_free(&whole);
}

static void add_random(jp_buffer *out, jp_random *r, const jp_buffer *whole) {
    static const char *const parts[] = {"notes",
                                        "\n",
                                        "{",
                                        "}",
                                        "{\"settings\": {}}\n",
                                        "{\"bench\": 1",
                                        "\0",
                                        "\xff",
                                        " ",
                                        "{\"schema\": 1",
                                        "{\"command\": \"bench\", \"settings\": {}}\n",
                                        "[]\n"};
    for (int n = jp_random_below(r, 6); n >= 0; n--) {
        const char *part = parts[jp_random_below(r, sizeof parts / sizeof *parts)];
        jp_buffer_bytes(out, part, *part ? strlen(part) : 1);
        if (jp_random_below(r, 8)) continue;
        size_t from = (size_t)jp_random_below(r, (int)whole->size);
        jp_buffer_bytes(out, whole->data + from, (size_t)jp_random_below(r, (int)(whole->size - from)));
    }
}

/* Whatever stands in a file: what is refused stays as it is, and what is cut off is the beginning of a line of ours. */
static void other_files_stay_as_they_are(void **state) {
    (void)state;
    json_t   *settings = json_pack("{s:s}", "unit", "word");
    jp_buffer whole = three_results(settings);
    jp_random r;
    jp_random_seed(&r, 1);
    for (int round = 0; round < 600; round++) {
        jp_buffer  before = {0};
        jopa_error e = {0};
        if (jp_random_below(&r, 2)) jp_buffer_bytes(&before, whole.data, (size_t)jp_random_below(&r, (int)whole.size));
        add_random(&before, &r, &whole);
        write_file(results, before.data, before.size);
        int       status = resume(settings, NULL, &e);
        jp_buffer after = content(results);
        size_t    same = 0;
        while (same < before.size && same < after.size && before.data[same] == after.data[same]) same++;
        if (status) assert_true(same == before.size && after.size == before.size && *e.message);
        else if (same < before.size) {
            while (same && before.data[same - 1] != '\n') same--;
            const char *start = same ? "{\"bench\": {\"id\": " : HEADER;
            size_t      size = before.size - same < strlen(start) ? before.size - same : strlen(start);
            assert_memory_equal(before.data + same, start, size);
        }
        jp_buffer_free(&before);
        jp_buffer_free(&after);
    }
    json_decref(settings);
    jp_buffer_free(&whole);
}

/* ---- settings ------------------------------------------------------------------------------------------------------
 */

/* Where results go, how fast they come, and what each prompt or result has for itself. */
static const char *const UNCOUNTED[] = {"model",   "engine", "encoder",  "threads",   "ctx",     "gpu_layers",
                                        "rpc",     "key",    "key_file", "tokenizer", "timeout", "data",
                                        "methods", "method", "results",  "per_task",  "format",  "output",
                                        "bom",     "scores", "width",    "color",     "quiet",   "progress"};

static bool is_uncounted(const char *name) {
    for (size_t i = 0; i < sizeof UNCOUNTED / sizeof *UNCOUNTED; i++)
        if (!strcmp(UNCOUNTED[i], name)) return true;
    return false;
}

/* Another value that the option takes. */
static const char *other_value(const jopa_option_info *o) {
    if (!strcmp(o->type, "switch")) return "true";
    if (!strcmp(o->type, "integer")) return "7";
    if (!strcmp(o->type, "number")) return "0.375";
    return "changed";
}

/* Change any option of bench: the settings change, but for those that are listed above. */
static void every_option_counts(void **state) {
    (void)state;
    json_t                 *defaults = jp_settings_of(NULL);
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at("bench", i)); i++) {
        jopa_options *x = asked("bench", NULL);
        json_t       *same = jp_settings_of(x);
        assert_true(json_equal(same, defaults));
        json_decref(same);
        if (strcmp(o->name, "color")) ask_also(x, o->name, other_value(o), NULL);
        json_t *changed = jp_settings_of(x);
        if (json_equal(defaults, changed) != is_uncounted(o->name)) fail_msg("\"%s\": does it count?", o->name);
        json_decref(changed);
        jopa_options_free(x);
    }
    json_decref(defaults);
}

static void expect_resumed(const json_t *there, const json_t *wanted, const json_t *defaults, const char *part) {
    jopa_error e = {0};
    jp_buffer  whole = three_results(there);
    int        status = resume(wanted, defaults, &e);
    if (status != (part ? JOPA_ERROR_USAGE : JP_OK) || (part && !strstr(e.message, part)))
        fail_msg("%d %s", status, e.message);
    jp_buffer_free(&whole);
}

static void only_the_same_settings_are_resumed(void **state) {
    (void)state;
    json_t *defaults = jp_settings_of(NULL), *old = jp_settings_of(NULL), *changed = jp_settings_of(NULL);
    json_t *later = jp_settings_of(NULL);
    json_object_del(old, "levels"); /* a header of before it had them */
    json_object_del(old, "min_drop");
    json_object_del(old, "system");
    json_object_set_new(later, "new", json_true());
    json_object_set_new(changed, "levels", json_string("sentence"));
    expect_resumed(defaults, defaults, defaults, NULL);
    expect_resumed(old, defaults, defaults, NULL);
    expect_resumed(old, changed, defaults, "levels \"auto\", not \"sentence\"");
    expect_resumed(changed, defaults, defaults, "levels \"sentence\", not \"auto\"");
    expect_resumed(later, defaults, defaults, "a setting new");
    json_object_set_new(changed, "levels", json_string("auto"));
    json_object_set_new(changed, "system", json_string("\xf0\x9f\x98\x80\xf0\x9f\x98\x80 Be kind."));
    expect_resumed(old, changed, defaults, "system null, not");
    json_decref(old);
    json_decref(later);
    json_decref(changed);
    json_decref(defaults);
}

/* ---- ids of several files ------------------------------------------------------------------------------------------
 */

static void count_line(void *user, const char *text) {
    (void)text;
    ++*(int *)user;
}

static jp_id_use look_up(const void *user, const char *id, const jp_case *c) { return jp_records_use(user, id, c); }

/* Read the files (the last is NULL) with what the results know; returns how many lines were said. */
static int read_data(jp_cases *c, const jp_records *known, const char *const *files) {
    int          lines = 0;
    jp_warnings  warn = {count_line, &lines};
    jp_known_ids ids = {look_up, known};
    *c = (jp_cases){0};
    for (; *files; files++) assert_int_equal(jp_cases_read(c, *files, known ? &ids : NULL, &warn, NULL), JP_OK);
    return lines;
}

static void expect_ids(const jp_cases *c, const char *ids) {
    char all[400] = "";
    for (int i = 0; i < c->n; i++) snprintf(all + strlen(all), sizeof all - strlen(all), " %s", c->items[i].id);
    assert_string_equal(all, ids);
}

/* The records of a run over `c`; old: without digests, as they were. */
static void record_all(jp_records *r, const jp_cases *c, bool old) {
    r->items = realloc(r->items, (size_t)(r->n + c->n) * sizeof *r->items);
    for (int i = 0; i < c->n; i++) {
        const jp_case *one = &c->items[i];
        jp_record      made = {
                 .id = strdup(one->id), .task = strdup(one->task), .label = strdup("jopa"), .result = fixture_result()};
        made.digest = old ? NULL : strdup(one->digest);
        free(made.result->items[0].prompt_text);
        made.result->items[0].prompt_text = calloc(1, strlen(one->prompt) + 20);
        sprintf(made.result->items[0].prompt_text, "<u>%s</u>", one->prompt);
        if (!jp_records_have(r, made.id, "jopa")) r->items[r->n++] = made;
    }
}

static void write_two_files(void) {
    mkdir("a", 0700);
    mkdir("b", 0700);
    write_text("a/test.jsonl", "{\"prompt\": \"one\"}\n{\"prompt\": \"two\", \"id\": \"x\"}\n");
    write_text("b/test.jsonl",
               "{\"prompt\": \"three\"}\n{\"prompt\": \"four\", \"id\": \"x\"}\n{\"prompt\": \"five\"}\n");
}

static void files_of_one_name_are_told_apart(void **state) {
    (void)state;
    const char *both[] = {"a/test.jsonl", "b/test.jsonl", NULL}, *swapped[] = {"b/test.jsonl", "a/test.jsonl", NULL};
    jp_records  none = {0}, known = {0};
    jp_cases    c, again;
    write_two_files();
    assert_int_equal(read_data(&c, NULL, both), 1); /* one line: of the id that was changed */
    expect_ids(&c, " test-1 x b/test-1 b/test/x b/test-3");
    assert_string_equal(c.items[0].task, "test");
    assert_string_equal(c.items[4].task, "b/test");
    record_all(&known, &c, false);
    const char *const *orders[] = {both, swapped, both + 1, swapped + 1};
    for (int i = 0; i < 4; i++) {
        read_data(&again, &known, orders[i]);
        for (int j = 0; j < again.n; j++) {
            const jp_case *one = &again.items[j];
            assert_int_equal(jp_records_use(&known, one->id, one), JP_ID_SAME); /* all of it is resumed */
        }
        jp_cases_free(&again);
    }
    read_data(&again, &none, swapped);
    expect_ids(&again, " test-1 x test-3 a/test-1 a/test/x");
    jp_cases_free(&again);
    jp_cases_free(&c);
    jp_records_free(&known);
}

/* Results of before records had digests: what stands in them is resumed, the file that was left out is run. */
static void old_results_are_resumed(void **state) {
    (void)state;
    const char *first[] = {"a/test.jsonl", NULL}, *second[] = {"b/test.jsonl", NULL},
               *both[] = {"b/test.jsonl", "a/test.jsonl", NULL};
    jp_records known = {0};
    jp_cases   c;
    write_two_files();
    read_data(&c, NULL, first);
    record_all(&known, &c, true);
    jp_cases_free(&c);
    read_data(&c, &known, first);
    expect_ids(&c, " test-1 x");
    jp_cases_free(&c);
    read_data(&c, &known, second);
    expect_ids(&c, " b/test-1 b/test/x b/test-3");
    jp_cases_free(&c);
    read_data(&c, &known, both);
    expect_ids(&c, " b/test-1 b/test/x b/test-3 test-1 x");
    jp_cases_free(&c);
    jp_records_free(&known);
}

static void names_of_files(void **state) {
    (void)state;
    const char *files[] = {"x/a/test.jsonl", "y/a/test.jsonl", "y/a/test.json", "y/a/.test", NULL};
    jp_cases    c;
    char        prompt[64];
    mkdir("x", 0700);
    mkdir("y", 0700);
    mkdir("x/a", 0700);
    mkdir("y/a", 0700);
    for (int i = 0; files[i]; i++) {
        snprintf(prompt, sizeof prompt, "{\"prompt\": \"%d\"}\n", i);
        write_text(files[i], prompt);
    }
    read_data(&c, NULL, files);
    expect_ids(&c, " test-1 a/test-1 y/a/test-1 .test-1");
    jp_cases_free(&c);
    char long_name[300] = "";
    while (strlen(long_name) < 240) strcat(long_name, "\xe6\x97\xa5");
    write_text(long_name, "{\"prompt\": \"a\"}\n");
    const char *one[] = {long_name, NULL};
    read_data(&c, NULL, one);
    assert_true(!strncmp(c.items[0].id, long_name, 240) && !strcmp(c.items[0].id + 240, "-1")); /* no id is cut */
    jp_cases_free(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_killed_run_left_is_cut_off, enter, leave),
        cmocka_unit_test_setup_teardown(other_files_stay_as_they_are, enter, leave),
        cmocka_unit_test(every_option_counts),
        cmocka_unit_test_setup_teardown(only_the_same_settings_are_resumed, enter, leave),
        cmocka_unit_test_setup_teardown(files_of_one_name_are_told_apart, enter, leave),
        cmocka_unit_test_setup_teardown(old_results_are_resumed, enter, leave),
        cmocka_unit_test_setup_teardown(names_of_files, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
