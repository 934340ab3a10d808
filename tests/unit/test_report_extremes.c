/* Whatever finite numbers a result holds, every report of it ends at once. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asked.h"
#include "base/clock.h"
#include "base/random.h"
#include "bench/tables.h"
#include "report/report.h"
#include "report_fixture.h"
#include "result/json-fields.h"
#include "result/member.h"

enum { ROUNDS = 150, HANGS_AFTER = 60 };

/* ---- numbers -------------------------------------------------------------------------------------------------------
 */

/* mood 0: any of these, 1: huge ones, 2: tiny ones, 3: any bits that are a finite number */
static double extreme_real(jp_random *r, int mood) {
    static const double reals[] = {DBL_MAX, -DBL_MAX, 1e308, -1e308, 5e-324, -5e-324, DBL_MIN, 1e-310,
                                   0,       -0.0,     1,     -1,     1e15,   -1e21,   1e-15,   NAN};
    double              value = NAN;
    if (mood == 0) return reals[jp_random_below(r, sizeof reals / sizeof *reals)];
    if (mood == 1) return reals[jp_random_below(r, 4)];
    if (mood == 2) return reals[4 + jp_random_below(r, 4)];
    while (!isfinite(value)) {
        uint64_t bits = jp_random_next(r);
        memcpy(&value, &bits, sizeof value);
    }
    return value;
}

static int64_t extreme_whole(jp_random *r, int64_t most) {
    const int64_t wholes[] = {0, 1, 2, most, most - 1, most / 2};
    return wholes[jp_random_below(r, sizeof wholes / sizeof *wholes)];
}

static bool is_index(const char *name) {
    static const char *const indices[] = {"unit", "first", "second", "last", "document_index"};
    bool                     found = false;
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) found = found || !strcmp(name, indices[i]);
    return found;
}

static void fill_fields(const jp_field *fields, char *base, jp_random *r, int mood);

static void fill_field(const jp_field *f, char *base, jp_random *r, int mood) {
    int               n = f->count ? jp_load_int(base, f->count) : 0;
    char             *rows = n ? jp_load_array(base, f->offset) : NULL;
    jp_result_metric *metrics = f->kind == JP_FIELD_METRICS ? (jp_result_metric *)(void *)rows : NULL;
    if (f->kind == JP_FIELD_REAL) jp_store_real(base, f->offset, extreme_real(r, mood));
    if (f->kind == JP_FIELD_I64) jp_store_i64(base, f->offset, extreme_whole(r, INT64_MAX));
    if (f->kind == JP_FIELD_INT && !is_index(f->name))
        jp_store_int(base, f->offset, (int)extreme_whole(r, INT32_MAX - 1));
    if (f->kind == JP_FIELD_OBJECT) fill_fields(f->fields, base, r, mood);
    for (int i = 0; i < n; i++) {
        if (f->kind == JP_FIELD_ROWS) fill_fields(f->fields, rows + (size_t)i * f->stride, r, mood);
        if (f->kind == JP_FIELD_REALS) jp_store_real(rows, (size_t)i * sizeof(double), extreme_real(r, mood));
        if (metrics) metrics[i].value = extreme_real(r, mood);
    }
}

static void fill_fields(const jp_field *fields, char *base, jp_random *r, int mood) {
    for (; fields->name; fields++) fill_field(fields, base, r, mood);
}

/* ---- reports -------------------------------------------------------------------------------------------------------
 */

static void render_all(const jopa_result *r) {
    for (int i = 0; jp_format_at(i); i++) {
        const char   *format = jp_format_at(i)->name;
        jopa_error    e = {0};
        jopa_options *o = asked("render", "width", "60", "color", i % 2 ? "always" : "never", "scores", "true", NULL);
        double        from = jp_seconds();
        char         *text = jopa_result_render(r, format, o, NULL, &e);
        jopa_options_free(o);
        if (!text && e.code != JOPA_ERROR_USAGE) fail_msg("%s: %s", format, e.message);
        if (text) assert_null(strstr(text, "=\"nan"));
        if (jp_seconds() - from > 1) fail_msg("%s took %g s", format, jp_seconds() - from);
        jopa_free(text);
    }
}

/* As it is, and as it comes back from its JSON. */
static void render_twice(jopa_result *r) {
    jopa_result *again = NULL;
    jopa_error   e = {0};
    char        *json = fixture_render(r, "json", 0, false, false);
    if (jopa_result_parse(&again, json, strlen(json), &e)) fail_msg("%s", e.message);
    alarm(HANGS_AFTER);
    render_all(r);
    render_all(again);
    alarm(0);
    free(json);
    jopa_result_free(again);
    jopa_result_free(r);
}

static void every_report_ends(void **state) {
    (void)state;
    jp_random random;
    jp_random_seed(&random, 1);
    for (int round = 0; round < ROUNDS; round++) {
        jopa_result *r = round % 3 == 0   ? fixture_comparison()
                         : round % 3 == 1 ? fixture_result()
                         : round % 2      ? fixture_everything()
                                          : fixture_citing();
        for (int i = 0; i < r->n_items; i++)
            fill_fields(jp_json_explanation, (char *)&r->items[i], &random, round / 3 % 4);
        if (round % 3 == 2) { /* the text report is of one of them */
            r->items[0].audit.present = round % 2;
            r->items[0].compression.present = round % 5;
        }
        render_twice(r);
    }
}

static void a_trace_from_one_end_to_the_other(void **state) {
    (void)state;
    static const double ends[][2] = {{-1e308, 1e308}, {1e308, -1e308}, {0, 5e-324}, {-5e-324, 5e-324}, {1e300, 1e301}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        jopa_result *r = fixture_result();
        r->items[0].trace[0].drop = ends[i][0];
        r->items[0].trace[1].drop = ends[i][1];
        render_twice(r);
    }
}

/* ---- tables of a benchmark -----------------------------------------------------------------------------------------
 */

static void add_record(jp_records *records, int prompt, const char *label, jp_random *random, int mood) {
    char      id[16] = {(char)('a' + prompt)};
    jp_record made = {.id = strdup(id), .task = strdup(prompt % 2 ? "odd" : "even"), .label = strdup(label)};
    made.result = fixture_everything();
    fill_fields(jp_json_explanation, (char *)made.result->items, random, mood);
    records->items[records->n++] = made;
}

static void every_table_ends(void **state) {
    (void)state;
    static const jp_bench_format *const formats[] = {&jp_bench_text, &jp_bench_markdown, &jp_bench_csv, &jp_bench_json,
                                                     &jp_bench_html};
    jp_random                           random;
    jp_random_seed(&random, 2);
    for (int round = 0; round < 24; round++) {
        jp_records records = {.items = calloc(12, sizeof *records.items), .settings = json_object()};
        jp_tables  tables = {0};
        for (int i = 0; i < 12; i++)
            add_record(&records, i / 3, i % 3 ? i % 3 == 1 ? "random@0.2" : "random" : "jopa", &random, round % 4);
        alarm(HANGS_AFTER);
        assert_int_equal(jp_tables_make(&tables, &records, NULL), JP_OK);
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
            jp_buffer out = {0};
            assert_int_equal(formats[i]->write(&tables, &out, NULL), JP_OK);
            jp_buffer_free(&out);
        }
        alarm(0);
        jp_tables_free(&tables);
        jp_records_free(&records);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_from_one_end_to_the_other),
        cmocka_unit_test(every_report_ends),
        cmocka_unit_test(every_table_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
