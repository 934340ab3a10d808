#include "bench/grid.h"

#include <stdlib.h>
#include <string.h>

bool jp_grid_init(jp_grid *g, int rows, int columns) {
    *g = (jp_grid){calloc((size_t)rows * (size_t)columns, sizeof *g->cells), rows, columns};
    return g->cells != NULL;
}

jp_buffer *jp_grid_cell(jp_grid *g, int row, int column) { return &g->cells[row * g->columns + column]; }

void jp_grid_free(jp_grid *g) {
    for (int i = 0; i < g->rows * g->columns; i++) jp_buffer_free(&g->cells[i]);
    free(g->cells);
}

/* Characters of a text. */
static int length(const jp_buffer *text) {
    int n = 0;
    for (size_t i = 0; i < text->size; i++) n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
    return n;
}

static int width(const jp_grid *g, int column) {
    int most = 0;
    for (int row = 0; row < g->rows; row++) {
        int here = length(&g->cells[row * g->columns + column]);
        if (here > most) most = here;
    }
    return most;
}

static void put_row_grid(const jp_grid *g, int row, jp_buffer *out, bool markdown) {
    if (markdown) jp_buffer_text(out, "| ");
    for (int column = 0; column < g->columns; column++) {
        const jp_buffer *text = &g->cells[row * g->columns + column];
        if (column) jp_buffer_text(out, markdown ? " | " : "   ");
        if (text->failed) out->failed = true;
        else if (text->size) jp_buffer_bytes(out, text->data, text->size);
        if (!markdown && column + 1 == g->columns) continue;
        for (int pad = width(g, column) - length(text); pad > 0; pad--) jp_buffer_text(out, " ");
    }
    jp_buffer_text(out, markdown ? " |\n" : "\n");
}

static void put_rule(const jp_grid *g, jp_buffer *out) {
    for (int column = 0; column < g->columns; column++) jp_buffer_text(out, column ? "---:|" : "|---|");
    jp_buffer_text(out, "\n");
}

void jp_grid_put(const jp_grid *g, jp_buffer *out, bool markdown) {
    for (int row = 0; row < g->rows; row++) {
        put_row_grid(g, row, out, markdown);
        if (row == 0 && markdown) put_rule(g, out);
    }
}
