/* Formats "text" and "markdown": one table a measure, methods down, tasks across. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/grid.h"
#include "report/label.h"
#include "base/ascii.h"
#include "base/number.h"
#include "base/unseen.h"

/* ---- cells
 * -------------------------------------------------------------------------------------------------------------- */

void jp_bench_put_interval(jp_buffer *out, double mean, double low, double high) {
    if (!isfinite(mean)) return;
    jp_put_figure(out, mean);
    if (!isfinite(low) || low == high) return;
    jp_buffer_text(out, " [");
    jp_put_figure(out, low);
    jp_buffer_text(out, ", ");
    jp_put_figure(out, high);
    jp_buffer_text(out, "]");
}

void jp_bench_put_cell(jp_buffer *out, const jp_bench_cell *c, bool ratio) {
    if (ratio) {
        jp_bench_put_interval(out, c->ratio, c->ratio_low, c->ratio_high);
        return;
    }
    jp_bench_put_interval(out, c->mean, c->low, c->high);
    if (isfinite(c->wins)) jp_buffer_format(out, "  %.0f %%", 100 * c->wins);
}

int jp_bench_count(const jp_tables *t, int task) {
    int n = 0;
    for (int m = 0; m < t->n_methods; m++) {
        int here = jp_tables_cell(t, 0, m, task)->n;
        if (here > n) n = here;
    }
    return n;
}

void jp_bench_put_title(jp_buffer *out, const jp_measure *m, bool ratio) {
    jp_buffer_text(out, m->title);
    if (ratio) jp_buffer_text(out, ", as a share of jopa's");
    else if (m->better) jp_buffer_text(out, m->better > 0 ? " (larger is better)" : " (smaller is better)");
}

static void put_setting(jp_buffer *out, const json_t *settings, const char *key, const char *before) {
    const json_t *value = json_object_get(settings, key);
    char *text = value && !json_is_string(value) ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) : NULL;
    if (value && !json_is_string(value) && !text) out->failed = true;
    if (value)
        jp_buffer_format(out, "%s%s", before, json_is_string(value) ? json_string_value(value) : text ? text : "");
    free(text);
}

void jp_bench_put_setup(jp_buffer *out, const jp_tables *t) {
    const json_t *s = t->records->settings;
    jp_put_model(out, &t->records->items[0].result->items[0]);
    jp_buffer_format(out, " \xc2\xb7 %d prompts", jp_bench_count(t, t->n_tasks - 1));
    put_setting(out, s, "unit", " \xc2\xb7 unit ");
    put_setting(out, s, "operator", " \xc2\xb7 operator ");
    if (json_integer_value(json_object_get(s, "units")) > 0) put_setting(out, s, "units", " \xc2\xb7 units ");
    else put_setting(out, s, "sparsity", " \xc2\xb7 sparsity ");
    if (json_real_value(json_object_get(s, "budget_per_unit")) > 0)
        put_setting(out, s, "budget_per_unit", " \xc2\xb7 evaluations per unit at most ");
    else if (json_integer_value(json_object_get(s, "budget")) > 0)
        put_setting(out, s, "budget", " \xc2\xb7 evaluations at most ");
    put_setting(out, s, "max_tokens", " \xc2\xb7 response of at most ");
    put_setting(out, s, "seed", " tokens \xc2\xb7 seed ");
}

/* ---- tables
 * ------------------------------------------------------------------------------------------------------------- */

/* Names come from data and results. */
static void put_name(jp_buffer *out, const char *name, bool markdown) {
    jp_buffer line = {0};
    jp_buffer_text(&line, "");
    jp_put_seen(&line, name, strlen(name));
    for (size_t i = 0; i < line.size && !line.failed; i++)
        if (jp_ascii_is_space(line.data[i])) line.data[i] = ' ';
    if (line.failed) out->failed = true;
    for (size_t i = 0; i < line.size && !line.failed; i++) {
        if (markdown && strchr("\\`*_{}[]<>&|~$", line.data[i])) jp_buffer_text(out, "\\");
        jp_buffer_bytes(out, line.data + i, 1);
    }
    jp_buffer_free(&line);
}

static void put_table_bench_text(jp_buffer *out, const jp_tables *t, int measure, bool ratio, bool markdown) {
    jp_grid g = {0};
    jp_buffer_text(out, markdown ? "\n### " : "\n");
    jp_bench_put_title(out, &t->measures.items[measure], ratio);
    jp_buffer_text(out, markdown ? "\n\n" : "\n");
    if (!jp_grid_init(&g, t->n_methods + 1 - ratio, t->n_tasks + 1)) {
        out->failed = true;
        return;
    }
    jp_buffer_text(jp_grid_cell(&g, 0, 0), "method");
    for (int task = 0; task < t->n_tasks; task++) {
        put_name(jp_grid_cell(&g, 0, task + 1), t->tasks[task], markdown);
        jp_buffer_format(jp_grid_cell(&g, 0, task + 1), " (%d)", jp_bench_count(t, task));
    }
    for (int m = ratio; m < t->n_methods; m++) {
        int row = m + 1 - ratio;
        put_name(jp_grid_cell(&g, row, 0), t->methods[m], markdown);
        for (int task = 0; task < t->n_tasks; task++)
            jp_bench_put_cell(jp_grid_cell(&g, row, task + 1), jp_tables_cell(t, measure, m, task), ratio);
    }
    jp_grid_put(&g, out, markdown);
    jp_grid_free(&g);
}

static int write_tables(const jp_tables *t, jp_buffer *out, bool markdown, jopa_error *e) {
    jp_buffer setup = {0};
    jp_bench_put_setup(&setup, t);
    put_name(out, setup.data ? setup.data : "", false);
    out->failed |= setup.failed;
    jp_buffer_free(&setup);
    jp_buffer_text(out, markdown ? "\n\nMean [95 % bootstrap interval]" : "\nmean [95 % bootstrap interval]");
    if (t->has_baseline) jp_buffer_text(out, ", share of the prompts on which the method beats jopa (ties count half)");
    jp_buffer_text(out, markdown ? ".\n" : "\n");
    for (int m = 0; m < t->measures.n; m++) {
        put_table_bench_text(out, t, m, false, markdown);
        if (m == 0 && t->has_baseline && t->n_methods > 1) put_table_bench_text(out, t, m, true, markdown);
    }
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

static int write_text_bench_text(const jp_tables *t, jp_buffer *out, jopa_error *e) {
    return write_tables(t, out, false, e);
}
static int write_markdown_bench_text(const jp_tables *t, jp_buffer *out, jopa_error *e) {
    return write_tables(t, out, true, e);
}

const jp_bench_format jp_bench_text = {"text", write_text_bench_text};
const jp_bench_format jp_bench_markdown = {"markdown", write_markdown_bench_text};
