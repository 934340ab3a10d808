/* Every set of at most k units, streamed in batches, small sets first so that they win ties: the truth for small
 * instances. */
#include <math.h>
#include <stdlib.h>

#include "method/exhaustive.h"

static const double SETS_MAX = 2e6; /* without a budget that allows more */

double jp_exhaustive_sets(int n, int k) {
    double sum = 0, choose = 1;
    for (int j = 1; j <= k; j++) {
        choose = choose * (n - j + 1) / j;
        sum += choose;
    }
    return sum;
}

bool jp_combination_next(int *units, int n, int k) {
    int i = k - 1;
    while (i >= 0 && units[i] == n - k + i) i--;
    if (i < 0) return false;
    units[i]++;
    for (int j = i + 1; j < k; j++) units[j] = units[j - 1] + 1;
    return true;
}

typedef struct {
    jp_bitset *sets; /* [batch] */
    double    *drops;
    int        batch, filled;
    double     best;
} stream;

static int flush_exhaustive(const jp_task *task, stream *st, jp_selection *selection, jopa_error *e) {
    int status = st->filled ? jp_scorer_drops(task->scorer, st->sets, st->filled, st->drops, e) : JP_OK;
    for (int i = 0; i < st->filled && status <= 0; i++)
        if (st->drops[i] > st->best) {
            st->best = st->drops[i];
            jp_bitset_copy(&selection->selected, &st->sets[i]);
        }
    st->filled = 0;
    return status;
}

/* All sets of exactly `size` units, lexicographically: neighbours in a batch share long prefixes. */
static int sweep_exhaustive(const jp_task *task, int size, int *units, stream *st, jp_selection *selection,
                            jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < size; i++) units[i] = i;
    do {
        jp_bitset *set = &st->sets[st->filled++];
        jp_bitset_clear(set);
        for (int i = 0; i < size; i++) jp_bitset_add(set, units[i]);
        if (st->filled == st->batch) status = flush_exhaustive(task, st, selection, e);
    } while (!status && jp_combination_next(units, task->n, size));
    return status;
}

static int run_exhaustive(const jp_task *task, jp_selection *selection, jopa_error *e) {
    double sets = jp_exhaustive_sets(task->n, task->k);
    if (sets > SETS_MAX && task->budget < sets)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "exhaustive search would score %.3g sets of at most %d of %d units: take fewer or larger units, "
                       "or allow it with a budget of that many evaluations",
                       sets, task->k, task->n);
    stream st = {.batch = 4 * jp_scorer_batch(task->scorer), .best = -INFINITY};
    st.sets = jp_bitset_array_new(st.batch, task->n);
    st.drops = malloc((size_t)st.batch * sizeof *st.drops);
    int *units = malloc((size_t)task->k * sizeof *units);
    int  status = st.sets && st.drops && units ? JP_OK : jp_fail_memory(e);
    for (int size = 1; size <= task->k && !status; size++)
        status = sweep_exhaustive(task, size, units, &st, selection, e);
    if (!status) status = flush_exhaustive(task, &st, selection, e);
    jp_bitset_array_free(st.sets);
    free(st.drops);
    free(units);
    return status;
}

const jp_method jp_method_exhaustive = {
    .name = "exhaustive", .summary = "every set of at most k units: exact, for small instances", .run = run_exhaustive};
