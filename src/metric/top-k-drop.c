/* Group "top_k_drop": ContextCite's top-k log-probability drop (Cohen-Wang et al. 2024, arXiv 2409.00729) of a method
 * that ranks the units.
 *   top_K    log p(y | x) - log p(y | x with the K units of the highest score hidden), K = 1, 3, 5, nats; ties by
 *            index; left out where fewer than K units have a score */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "metric/metric.h"
#include "metric/ranking.h"

enum { SIZES = 3 };

static const int sizes[SIZES] = {1, 3, 5};

static int count_scored(const double *score, int n) {
    int scored = 0;
    for (int u = 0; u < n; u++) scored += !isnan(score[u]);
    return scored;
}

static int measure_top_k_drop(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    if (!m->score) return JP_OK;
    int        n = jp_scorer_units(m->scorer), scored = count_scored(m->score, n), n_sets = 0;
    char       label[32];
    double     drops[SIZES];
    jp_ranked *order = jp_ranking(m->score, n);
    jp_bitset *top = jp_bitset_array_new(SIZES, n);
    int        status = order && top ? JP_OK : jp_fail_memory(e);
    for (; n_sets < SIZES && sizes[n_sets] <= scored && !status; n_sets++)
        for (int i = 0; i < sizes[n_sets]; i++) jp_bitset_add(&top[n_sets], order[i].index);
    if (!status) status = jp_scorer_drops(m->scorer, top, n_sets, drops, e);
    for (int i = 0; i < n_sets && !status; i++) {
        snprintf(label, sizeof label, "top_%d", sizes[i]);
        status = jp_metric_add(out, "top_k_drop", label, drops[i], e);
    }
    free(order);
    jp_bitset_array_free(top);
    return status;
}

const jp_metric jp_metric_top_k_drop = {
    .name = "top_k_drop",
    .summary = "drop with the 1, 3 and 5 highest scored units hidden, for methods that rank the units",
    .measure = measure_top_k_drop};
