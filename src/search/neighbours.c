/* The single exchanges around a search's incumbent. */
#include <stdlib.h>

#include "search/search.h"

typedef struct {
    double value;
    int    out, in;
} exchange;

typedef struct {
    exchange *best; /* [room]; the first `count` are those of the largest values so far, and some more */
    int       count, room, keep;
} exchanges;

enum { ALWAYS = 1 << 16 }; /* so many are listed in any case: 1 MiB */

/* Of equal ones the first in the order in which they are looked at. */
static int by_value_exchange(const void *a, const void *b) {
    const exchange *x = a, *y = b;
    if (x->value != y->value) return (x->value < y->value) - (x->value > y->value);
    return x->out != y->out ? x->out - y->out : x->in - y->in;
}

/* Room for as many as could be known already and a round more: there are members * n of them. */
static int exchanges_init(exchanges *x, const jp_search *s, int members, jopa_error *e) {
    jp_cost cost;
    double  all = (double)members * s->n;
    jp_scorer_cost(s->task->scorer, &cost);
    x->count = 0;
    x->keep = (int)(cost.evaluations + s->task->n_start + s->batch) + 1;
    int most = 2 * x->keep > ALWAYS ? 2 * x->keep : ALWAYS;
    x->room = all < 1 ? 1 : all < most ? (int)all : most;
    x->best = malloc((size_t)x->room * sizeof *x->best);
    return x->best ? JP_OK : jp_fail_memory(e);
}

static void sort_exchanges(exchanges *x) { qsort(x->best, (size_t)x->count, sizeof *x->best, by_value_exchange); }

static void note_exchange(exchanges *x, exchange found) {
    if (x->count == x->room) {
        sort_exchanges(x);
        x->count = x->keep;
    }
    x->best[x->count++] = found;
}

/* What the belief says of showing member `out` and hiding `in` instead. */
static double value_of_exchange(const jp_search *s, int members, int out, int in) {
    double value = s->belief.linear[in] - s->belief.linear[out];
    for (int j = 0; j < members; j++) {
        const double *pair = s->belief.pair + (size_t)s->units[j] * (size_t)s->n;
        if (s->units[j] != out) value += pair[in] - pair[out];
    }
    return value;
}

int jp_search_propose_neighbours(jp_search *s, jp_bitset *set, jopa_error *e) {
    int       members = jp_bitset_members(&s->incumbent, s->units);
    exchanges x;
    if (exchanges_init(&x, s, members, e)) return JOPA_ERROR_MEMORY;
    jp_surrogate_mean(s->surrogate, &s->belief);
    for (int m = 0; m < members; m++)
        for (int i = 0; i < s->n; i++)
            if (!jp_bitset_has(&s->incumbent, i))
                note_exchange(&x, (exchange){value_of_exchange(s, members, s->units[m], i), s->units[m], i});
    sort_exchanges(&x);
    for (int i = 0; i < x.count && jp_search_room(s); i++) {
        jp_bitset_copy(set, &s->incumbent);
        jp_bitset_remove(set, x.best[i].out);
        jp_bitset_add(set, x.best[i].in);
        jp_search_propose(s, set);
    }
    free(x.best);
    return JP_OK;
}
