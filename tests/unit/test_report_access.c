/* Every member of a result's JSON is found by its path, and nothing else is. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "report_fixture.h"

/* ---- the JSON beside the accessors ---------------------------------------------------------------------------------
 */

typedef struct {
    const jopa_result *r;
    int                i; /* the explanation, -1: the document */
    int                members;
} walk;

static jopa_kind kind_of(const json_t *value, const char *path) {
    if (!strcmp(path, "seed") || strstr(path, ".seed")) return JOPA_KIND_NUMBER; /* a text above INT64_MAX */
    switch (json_typeof(value)) {
    case JSON_OBJECT: return JOPA_KIND_OBJECT;
    case JSON_ARRAY: return JOPA_KIND_ARRAY;
    case JSON_STRING: return JOPA_KIND_TEXT;
    case JSON_TRUE:
    case JSON_FALSE: return JOPA_KIND_BOOL;
    case JSON_NULL: return JOPA_KIND_NULL;
    default: return JOPA_KIND_NUMBER;
    }
}

static uint64_t unsigned_of(const json_t *value) {
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10) : (uint64_t)json_integer_value(value);
}

static void compare_number(const walk *w, const char *path, const json_t *value, jopa_kind kind) {
    double  number = -99;
    int64_t integer = -99;
    bool    whole = !jopa_result_integer(w->r, w->i, path, &integer, NULL);
    assert_int_equal(jopa_result_number(w->r, w->i, path, &number, NULL), JOPA_OK);
    if (kind == JOPA_KIND_NULL) assert_true(isnan(number) && !whole);
    if (json_is_real(value)) assert_true(number == json_real_value(value) && !whole);
    if (json_is_boolean(value)) assert_true(whole && integer == json_is_true(value) && number == (double)integer);
    if (json_is_string(value)) assert_true(whole);
    if (json_is_integer(value)) assert_true(number == (double)json_integer_value(value)); /* real members too: 2 */
    if (kind == JOPA_KIND_NUMBER && whole) assert_true((uint64_t)integer == unsigned_of(value));
}

static void compare(walk *w, const char *path, const json_t *value);

static void compare_members(walk *w, const char *path, const json_t *value) {
    const char *name;
    json_t     *member;
    int         n = 0;
    json_object_foreach((json_t *)(uintptr_t)value, name, member) {
        char        inner[300];
        const char *found = jopa_result_name(w->r, w->i, path, n++);
        assert_non_null(found);
        assert_string_equal(found, name);
        snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", name);
        compare(w, inner, member);
    }
    assert_null(jopa_result_name(w->r, w->i, path, n));
    assert_int_equal(jopa_result_size(w->r, w->i, path), n);
}

static void compare_elements(walk *w, const char *path, const json_t *value) {
    int n = (int)json_array_size(value);
    assert_int_equal(jopa_result_size(w->r, w->i, path), n);
    for (int i = 0; i <= n; i++) {
        char inner[300];
        snprintf(inner, sizeof inner, "%s.%d", path, i);
        if (i < n) compare(w, inner, json_array_get(value, (size_t)i));
        else assert_int_equal(jopa_result_kind(w->r, w->i, inner), JOPA_KIND_NONE);
    }
}

static void compare(walk *w, const char *path, const json_t *value) {
    jopa_kind kind = kind_of(value, path), found = jopa_result_kind(w->r, w->i, path);
    if (kind != found) fail_msg("%s is of kind %d, not %d", path, (int)found, (int)kind);
    w->members++;
    if (kind == JOPA_KIND_OBJECT) compare_members(w, path, value);
    else if (kind == JOPA_KIND_ARRAY) compare_elements(w, path, value);
    else if (kind == JOPA_KIND_TEXT) {
        assert_non_null(jopa_result_text(w->r, w->i, path));
        assert_string_equal(jopa_result_text(w->r, w->i, path), json_string_value(value));
    } else compare_number(w, path, value, kind);
}

/* Walks the result's own JSON; returns how many members that were. */
static int compare_result(const jopa_result *r) {
    char   *text = fixture_render(r, "json", 0, false, false);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *results = json_object_get(root, "results");
    walk    w = {r, -1, 0};
    assert_non_null(root);
    compare(&w, "", root);
    for (w.i = 0; w.i < jopa_result_count(r); w.i++)
        compare(&w, "", results ? json_array_get(results, (size_t)w.i) : root);
    json_decref(root);
    free(text);
    return w.members;
}

/* ---- results -------------------------------------------------------------------------------------------------------
 */

