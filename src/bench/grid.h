/* A table of texts, and what the bench's formats say alike. */
#ifndef JP_GRID_H
#define JP_GRID_H

#include "base/buffer.h"
#include "bench/tables.h"

typedef struct {
    jp_buffer *cells; /* [rows * columns] */
    int        rows, columns;
} jp_grid;

bool       jp_grid_init(jp_grid *g, int rows, int columns); /* false: no memory */
jp_buffer *jp_grid_cell(jp_grid *g, int row, int column);
void       jp_grid_free(jp_grid *g);
/* The first row is the head. Plain: aligned in columns; Markdown: as a table, the other columns aligned right. */
void jp_grid_put(const jp_grid *g, jp_buffer *out, bool markdown);

/* "31.2 [27.0, 36.1]"; nothing when the mean is NAN. */
void jp_bench_put_interval(jp_buffer *out, double mean, double low, double high);
/* The same for a cell, with its share of wins; `ratio`: for its ratio to the baseline. */
void jp_bench_put_cell(jp_buffer *out, const jp_bench_cell *c, bool ratio);
void jp_bench_put_title(jp_buffer *out, const jp_measure *m, bool ratio);
/* Model, number of prompts and settings in a line. */
void jp_bench_put_setup(jp_buffer *out, const jp_tables *t);
/* Prompts of a task. */
int jp_bench_count(const jp_tables *t, int task);

#endif
