/* Plots as SVG fragments that pages and pictures share. Their look comes from assets/plot.css; every plot is one
 * <svg> with a viewBox, a name for screen readers, and no script. */
#ifndef JP_PLOT_H
#define JP_PLOT_H

#include "base/buffer.h"
#include "base/error.h"

typedef struct {
    double x, y;
} jp_point;

typedef struct {
    const char     *name;   /* beside the line's end, or NULL */
    const jp_point *points; /* [n], x ascending */
    int             n;
    double          end;    /* the line goes on level to this x */
    bool            strong; /* in the accent colour */
} jp_series;

typedef struct {
    const char *name; /* for screen readers: what the plot shows, with its main figures */
    const char *x_label, *y_label;
    int         width, height;
    int         x, y; /* where it is in a larger picture */
} jp_plot;

/* Best-so-far curves as steps from (0, 0) on. */
void jp_plot_steps(jp_buffer *out, const jp_plot *plot, const jp_series *series, int n);

/* Straight lines from point to point. */
void jp_plot_lines(jp_buffer *out, const jp_plot *plot, const jp_series *series, int n);

typedef struct {
    const char *label;
    double      value;
    bool        strong, has_interval;
    double      low, high; /* of the interval: a whisker */
} jp_bar;

/* Horizontal bars from 0, negative ones to the left. */
void jp_plot_bars(jp_buffer *out, const jp_plot *plot, const jp_bar *bars, int n);

typedef struct {
    const char *label;
    double      weight; /* 0..1, NAN: not known; the node's size */
} jp_graph_node;

typedef struct {
    int    first, second;
    double value;
} jp_graph_edge; /* value: width and, below 0, another look */

/* Nodes on a circle, edges between them; edges are drawn weakest first. */
void jp_plot_graph(jp_buffer *out, const jp_plot *plot, const jp_graph_node *nodes, int n_nodes,
                   const jp_graph_edge *edges, int n_edges);

/* One row of a map of cells. */
typedef struct {
    const char   *label;
    bool          strong;
    const double *values; /* [columns], NAN: none */
} jp_cell_row;

/* Rows down and columns across, each cell coloured by its value, with the last `n_apart` rows below a gap. plot->width
 * is what it may take where that is enough; both sizes are then those of jp_cells_size. */
void jp_plot_cells(jp_buffer *out, const jp_plot *plot, const char *const *columns, int n_columns,
                   const jp_cell_row *rows, int n_rows, int n_apart);
void jp_cells_size(int n_columns, int n_rows, int *width, int *height);

/* The step of an axis of about `parts` parts over `range`: 1, 2 or 5 times a power of ten. */
double jp_nice_step(double range, int parts);

/* Building blocks: <svg ...> with its name, a text at a place, and a coordinate (two digits after the point). */
void jp_svg_open(jp_buffer *out, const jp_plot *plot, const char *class_name);
void jp_svg_text(jp_buffer *out, const char *class_name, const char *anchor, double x, double y, const char *text);
void jp_svg_line(jp_buffer *out, const char *class_name, double x1, double y1, double x2, double y2);

#endif