static jopa_result *read_result(const char *folder, const char *name) {
    char         path[600], *text = calloc(1, 1 << 22);
    jopa_result *r = NULL;
    const char  *source = getenv("JOPA_SOURCE_DIR");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/%s/%s", source, folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(text, 1, 1 << 22, f);
    fclose(f);
    jopa_error e = {0};
    if (jopa_result_parse(&r, text, size, &e)) fail_msg("%s: %s", path, e.message);
    free(text);
    return r;
}

static void saved_results(void **state) {
    (void)state;
    static const char *const folders[] = {"tests/cli/render", "docs/examples"};
    int                      files = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[600];
        snprintf(folder, sizeof folder, "%s/%s", getenv("JOPA_SOURCE_DIR"), folders[i]);
        DIR *d = opendir(folder);
        assert_non_null(d);
        for (struct dirent *entry; (entry = readdir(d));) {
            size_t size = strlen(entry->d_name);
            if (size < 5 || strcmp(entry->d_name + size - 5, ".json")) continue;
            jopa_result *r = read_result(folders[i], entry->d_name);
            assert_true(compare_result(r) > 500);
            jopa_result_free(r);
            files++;
        }
        closedir(d);
    }
    assert_true(files >= 5);
}

static void made_results(void **state) {
    (void)state;
    jopa_result *made[] = {fixture_result(), fixture_comparison(), fixture_everything()};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        compare_result(made[i]);
        jopa_result_free(made[i]);
    }
}

/* The schema's members are those of `value`, and each has an accessor. */
static void compare_schema(const jopa_result *r, const json_t *root, const json_t *schema, const json_t *value,
                           const char *path) {
    const char *name, *reference = json_string_value(json_object_get(schema, "$ref"));
    json_t     *member;
    if (reference) schema = json_object_get(json_object_get(root, "$defs"), strrchr(reference, '/') + 1);
    json_t *members = json_object_get(schema, "properties");
    if (json_is_array(value) && json_object_get(schema, "items")) {
        char inner[300];
        snprintf(inner, sizeof inner, "%s.0", path);
        compare_schema(r, root, json_object_get(schema, "items"), json_array_get(value, 0), inner);
    }
    json_object_foreach(members, name, member) {
        char inner[300];
        snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", name);
        if (!json_object_get(value, name)) fail_msg("the fixture has no \"%s\"", inner);
        if (jopa_result_kind(r, 0, inner) == JOPA_KIND_NONE) fail_msg("no accessor for \"%s\"", inner);
        compare_schema(r, root, member, json_object_get(value, name), inner);
    }
    if (!members) return;
    json_object_foreach((json_t *)(uintptr_t)value, name, member) if (!json_object_get(members, name))
        fail_msg("the schema has no \"%s.%s\"", path, name);
}

/* Together with the walk: a member that is new in json-fields.c has to be in the schema, and one that is new in the
 * schema in the fixture that has everything. */
static void the_schema_the_fixture_and_the_accessors_agree(void **state) {
    (void)state;
    char         path[600], *text;
    jopa_result *r = fixture_everything();
    snprintf(path, sizeof path, "%s/docs/result.schema.json", getenv("JOPA_SOURCE_DIR"));
    json_t *root = json_load_file(path, 0, NULL);
    json_t *schema = json_object_get(json_object_get(root, "$defs"), "explanation");
    json_t *json = json_loads(text = fixture_render(r, "json", 0, false, false), 0, NULL);
    assert_true(json_object_size(json_object_get(schema, "properties")) > 20);
    compare_schema(r, root, schema, json, "");
    json_decref(root);
    json_decref(json);
    free(text);
    jopa_result_free(r);
}

static void a_list_of_audits(void **state) {
    (void)state;
    jopa_result *list = NULL;
    for (int i = 0; i < 3; i++) {
        jopa_result *r = fixture_everything();
        free(r->command);
        r->command = strdup("audit");
        assert_int_equal(jopa_audit_join(&list, r, NULL), JOPA_OK);
    }
    compare_result(list);
    assert_int_equal(jopa_result_size(list, -1, "triggers"), 2);
    assert_string_equal(jopa_result_text(list, -1, "triggers.1.text"), "patient");
    assert_string_equal(jopa_result_text(list, -1, "triggers.1.unit"), "word");
    jopa_result_free(list);
}

/* ---- paths that lead nowhere ---------------------------------------------------------------------------------------
 */

