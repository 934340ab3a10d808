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

#endif
