/* Numbers in order, for metrics of methods that rank the units. */
#ifndef JP_RANKING_H
#define JP_RANKING_H

#include "base/error.h"

typedef struct {
    double value;
    int    index;
} jp_ranked;

/* malloc'd [n], the caller frees it: values[n] from the highest on, NAN last, ties by index. NULL: no memory. */
jp_ranked *jp_ranking(const double *values, int n);

/* Spearman's rank correlation (Spearman 1904) of x[n] and y[n] into *out, -1..1: Pearson's of their ranks, values that
 * are equal sharing the mean of theirs, as scipy.stats.spearmanr has it. NAN where it is not defined: all values of one
 * side equal, which includes n < 2, or a NAN among them. JP_OK or JOPA_ERROR_MEMORY. */
int jp_spearman(const double *x, const double *y, int n, double *out, jopa_error *e);

#endif
