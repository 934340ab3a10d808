#include "report/svg/svg-text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubidi.h>
#include <unicode/ustring.h>

#include "report/breaks.h"
#include "report/flow.h"
#include "report/markup.h"

enum { FONT = 15, LINE = 26, MAX_RUNS = 512 };

/* Advance widths of Helvetica in thousandths of an em, U+0020 to U+007E (Adobe's font metrics). */
static const short helvetica[] = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584,
};

static int milli_em(const jp_cell *c) {
    unsigned char byte = (unsigned char)*jp_cell_text(c);
    if (byte >= 0x20 && byte < 0x7f && c->size == 1) return helvetica[byte - 0x20];
    if (byte == ' ') return helvetica[0] * (int)c->size; /* a tabulator's stop */
    return c->width * (c->width == 2 ? 500 : 556);
}

/* Cells that are drawn as one: of one look, one colour and one direction. */
typedef struct {
    size_t     from, to;
    UBiDiLevel level;
    double     width;
} run;

static double pixels(const jp_flow *f, size_t from, size_t to) {
    double sum = 0;
    for (size_t i = from; i < to; i++) sum += f->cells[i].width;
    return sum * FONT / 1000;
}

/* The direction of each cell of a line (Unicode's bidirectional algorithm): levels[to - from]. */
static int find_levels(const jp_flow *f, size_t from, size_t to, UBiDiLevel base, UBiDiLevel *levels, jopa_error *e) {
    size_t size = 0;
    for (size_t i = from; i < to; i++) size += f->cells[i].size;
    UChar     *line = calloc(size + 1, sizeof *line);
    int32_t   *starts = calloc(to - from + 1, sizeof *starts), at = 0;
    UErrorCode status = U_ZERO_ERROR;
    UBiDi     *bidi = ubidi_open();
    for (size_t i = from; line && starts && i < to; i++) {
        int32_t length = 0;
        starts[i - from] = at;
        u_strFromUTF8(line + at, (int32_t)size + 1 - at, &length, jp_cell_text(&f->cells[i]), (int32_t)f->cells[i].size,
                      &status);
        at += length;
    }
    bool there = line && starts && bidi;
    if (there) ubidi_setPara(bidi, line, at, base, NULL, &status);
    for (size_t i = from; there && U_SUCCESS(status) && i < to; i++)
        levels[i - from] = ubidi_getLevelAt(bidi, starts[i - from]);
    ubidi_close(bidi);
    free(line);
    free(starts);
    if (!there) return jp_fail_memory(e);
    return U_FAILURE(status)
               ? jp_fail(e, JOPA_ERROR_INPUT, "the text's direction cannot be found: %s", u_errorName(status))
               : JP_OK;
}

static int find_runs(const jp_flow *f, size_t from, size_t to, const UBiDiLevel *levels, run *runs) {
    int n = 0;
    for (size_t i = from; i < to; i++) {
        run *last = n ? &runs[n - 1] : NULL;
        bool same = last && f->cells[i].look == f->cells[last->from].look &&
                    f->cells[i].bar == f->cells[last->from].bar && levels[i - from] == last->level;
        if (!same && n < MAX_RUNS) runs[n++] = (run){i, i, levels[i - from], 0};
        runs[n - 1].to = i + 1;
    }
    for (int i = 0; i < n; i++) runs[i].width = pixels(f, runs[i].from, runs[i].to);
    return n;
}

static void put_coordinate_svg(jp_buffer *out, const char *name, double value) {
    jp_put_number_attribute(out, name, round(value * 100) / 100);
}

static void put_run_svg(jp_buffer *out, const jp_flow *f, const run *r, double x, double y) {
    const jp_cell *first = &f->cells[r->from];
    bool           selected = first->look == JP_LOOK_SELECTED;
    if (selected || first->bar >= 0) {
        jp_buffer_format(out, "<rect class=\"%s\" rx=\"3\"", selected ? "chosen" : "heat");
        if (!selected) jp_put_number_attribute(out, "fill-opacity", round(58.0 * (first->bar + 1) / JP_HEATS) / 100);
        put_coordinate_svg(out, "x", x - 1);
        put_coordinate_svg(out, "y", y - FONT);
        put_coordinate_svg(out, "width", r->width + 2);
        put_coordinate_svg(out, "height", FONT * 1.4);
        jp_buffer_text(out, "/>");
    }
    jp_buffer_format(out, "<text class=\"%s\" text-anchor=\"middle\" xml:space=\"preserve\"%s",
                     selected ? "on-chosen" : "body", r->level % 2 ? " direction=\"rtl\"" : "");
    put_coordinate_svg(out, "x", x + r->width / 2);
    put_coordinate_svg(out, "y", y);
    put_coordinate_svg(out, "textLength", r->width);
    jp_buffer_text(out, " lengthAdjust=\"spacingAndGlyphs\">");
    for (size_t i = r->from; i < r->to; i++) jp_put_xml(out, jp_cell_text(&f->cells[i]), f->cells[i].size);
    jp_buffer_text(out, "</text>\n");
}

