/* A map of cells: rows by columns, as papers show which input an output rests on. */
#include <math.h>

#include "base/number.h"
#include "report/plot/plot.h"

enum {
    LABELS = 180,
    HEAD = 104,
    RIGHT = 64,
    CELL = 17,
    WIDE_CELL = 44,
    ROW = 19,
    GAP = 8,
    FOOT = 40,
    RAMP = 6,
    RAMP_CELL = 22
};

void jp_cells_size(int n_columns, int n_rows, int *width, int *height) {
    int least = LABELS + RIGHT + CELL * n_columns;
    if (*width < least) *width = least;
    *height = HEAD + ROW * n_rows + GAP + FOOT;
}

static double largest_cell(const jp_cell_row *rows, int n_rows, int n_columns) {
    double max = 0;
    for (int r = 0; r < n_rows; r++)
        for (int c = 0; c < n_columns; c++)
            if (isfinite(rows[r].values[c])) max = fmax(max, fabs(rows[r].values[c]));
    return max;
}

static void put_coordinate_cells(jp_buffer *out, const char *name, double value) {
    jp_buffer_format(out, " %s=\"", name);
    jp_put_exact(out, round(value * 100) / 100);
    jp_buffer_text(out, "\"");
}

static void draw_cell(jp_buffer *out, double x, double y, double width, double height, double share) {
    jp_buffer_format(out, "<rect class=\"cell%s\"", share < 0 ? " less" : "");
    put_coordinate_cells(out, "x", x);
    put_coordinate_cells(out, "y", y);
    put_coordinate_cells(out, "width", width);
    put_coordinate_cells(out, "height", height);
    put_coordinate_cells(out, "fill-opacity", fabs(share));
    jp_buffer_text(out, "/>\n");
}

/* Columns' names stand aslant over them. */
static void put_column_name(jp_buffer *out, double x, const char *name) {
    jp_buffer_text(out, "<g transform=\"translate(");
    jp_put_exact(out, round(x * 100) / 100);
    jp_buffer_format(out, " %d) rotate(-55)\">", HEAD - 7);
    jp_svg_text(out, "tick", "start", 0, 0, name);
    jp_buffer_text(out, "</g>\n");
}

static void put_ramp(jp_buffer *out, double y, double max) {
    jp_buffer text = {0};
    for (int i = 0; i < RAMP; i++) draw_cell(out, LABELS + i * RAMP_CELL, y, RAMP_CELL, 10, (i + 1.0) / RAMP);
    jp_buffer_text(&text, "up to ");
    jp_put_figure(&text, max);
    jp_buffer_text(&text, " nats");
    if (text.failed) out->failed = true;
    else jp_svg_text(out, "tick", "start", LABELS + RAMP * RAMP_CELL + 8, y + 9, text.data);
    jp_buffer_free(&text);
}

void jp_plot_cells(jp_buffer *out, const jp_plot *plot, const char *const *columns, int n_columns,
                   const jp_cell_row *rows, int n_rows, int n_apart) {
    double max = largest_cell(rows, n_rows, n_columns), y = HEAD;
    double room = n_columns > 0 ? (double)(plot->width - LABELS - RIGHT) / n_columns : CELL;
    double width = fmax(CELL, fmin(WIDE_CELL, room));
    jp_svg_open(out, plot, "cells");
    for (int c = 0; c < n_columns; c++) put_column_name(out, LABELS + (c + 0.5) * width, columns[c]);
    for (int r = 0; r < n_rows; r++, y += ROW) {
        if (r == n_rows - n_apart) y += GAP;
        jp_svg_text(out, rows[r].strong ? "name c0" : "name", "end", LABELS - 8, y + 13.5, rows[r].label);
        jp_svg_line(out, "grid", LABELS, y + ROW - 0.5, LABELS + n_columns * width, y + ROW - 0.5);
        for (int c = 0; c < n_columns; c++) {
            double share = max > 0 && isfinite(rows[r].values[c]) ? rows[r].values[c] / max : 0;
            if (fabs(share) >= 0.01) draw_cell(out, LABELS + c * width + 0.5, y + 0.5, width - 1, ROW - 2, share);
        }
    }
    put_ramp(out, y + 16, max);
    jp_buffer_text(out, "</svg>\n");
}
