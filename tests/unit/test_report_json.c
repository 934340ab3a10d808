/* The contract: what is written is read back, and nothing else is. */
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

#include "base/number.h"
#include "report/report.h"
#include "report_fixture.h"

static const char *const formats[] = {"text", "json", "html", "svg", "csv", "markdown"};

static jopa_result *parse(const char *json) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    if (jopa_result_parse(&r, json, strlen(json), &e)) fail_msg("%s", e.message);
    return r;
}

static void all_formats_are_listed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        assert_string_equal(jp_format_find(formats[i])->name, formats[i]);
    for (int i = 0; jp_format_at(i); i++) assert_true(jp_format_find(jp_format_at(i)->name) == jp_format_at(i));
    assert_null(jp_format_at(-1));
    assert_null(jp_format_find("pdf"));
    jopa_error   e = {0};
    jopa_result *r = fixture_result();
    assert_null(jopa_result_render(r, "pdf", NULL, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    jopa_result_free(r);
}

static void same_reports(jopa_result *r) {
    char        *json = fixture_render(r, "json", 0, false, false);
    jopa_result *again = parse(json);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char *direct = fixture_render(r, formats[i], 60, true, true),
             *saved = fixture_render(again, formats[i], 60, true, true);
        assert_string_equal(direct, saved);
        free(direct);
        free(saved);
    }
    free(json);
    jopa_result_free(again);
    jopa_result_free(r);
}

static void a_saved_result_gives_the_same_reports(void **state) {
    (void)state;
    same_reports(fixture_result());
    same_reports(fixture_comparison());
    same_reports(fixture_everything());
    same_reports(fixture_citing());
}

static void results_without_the_later_members_are_read(void **state) {
    (void)state;
    jopa_result *r =
        parse("{\"schema\":1,\"command\":\"explain\",\"method\":\"m\",\"new\":[1],\"prompt\":{\"text\":\"a b\"},"
              "\"response\":{\"text\":\"\"},\"units\":[{\"text\":\"a\",\"start\":0,\"end\":1}],"
              "\"selected\":[0],\"log_prob\":{\"drop\":1}}");
    jp_explanation *x = &r->items[0];
    assert_true(isnan(x->units[0].score) && isnan(x->log_prob.full) && isnan(x->cost.seconds));
    assert_true(x->units[0].selected);
    assert_null(x->masked_response);
    assert_false(x->joint.present);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) free(fixture_render(r, formats[i], 30, false, true));
    jopa_result_free(r);
}

static void members_have_the_contract_s_names_and_types(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *text = fixture_render(r, "json", 0, false, false);
    json_t      *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *prompt = json_object_get(json, "prompt");
    static const char *const names[] = {
        "schema",   "version", "command",         "model",    "engine", "template", "method",  "operator",
        "unit",     "seed",    "prompt",          "response", "units",  "selected", "k",       "sparsity",
        "log_prob", "joint",   "masked_response", "metrics",  "trace",  "cost",     "stopped",
    };
    assert_int_equal(json_object_size(json), sizeof names / sizeof *names);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!json_object_get(json, names[i])) fail_msg("%s is missing", names[i]);
    assert_string_equal(json_string_value(json_object_get(json, "seed")), "18446744073709551615");
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(prompt, "tokens"), 0), "unit")));
    json_t *unit = json_array_get(json_object_get(json, "units"), 7);
    assert_true(json_is_null(json_object_get(unit, "score")));
    assert_int_equal(json_integer_value(json_object_get(unit, "index")), 7);
    assert_float_equal(
        json_real_value(json_object_get(json_object_get(json_object_get(json, "metrics"), "prob"), "perplexity")), 2.5,
        0);
    assert_int_equal(
        json_integer_value(json_array_get(json_object_get(json_object_get(json, "response"), "target"), 1)), 8);
    json_decref(json);
    free(text);
    jopa_result_free(r);
}

static void numbers_are_short_and_exact(void **state) {
    (void)state;
    static const struct {
        double      value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},   {-2, "-2"},         {1e300, "1e+300"},  {1.0 / 3, "0.3333333333333333"},
        {NAN, "null"},  {INFINITY, "null"}, {0, "0"},           {250, "250"},
        {1000, "1000"}, {999.5, "999.5"},   {5e-324, "5e-324"}, {123456789.125, "123456789.125"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jp_buffer out = {0};
        jp_put_exact(&out, cases[i].value);
        assert_string_equal(out.data, cases[i].text);
        jp_buffer_free(&out);
    }
}

