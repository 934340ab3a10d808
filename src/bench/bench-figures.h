/* The plots of a benchmark. Each returns whether there is something to plot, and draws it where `out` is not NULL. */
#ifndef JP_BENCH_FIGURES_H
#define JP_BENCH_FIGURES_H

#include "bench/tables.h"
#include "report/plot/plot.h"

/* Mean drop of each method on a task, with its interval. */
bool jp_bench_figure_drops(jp_buffer *out, const jp_tables *t, int task);
/* Mean drop against mean sparsity: one line a method over its NAME@SPARSITY variants. */
bool jp_bench_figure_sparsity(jp_buffer *out, const jp_tables *t);
/* Mean of the best drop so far against evaluations per unit of the prompt. */
bool jp_bench_figure_search(jp_buffer *out, const jp_tables *t);
/* Change of the log-probability per token as the top units are hidden (`insertion`: all but the top units). */
bool jp_bench_figure_curve(jp_buffer *out, const jp_tables *t, bool insertion);

#endif
