/* Formats "csv" (one row a cell) and "json" for other programs. */
#include <stdlib.h>

#include "bench/grid.h"
#include "base/number.h"
#include "report/cell.h"

/* ---- csv: RFC 4180
 * -------------------------------------------------------------------------------------------------------- */

static void put_numbers(jp_buffer *out, const jp_bench_cell *c, const char *before, const char *null) {
    const double values[] = {c->mean, c->low, c->high, c->wins, c->ratio, c->ratio_low, c->ratio_high};
    for (int i = 0; i < 7; i++) {
        jp_buffer number = {0};
        jp_put_exact(&number, values[i]);
        jp_buffer_text(out, before);
        if (number.failed) out->failed = true;
        else jp_buffer_text(out, number.data[0] == 'n' ? null : number.data);
        jp_buffer_free(&number);
    }
}

static int write_csv_bench_data(const jp_tables *t, jp_buffer *out, jopa_error *e) {
    jp_buffer_text(out, "measure,task,method,prompts,mean,low,high,wins,ratio,ratio_low,ratio_high\r\n");
    for (int m = 0; m < t->measures.n; m++) {
        for (int i = 0; i < t->n_tasks * t->n_methods; i++) {
            int                  task = i / t->n_methods, method = i % t->n_methods;
            const jp_bench_cell *c = jp_tables_cell(t, m, method, task);
            jp_put_cell(out, t->measures.items[m].key);
            jp_buffer_text(out, ",");
            jp_put_cell(out, t->tasks[task]);
            jp_buffer_text(out, ",");
            jp_put_cell(out, t->methods[method]);
            jp_buffer_format(out, ",%d", c->n);
            put_numbers(out, c, ",", "");
            jp_buffer_text(out, "\r\n");
        }
    }
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

/* ---- json
 * ------------------------------------------------------------------------------------------------------------------ */

/* null for what is not finite */
static json_t *number_bench_data(double value) {
    json_t *made = json_real(value);
    return made ? made : json_null();
}

static json_t *cell_json(const jp_tables *t, int measure, int method, int task) {
    const jp_bench_cell *c = jp_tables_cell(t, measure, method, task);
    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "task", t->tasks[task], "method",
                     t->methods[method], "prompts", c->n, "mean", number_bench_data(c->mean), "low",
                     number_bench_data(c->low), "high", number_bench_data(c->high), "wins", number_bench_data(c->wins),
                     "ratio", number_bench_data(c->ratio), "ratio_low", number_bench_data(c->ratio_low), "ratio_high",
                     number_bench_data(c->ratio_high));
}

static json_t *table_json(const jp_tables *t, int measure) {
    static const char *const better[] = {"smaller", "neither", "larger"};
    const jp_measure        *m = &t->measures.items[measure];
    json_t                  *rows = json_array();
    for (int i = 0; i < t->n_tasks * t->n_methods; i++)
        if (json_array_append_new(rows, cell_json(t, measure, i % t->n_methods, i / t->n_methods)))
            return json_decref(rows), NULL;
    return json_pack("{s:s, s:s, s:s, s:o}", "measure", m->key, "title", m->title, "better", better[m->better + 1],
                     "rows", rows);
}

static int write_json_bench_data(const jp_tables *t, jp_buffer *out, jopa_error *e) {
    json_t *tables = json_array();
    bool    fine = tables;
    for (int m = 0; m < t->measures.n && fine; m++) fine = !json_array_append_new(tables, table_json(t, m));
    json_t *root = fine ? json_pack("{s:i, s:s, s:s, s:O, s:s?, s:O}", "schema", 1, "version", JOPA_VERSION, "command",
                                    "bench", "settings", t->records->settings, "baseline",
                                    t->has_baseline ? t->methods[0] : NULL, "tables", tables)
                        : NULL;
    char   *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    if (text) jp_buffer_format(out, "%s\n", text);
    free(text);
    json_decref(root);
    json_decref(tables);
    return text && !out->failed ? JP_OK : jp_fail_memory(e);
}

const jp_bench_format jp_bench_csv = {"csv", write_csv_bench_data};
const jp_bench_format jp_bench_json = {"json", write_json_bench_data};
