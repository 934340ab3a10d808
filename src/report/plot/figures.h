/* The plots of a result, for pages and pictures. Each returns whether there is something to plot, and draws it where
 * `out` is not NULL. */
#ifndef JP_FIGURES_H
#define JP_FIGURES_H

#include "report/plot/plot.h"
#include "result/result.h"

enum { JP_FIGURE_WIDTH = 500, JP_FIGURE_HEIGHT = 260 };

/* Pairs of the set: what they do together beyond their sum. `plot` says where and how large; its name is made here. */
bool jp_figure_graph(jp_buffer *out, const jp_explanation *x, jp_plot plot);
/* Best drop so far against evaluations: one line a method. */
bool jp_figure_search(jp_buffer *out, const jopa_result *r, jp_plot plot);
/* Drop of each method. */
bool jp_figure_drops(jp_buffer *out, const jopa_result *r, jp_plot plot);

/* The matrix: units down, response tokens across (or sentences, of many tokens), the sets that were found at the
 * bottom. Of many rows or columns it shows those with the largest numbers, and *note (NULL where it shows all) says so,
 * malloc'd. plot->width is what it may take at least; width and height become what it takes. With `out` NULL they are
 * told alone. */
bool jp_figure_matrix(jp_buffer *out, const jp_explanation *x, jp_plot *plot, char **note);

#endif