static int put_line_svg(jp_buffer *out, const jp_flow *f, size_t from, size_t to, UBiDiLevel base, jp_svg_box box,
                        jopa_error *e) {
    UBiDiLevel *levels = calloc(to - from + 1, sizeof *levels);
    run        *runs = calloc(MAX_RUNS, sizeof *runs);
    int         status = levels && runs ? find_levels(f, from, to, base, levels, e) : jp_fail_memory(e);
    if (!status) {
        int        n = find_runs(f, from, to, levels, runs);
        int32_t    order[MAX_RUNS];
        UBiDiLevel run_levels[MAX_RUNS];
        double     x = base % 2 ? box.x + box.width - pixels(f, from, to) : box.x;
        for (int i = 0; i < n; i++) run_levels[i] = runs[i].level;
        ubidi_reorderVisual(run_levels, n, order);
        for (int i = 0; i < n; i++) {
            put_run_svg(out, f, &runs[order[i]], x, box.y);
            x += runs[order[i]].width;
        }
    }
    free(levels);
    free(runs);
    return status;
}

static UBiDiLevel base_level(const char *text) {
    UChar      start[256];
    int32_t    length = 0;
    UErrorCode status = U_ZERO_ERROR;
    size_t     size = strlen(text);
    u_strFromUTF8WithSub(start, 256, &length, text, size < 200 ? (int32_t)size : 200, 0xfffd, NULL, &status);
    return U_SUCCESS(status) && ubidi_getBaseDirection(start, length) == UBIDI_RTL ? 1 : 0;
}

static int heat_svg(double value, double max) { return value > 0 ? jp_heat_step(value, max, JP_HEATS) - 1 : -1; }

static void fill_flow(jp_flow *f, const char *text, const jp_pieces *all, const unsigned char *breaks, double max) {
    for (int i = 0; i < all->n; i++) {
        const jp_piece *p = &all->at[i];
        jp_flow_text(f, text + p->start, p->ink_start - p->start, breaks + p->start, JP_LOOK_PLAIN, -1);
        jp_flow_text(f, text + p->ink_start, p->ink_end - p->ink_start, breaks + p->ink_start,
                     p->selected ? JP_LOOK_SELECTED : JP_LOOK_PLAIN, heat_svg(p->value, max));
        jp_flow_text(f, text + p->ink_end, p->end - p->ink_end, breaks + p->ink_end, JP_LOOK_PLAIN, -1);
    }
    for (size_t i = 0; i < f->n; i++)
        if (f->cells[i].text) f->cells[i].width = milli_em(&f->cells[i]);
}

int jp_svg_map(jp_buffer *out, const char *text, const jp_pieces *pieces, double max, jp_svg_box box, double *bottom,
               jopa_error *e) {
    unsigned char *breaks = NULL;
    jp_flow        f = {0};
    int            status = jp_breaks(text, strlen(text), &breaks, e);
    if (!status) fill_flow(&f, text, pieces, breaks, max);
    UBiDiLevel base = base_level(pieces->n ? text + pieces->at[0].start : text);
    for (size_t from = 0; !status && from < f.n;) {
        size_t end = jp_flow_line_end(&f, from, (int)(box.width * 1000 / FONT)), ink = end;
        while (ink > from && f.cells[ink - 1].space) ink--;
        box.y += LINE;
        status = put_line_svg(out, &f, from, ink, base, box, e);
        from = end < f.n && !f.cells[end].text ? end + 1 : end;
    }
    if (!status && f.failed) status = jp_fail_memory(e);
    *bottom = box.y;
    jp_flow_free(&f);
    free(breaks);
    return status;
}
