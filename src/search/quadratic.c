#include <stdlib.h>
#include <string.h>

#include "search/surrogate.h"

int jp_quadratic_init(jp_quadratic *q, int n) {
    q->n = n;
    q->linear = calloc((size_t)n, sizeof *q->linear);
    q->pair = calloc((size_t)n * (size_t)n, sizeof *q->pair);
    if (q->linear && q->pair) return JP_OK;
    jp_quadratic_free(q);
    return JOPA_ERROR_MEMORY;
}

void jp_quadratic_free(jp_quadratic *q) {
    free(q->linear);
    free(q->pair);
    *q = (jp_quadratic){0};
}

static const double *row_pair(const jp_quadratic *q, int i) { return q->pair + (size_t)i * (size_t)q->n; }

/* gain[i] = what unit i adds to, or if in the set contributes to, q */
static void shift(const jp_quadratic *q, double *gain, int unit, double sign) {
    const double *pair = row_pair(q, unit);
    for (int i = 0; i < q->n; i++) gain[i] += sign * pair[i];
}

typedef struct {
    int    out, in;
    double rise;
} move; /* -1: none */

/* The best of all additions, removals and exchanges. */
static move best_move(const jp_quadratic *q, const jp_bitset *set, bool full, const double *gain) {
    move best = {-1, -1, 1e-9};
    for (int i = 0; i < q->n; i++) {
        bool held = jp_bitset_has(set, i);
        if (held && -gain[i] > best.rise) best = (move){i, -1, -gain[i]};
        if (!held && !full && gain[i] > best.rise) best = (move){-1, i, gain[i]};
    }
    for (int i = jp_bitset_next(set, 0); i >= 0; i = jp_bitset_next(set, i + 1)) {
        const double *pair = row_pair(q, i);
        double        least = best.rise + gain[i];
        for (int j = 0; j < q->n; j++)
            if (gain[j] - pair[j] > least && !jp_bitset_has(set, j)) {
                best = (move){i, j, gain[j] - pair[j] - gain[i]};
                least = gain[j] - pair[j];
            }
    }
    return best;
}

void jp_quadratic_climb(const jp_quadratic *q, int k, jp_bitset *set, double *gain) {
    int size = jp_bitset_count(set);
    memcpy(gain, q->linear, (size_t)q->n * sizeof *gain);
    for (int i = jp_bitset_next(set, 0); i >= 0; i = jp_bitset_next(set, i + 1)) shift(q, gain, i, 1);
    for (int steps = 0; steps < 8 * q->n; steps++) {
        move m = best_move(q, set, size >= k, gain);
        if (m.out < 0 && m.in < 0) return;
        if (m.out >= 0) jp_bitset_remove(set, m.out), shift(q, gain, m.out, -1), size--;
        if (m.in >= 0) jp_bitset_add(set, m.in), shift(q, gain, m.in, 1), size++;
    }
}
