/* Format "csv" (RFC 4180): a row for each unit and method. */
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

static int write_csv_csv(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    (void)o;
    jp_buffer_text(out, "method,unit,text,role,start,end,selected,score,probability,drop_without\r\n");
    for (int i = 0; i < r->n_items; i++) put_units_csv(out, &r->items[i]);
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_csv = {"csv", "units and scores, for spreadsheets and data frames", write_csv_csv};
