/* Group "lds": the linear datamodeling score (Park et al. 2023) as ContextCite defines it for contexts (Cohen-Wang et
 * al. 2024, arXiv 2409.00729), of a method that ranks the units.
 *   spearman    rank correlation, over 128 random subsets of the units, each unit shown with probability 1/2, of what
 *               the scores predict, their sum over the units shown, with log p(y | x with the others hidden); -1..1
 * The published code correlates with the logit log(p / (1 - p)) of the whole response, which has the same ranks. The
 * subsets come from the seed, drawn apart from those that methods are fitted to; all methods have the same. A unit
 * without a score adds nothing. Left out where it is not defined: scores or probabilities that are all equal. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "metric/metric.h"
#include "metric/ranking.h"

enum { SUBSETS = 128 };

/* Methods draw from the seed itself, or from one a little above it. */
static const uint64_t APART = UINT64_C(0x6c64732d73756273);

static void draw_subsets(jp_bitset *hidden, int n_units, uint64_t seed) {
    jp_random random;
    jp_random_seed(&random, seed ^ APART);
    for (int i = 0; i < SUBSETS; i++)
        for (int u = 0; u < n_units; u++)
            if (jp_random_unit(&random) < 0.5) jp_bitset_add(&hidden[i], u);
}

static double sum_shown(const double *score, const jp_bitset *hidden) {
    double sum = 0;
    for (int u = 0; u < hidden->n; u++)
        if (!jp_bitset_has(hidden, u) && !isnan(score[u])) sum += score[u];
    return sum;
}

static int measure_lds(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    if (!m->score) return JP_OK;
    int        n = jp_scorer_units(m->scorer);
    double     predicted[SUBSETS], actual[SUBSETS], spearman;
    jp_bitset *hidden = jp_bitset_array_new(SUBSETS, n);
    int        status = hidden ? JP_OK : jp_fail_memory(e);
    if (!status) {
        draw_subsets(hidden, n, m->seed);
        status = jp_scorer_drops(m->scorer, hidden, SUBSETS, actual, e);
    }
    for (int i = 0; i < SUBSETS && !status; i++) {
        predicted[i] = sum_shown(m->score, &hidden[i]);
        actual[i] = jp_scorer_full(m->scorer) - actual[i];
    }
    if (!status) status = jp_spearman(predicted, actual, SUBSETS, &spearman, e);
    if (!status) status = jp_metric_add(out, "lds", "spearman", spearman, e);
    jp_bitset_array_free(hidden);
    return status;
}

const jp_metric jp_metric_lds = {.name = "lds",
                                 .summary = "linear datamodeling score: rank correlation of predicted and actual "
                                            "probabilities, for methods that rank the units",
                                 .measure = measure_lds};
