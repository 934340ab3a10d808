#include "metric/ranking.h"

#include <math.h>
#include <stdlib.h>

static int by_value_ranking(const void *left, const void *right) {
    const jp_ranked *a = left, *b = right;
    double           x = isnan(a->value) ? -INFINITY : a->value, y = isnan(b->value) ? -INFINITY : b->value;
    return x != y ? (x < y) - (x > y) : (a->index > b->index) - (a->index < b->index);
}

jp_ranked *jp_ranking(const double *values, int n) {
    jp_ranked *order = malloc(((size_t)n + 1) * sizeof *order);
    for (int i = 0; i < n && order; i++) order[i] = (jp_ranked){values[i], i};
    if (order) qsort(order, (size_t)n, sizeof *order, by_value_ranking);
    return order;
}

/* rank[i]: how many values are above values[i], those equal to it counting half, minus the mean of that over all. */
static int centred_ranks(const double *values, int n, double *rank, jopa_error *e) {
    jp_ranked *order = jp_ranking(values, n);
    if (!order) return jp_fail_memory(e);
    for (int first = 0, next; first < n; first = next) {
        for (next = first + 1; next < n && order[next].value == order[first].value;) next++;
        for (int i = first; i < next; i++) rank[order[i].index] = (first + next - n) / 2.0;
    }
    free(order);
    return JP_OK;
}

static double correlation(const double *x, const double *y, int n) {
    double xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

static bool any_nan(const double *values, int n) {
    for (int i = 0; i < n; i++)
        if (isnan(values[i])) return true;
    return false;
}

int jp_spearman(const double *x, const double *y, int n, double *out, jopa_error *e) {
    *out = NAN;
    if (any_nan(x, n) || any_nan(y, n)) return JP_OK;
    double *rank = malloc((2 * (size_t)n + 1) * sizeof *rank);
    int     status = rank ? centred_ranks(x, n, rank, e) : jp_fail_memory(e);
    if (!status) status = centred_ranks(y, n, rank + n, e);
    if (!status) *out = correlation(rank, rank + n, n);
    free(rank);
    return status;
}
