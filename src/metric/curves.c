/* Group "curves": deletion and insertion (Petsiuk et al. 2018) of a method that ranks the units.
 *   deletion_P    log p(y | x with the top P % of units hidden), P = 0, 10, ..., 100
 *   insertion_P   log p(y | x with all but the top P % hidden)
 *   deletion_area, insertion_area    area under each by the trapezoidal rule, share of units 0..1, nats: a faithful
 *                 ranking makes the first small and the second large */
#include <stdio.h>
#include <stdlib.h>

#include "metric/metric.h"
#include "metric/ranking.h"

enum { STEPS = 10, POINTS = STEPS + 1 };

/* masks[p]: the top p of STEPS hidden; masks[POINTS + p]: all but those hidden. */
static void fill_masks(const jp_ranked *order, int n, jp_bitset *masks) {
    for (int p = 0; p < POINTS; p++) {
        int top = (n * p + STEPS / 2) / STEPS;
        for (int i = 0; i < n; i++) jp_bitset_add(&masks[i < top ? p : POINTS + p], order[i].index);
    }
}

static int add_curve(jp_explanation *out, const char *name, const double *drops, double full, jopa_error *e) {
    char   label[32];
    double area = 0;
    int    status = JP_OK;
    for (int p = 0; p < POINTS && !status; p++) {
        snprintf(label, sizeof label, "%s_%d", name, p * 100 / STEPS);
        status = jp_metric_add(out, "curves", label, full - drops[p], e);
        area += (full - drops[p]) * (p == 0 || p == STEPS ? 0.5 : 1) / STEPS;
    }
    snprintf(label, sizeof label, "%s_area", name);
    return status ? status : jp_metric_add(out, "curves", label, area, e);
}

static int measure_curves(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    if (!m->score) return JP_OK;
    int        n = jp_scorer_units(m->scorer);
    double     drops[2 * POINTS], full = jp_scorer_full(m->scorer);
    jp_ranked *order = jp_ranking(m->score, n);
    jp_bitset *masks = jp_bitset_array_new(2 * POINTS, n);
    int        status = order && masks ? JP_OK : jp_fail_memory(e);
    if (!status) {
        fill_masks(order, n, masks);
        status = jp_scorer_drops(m->scorer, masks, 2 * POINTS, drops, e);
    }
    if (!status) status = add_curve(out, "deletion", drops, full, e);
    if (!status) status = add_curve(out, "insertion", drops + POINTS, full, e);
    free(order);
    jp_bitset_array_free(masks);
    return status;
}

const jp_metric jp_metric_curves = {
    .name = "curves",
    .summary = "deletion and insertion curves and their areas, for methods that rank the units",
    .measure = measure_curves};