static void assert_refused(const char *json, size_t size, const char *part) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    assert_int_equal(jopa_result_parse(&r, json, size, &e), JOPA_ERROR_INPUT);
    assert_null(r);
    if (!strstr(e.message, part)) fail_msg("\"%s\" does not say \"%s\"", e.message, part);
    for (const char *p = e.message; *p; p++) assert_true((unsigned char)*p >= 0x20);
}

static void other_documents_are_refused_in_one_line(void **state) {
    (void)state;
    static const struct {
        const char *json, *part;
    } cases[] = {
        {"", "empty"},
        {"hello", "no JSON"},
        {"{\"schema\":", "ends too early"},
        {"[]", "not a JSON object"},
        {"{}", "no \"schema\""},
        {"{\"schema\":2}", "schema 2, this version reads schema 1"},
        {"{\"schema\":\"1\"}", "no \"schema\" number"},
        {"{\"schema\":1}", "\"command\" is missing"},
        {"{\"schema\":1,\"command\":\"compare\",\"results\":[]}", "\"results\""},
        {"{\"schema\":1,\"command\":\"compare\",\"results\":[3]}", "\"results[0]\" should be an object"},
        {"{\"schema\":1,\"schema\":1}", "no JSON"},
        {"{\"a\x01\":1}", "no JSON"},
        {"{\"schema\":1,\"command\":\"explain\"}", "\"method\" is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].json, strlen(cases[i].json), cases[i].part);
    assert_refused("{\"schema\":1}\0", 13, "no JSON");
    assert_refused("{\"a\":\"\xff\"}", 9, "no JSON");
    assert_refused("{\"a\":\x1b[31m}", 11, "no JSON"); /* nothing of it reaches a terminal: assert_refused looks */
}

/* The fixture's JSON with the first `from` replaced by `to` is refused. */
static void assert_change_refused(const char *json, const char *from, const char *to, const char *part) {
    const char *at = strstr(json, from);
    if (!at) fail_msg("%s is not in the result", from);
    char *changed = calloc(1, strlen(json) + strlen(to) + 1);
    memcpy(changed, json, (size_t)(at - json));
    strcat(changed, to);
    strcat(changed, at + strlen(from));
    assert_refused(changed, strlen(changed), part);
    free(changed);
}

static void what_points_elsewhere_is_refused(void **state) {
    (void)state;
    jopa_result *r = fixture_result();
    char        *json = fixture_render(r, "json", 0, false, false);
    assert_change_refused(json, "\"selected\": [2, 6]", "\"selected\": [6, 2]", "ascending order");
    assert_change_refused(json, "\"selected\": [2, 6]", "\"selected\": [2, 99]", "ascending order");
    assert_change_refused(json, "\"selected\": [2, 6]", "\"selected\": [-1]", "ascending order");
    assert_change_refused(json, "\"selected\": [2, 6]", "\"selected\": [2.5]",
                          "\"selected[0]\" should be a whole number");
    assert_change_refused(json, "\"target\": [0, 8]", "\"target\": [0, 80]", "\"target\" lies outside");
    assert_change_refused(json, "\"target\": [0, 8]", "\"target\": [0]", "should be two numbers");
    assert_change_refused(json, "\"start\": 3", "\"start\": 300", "message 0");
    assert_change_refused(json, "\"start\": 3", "\"start\": -3", "out of range");
    assert_change_refused(json, "\"unit\": 0", "\"unit\": 10", "prompt token 2");
    assert_change_refused(json, "{\"unit\": 2, \"drop_without\"", "{\"unit\": 10, \"drop_without\"",
                          "\"joint\" names a unit");
    assert_change_refused(json, "\"first\": 2", "\"first\": 10", "\"joint\" names a unit");
    assert_change_refused(json, "\"role\": \"system\"", "\"role\": 7",
                          "\"prompt.messages[0].role\" should be a string");
    assert_change_refused(json, "\"seed\": \"18446744073709551615\"", "\"seed\": \"1x\"",
                          "\"seed\" should be a whole number");
    assert_change_refused(json, "\"bleu\": null", "\"bleu\": \"high\"", "\"metrics.words.bleu\" should be a number");
    assert_change_refused(json, "\"selected\": true", "\"selected\": 1", "should be true or false");
    free(json);
    jopa_result_free(r);
}

static void later_members_that_point_elsewhere_are_refused(void **state) {
    (void)state;
    jopa_result *r = fixture_everything();
    char        *json = fixture_render(r, "json", 0, false, false);
    assert_change_refused(json, "\"k\": \"2\"", "\"k\": 2", "\"options.k\" should be a string");
    assert_change_refused(json, "{\"unit\": \"word\", \"k\"", "[\"k\"], \"o\": {\"k\"",
                          "\"options\" should be an object");
    assert_change_refused(json, "\"sentences\": [\n    {\"first\": 0, \"last\": 4}",
                          "\"sentences\": [\n    {\"first\": 0, \"last\": 5}", "\"matrix\" does not fit");
    assert_change_refused(json, "{\"units\": [4], \"drop\": null", "{\"units\": [5], \"drop\": null",
                          "\"matrix\" does not fit");
    assert_change_refused(json, "{\"target\": \"sentence:1\", \"units\": [2]",
                          "{\"target\": \"sentence:1\", \"units\": [10]", "\"matrix\" does not fit");
    assert_change_refused(json, "\"sentences\": [1, 1]", "\"sentences\": [1]", "\"matrix\" does not fit");
    assert_change_refused(json, "\"low\": [0.0625, ", "\"low\": [", "has 9 frequencies for 10 units");
    assert_change_refused(json, "{\"units\": [2, 8]", "{\"units\": [8, 2]", "\"stability.near\" names a unit");
    assert_change_refused(json, "\"recalled\": 7", "\"recalled\": 7.5", "\"cost.recalled\" should be a whole number");
    free(json);
    jopa_result_free(r);
}

/* Damaged files never crash a reader or a report (meant for the sanitizers). */
static void try_damaged(const char *json, size_t size) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    char        *exact = malloc(size ? size : 1); /* no byte more, so that reading too far shows */
    memcpy(exact, json, size);
    if (!jopa_result_parse(&r, exact, size, &e))
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
            free(jopa_result_render(r, formats[i], NULL, NULL, &e));
    else assert_true(e.code == JOPA_ERROR_INPUT && *e.message);
    jopa_result_free(r);
    free(exact);
}

static void damaged_files_are_refused_or_shown(void **state) {
    (void)state;
    static const char signs[] = "09{}[]\",:-ex ";
    jopa_result      *r = fixture_result();
    char             *json = fixture_render(r, "json", 0, false, false);
    size_t            size = strlen(json);
    for (size_t cut = 0; cut < size; cut += 7) try_damaged(json, cut);
    uint32_t random = 1;
    for (int i = 0; i < 1500; i++) {
        random = random * 1664525u + 1013904223u;
        size_t at = (random >> 8) % size;
        char   before = json[at];
        json[at] = signs[random % (sizeof signs - 1)];
        try_damaged(json, size);
        json[at] = before;
    }
    free(json);
    jopa_result_free(r);
}

static void accessors(void **state) {
    (void)state;
    jopa_result *r = fixture_comparison();
    int          n = 0;
    assert_int_equal(jopa_result_count(r), 2);
    assert_string_equal(jopa_result_method(r, 1), "random");
    assert_float_equal(jopa_result_drop(r, 1), 4, 0);
    const int *selected = jopa_result_selected(r, 1, &n);
    assert_int_equal(n, 2);
    assert_int_equal(selected[1], 8);
    assert_int_equal(jopa_result_units(r, 0), 10);
    assert_string_equal(jopa_result_unit_text(r, 0, 2), "doctor");
    assert_null(jopa_result_unit_text(r, 0, 10));
    assert_null(jopa_result_method(r, 2));
    assert_null(jopa_result_selected(r, -1, &n));
    assert_int_equal(n, 0);
    assert_false(jopa_result_interrupted(r));
    free(r->items[1].stopped);
    r->items[1].stopped = strdup("interrupted");
    assert_true(jopa_result_interrupted(r));
    jopa_result_free(r);
    jopa_result_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_formats_are_listed),
        cmocka_unit_test(a_saved_result_gives_the_same_reports),
        cmocka_unit_test(results_without_the_later_members_are_read),
        cmocka_unit_test(members_have_the_contract_s_names_and_types),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(other_documents_are_refused_in_one_line),
        cmocka_unit_test(what_points_elsewhere_is_refused),
        cmocka_unit_test(later_members_that_point_elsewhere_are_refused),
        cmocka_unit_test(damaged_files_are_refused_or_shown),
        cmocka_unit_test(accessors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
