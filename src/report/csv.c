/* Format "csv" (RFC 4180): a row for each unit and method; of a result with a matrix, that. */
#include <math.h>

#include "report/cell.h"
#include "report/formats.h"
#include "report/label.h"
#include "base/number.h"

static void put_number(jp_buffer *out, double value) {
    jp_buffer_text(out, ",");
    if (isfinite(value)) jp_put_exact(out, value);
}

static double drop_without_csv(const jp_explanation *x, int unit) {
    for (int i = 0; i < x->joint.n_necessary; i++)
        if (x->joint.necessary[i].unit == unit) return x->joint.necessary[i].drop_without;
    return NAN;
}

static void put_unit(jp_buffer *out, const jp_explanation *x, int unit) {
    const jp_result_unit *u = &x->units[unit];
    jp_put_cell(out, jp_explanation_label(x));
    jp_buffer_format(out, ",%d,", unit);
    jp_put_cell(out, u->text);
    jp_buffer_text(out, ",");
    jp_put_cell(out, u->role ? u->role : "");
    jp_buffer_format(out, ",%zu,%zu,%d", u->start, u->end, u->selected);
    put_number(out, u->score);
    put_number(out, u->probability);
    put_number(out, drop_without_csv(x, unit));
    jp_buffer_text(out, "\r\n");
}

/* A method that could not run has one row, without a unit, that says so. */
static void put_units_csv(jp_buffer *out, const jp_explanation *x) {
    jp_buffer why = {0};
    for (int u = 0; u < x->n_units && !x->failed; u++) put_unit(out, x, u);
    if (!x->failed) return;
    jp_put_selection(&why, x);
    jp_put_cell(out, jp_explanation_label(x));
    jp_buffer_text(out, ",,");
    if (why.failed) out->failed = true;
    else jp_put_cell(out, why.data);
    jp_buffer_text(out, ",,,,0,,,\r\n");
    jp_buffer_free(&why);
}

/* ---- a matrix -----------------------------------------------------------------------------------------------------
 */

/* "0: The": its place makes a column's name the only one, and keeps it from being a formula. */
static void put_matrix_head(jp_buffer *out, const jp_explanation *x) {
    jp_buffer_text(out, "row,units,text,selected,drop");
    for (int i = 0; i < x->matrix.n_sentences; i++) jp_buffer_format(out, ",sentence:%d", i + 1);
    for (int t = 0; t < x->n_response_tokens; t++) {
        jp_buffer name = {0};
        jp_buffer_format(&name, "%d:%s", t, x->response_tokens[t].text);
        jp_buffer_text(out, ",");
        if (name.failed) out->failed = true;
        else jp_put_cell(out, name.data);
        jp_buffer_free(&name);
    }
    jp_buffer_text(out, "\r\n");
}

/* The units' numbers as `hide` takes them, and their texts. */
static void put_matrix_units(jp_buffer *out, const jp_explanation *x, const jp_result_loss *l) {
    jp_buffer units = {0}, texts = {0};
    jp_buffer_text(&units, "");
    jp_buffer_text(&texts, "");
    for (int i = 0; i < l->n_units; i++) {
        jp_buffer_format(&units, "%s%d", i ? "," : "", l->units[i]);
        jp_buffer_text(&texts, x->units[l->units[i]].text);
    }
    if (units.failed || texts.failed) out->failed = true;
    else {
        jp_put_cell(out, units.data);
        jp_buffer_text(out, ",");
        jp_put_cell(out, texts.data);
    }
    jp_buffer_free(&units);
    jp_buffer_free(&texts);
}

static void put_matrix_row_csv(jp_buffer *out, const jp_explanation *x, const jp_result_loss *l, const char *name,
                               bool selected) {
    jp_put_cell(out, name);
    jp_buffer_text(out, ",");
    put_matrix_units(out, x, l);
    jp_buffer_format(out, ",%d", selected);
    put_number(out, l->drop);
    for (int i = 0; i < l->n_sentences; i++) put_number(out, l->sentences[i]);
    for (int t = 0; t < l->n_tokens; t++) put_number(out, l->tokens[t]);
    jp_buffer_text(out, "\r\n");
}

static void put_matrix_csv(jp_buffer *out, const jp_explanation *x) {
    put_matrix_head(out, x);
    for (int u = 0; u < x->matrix.n_rows; u++)
        put_matrix_row_csv(out, x, &x->matrix.rows[u], "unit", x->units[u].selected);
    for (int i = 0; i < x->matrix.n_sets; i++)
        put_matrix_row_csv(out, x, &x->matrix.sets[i], x->matrix.sets[i].target ? x->matrix.sets[i].target : "set",
                           true);
}

static int write_csv_csv(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    (void)o;
    if (!r->list && r->items[0].matrix.present) {
        put_matrix_csv(out, &r->items[0]);
        return out->failed ? jp_fail_memory(e) : JP_OK;
    }
    jp_buffer_text(out, "method,unit,text,role,start,end,selected,score,probability,drop_without\r\n");
    for (int i = 0; i < r->n_items; i++) put_units_csv(out, &r->items[i]);
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_csv = {"csv", "units and scores, or the matrix, for spreadsheets and data frames",
                                 write_csv_csv};