static const char *const nowhere[] = {
    "unit.",
    ".unit",
    ".",
    "units.10.text",
    "units.-1",
    "units.01x",
    "units.",
    "units.3.",
    "units.3.nothing",
    "cost.evaluations.1",
    "selected.2",
    "response.target.2",
    "metrics.prob.",
    "metrics.nothing",
    "options.k.1",
    "units.99999999999999999999",
    "units. 3",
    "masked_response.text.0",
    "nothing",
    "schema.1",
    "results",
};

static void paths_that_lead_nowhere(void **state) {
    (void)state;
    jopa_result *r = fixture_everything();
    double       number = 5;
    int64_t      whole = 5;
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        jopa_error e = {0};
        if (jopa_result_kind(r, 0, nowhere[i])) fail_msg("\"%s\" leads somewhere", nowhere[i]);
        assert_int_equal(jopa_result_number(r, 0, nowhere[i], &number, &e), JOPA_ERROR_INPUT);
        assert_non_null(strstr(e.message, nowhere[i]));
        assert_int_equal(jopa_result_integer(r, 0, nowhere[i], &whole, NULL), JOPA_ERROR_INPUT);
        assert_null(jopa_result_text(r, 0, nowhere[i]));
        assert_int_equal(jopa_result_size(r, 0, nowhere[i]), -1);
        assert_null(jopa_result_name(r, 0, nowhere[i], 0));
    }
    assert_int_equal(jopa_result_number(r, 0, "unit", &number, NULL), JOPA_ERROR_INPUT);
    assert_int_equal(jopa_result_number(r, 0, "units", &number, NULL), JOPA_ERROR_INPUT);
    assert_int_equal(jopa_result_integer(r, 0, "log_prob.drop", &whole, NULL), JOPA_ERROR_INPUT);
    assert_int_equal(jopa_result_integer(r, 0, "units.7.score", &whole, NULL), JOPA_ERROR_INPUT);
    assert_true(number == 5 && whole == 5);
    assert_int_equal(jopa_result_kind(r, 1, "unit"), JOPA_KIND_NONE);
    assert_int_equal(jopa_result_kind(r, -2, "unit"), JOPA_KIND_NONE);
    jopa_result_free(r);
}

static void names_with_full_stops(void **state) {
    (void)state;
    jopa_result    *r = fixture_result();
    jp_explanation *x = &r->items[0];
    double          number = 0;
    free(x->metrics[0].name);
    x->metrics[0].name = strdup("perplexity.log"); /* beside "perplexity" */
    compare_result(r);
    assert_int_equal(jopa_result_number(r, 0, "metrics.prob.perplexity", &number, NULL), JOPA_OK);
    assert_true(number == 2.5);
    jopa_result_free(r);
}

static void nothing_fails_on_null(void **state) {
    (void)state;
    jopa_result *r = fixture_result(), *none = NULL;
    jopa_error   e = {0};
    double       number = 5;
    assert_int_equal(jopa_result_kind(NULL, 0, "unit"), JOPA_KIND_NONE);
    assert_int_equal(jopa_result_kind(r, 0, NULL), JOPA_KIND_NONE);
    assert_int_equal(jopa_result_number(NULL, 0, NULL, &number, &e), JOPA_ERROR_INPUT);
    assert_int_equal(jopa_result_number(r, 0, "k", NULL, NULL), JOPA_OK);
    assert_int_equal(jopa_result_integer(r, 0, "k", NULL, NULL), JOPA_OK);
    assert_null(jopa_result_text(NULL, 0, "unit"));
    assert_int_equal(jopa_result_size(r, 0, NULL), -1);
    assert_null(jopa_result_name(NULL, -1, "", 0));
    assert_int_equal(jopa_result_count(NULL), 0);
    assert_null(jopa_result_selected(NULL, 0, NULL));
    assert_non_null(jopa_result_selected(r, 0, NULL));
    assert_false(jopa_result_interrupted(NULL));
    assert_null(jopa_result_render(NULL, "text", NULL, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    char *text = jopa_result_render(r, NULL, NULL, NULL, &e), *same = fixture_render(r, "text", 80, false, false);
    assert_string_equal(text, same);
    assert_int_equal(jopa_result_parse(&none, NULL, 0, &e), JOPA_ERROR_USAGE);
    jopa_free(text);
    jopa_free(same);
    jopa_free(NULL);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_results),           cmocka_unit_test(made_results),
        cmocka_unit_test(a_list_of_audits),        cmocka_unit_test(the_schema_the_fixture_and_the_accessors_agree),
        cmocka_unit_test(paths_that_lead_nowhere), cmocka_unit_test(names_with_full_stops),
        cmocka_unit_test(nothing_fails_on_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
