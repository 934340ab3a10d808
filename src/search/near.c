#include "search/near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_MOST = 4096 }; /* listing them looks at pairs */

void jp_near_init(jp_near *near, int n, int k, double share, double noise) {
    *near = (jp_near){.n = n, .k = k, .share = share, .noise = noise, .best = -INFINITY};
    jp_cache_init(&near->sets, n);
}

void jp_near_free(jp_near *near) { jp_cache_free(&near->sets); }

static double least_drop(const jp_near *near) { return near->best - fmax(near->share * near->best, near->noise); }

static bool may_count(const jp_near *near, const jp_bitset *set, double drop) {
    if (!isfinite(drop)) return false;
    int size = jp_bitset_count(set);
    return size > 0 && size <= near->k;
}

/* Let go of those that a better one has left behind. */
static int drop_far_ones(jp_near *near, jopa_error *e) {
    jp_cache  kept;
    jp_bitset set;
    double    drop;
    int       at = 0, status = JP_OK;
    jp_cache_init(&kept, near->n);
    while (!status && jp_cache_next(&near->sets, &at, &set, &drop))
        if (drop >= least_drop(near) && jp_cache_put(&kept, &set, drop)) status = jp_fail_memory(e);
    if (status) {
        jp_cache_free(&kept);
        return status;
    }
    jp_cache_free(&near->sets);
    near->sets = kept;
    return JP_OK;
}

int jp_near_add(jp_near *near, const jp_bitset *set, double drop, jopa_error *e) {
    if (!may_count(near, set, drop) || drop < least_drop(near)) return JP_OK;
    bool better = drop > near->best;
    near->best = fmax(near->best, drop);
    int status = better ? drop_far_ones(near, e) : JP_OK;
    return !status && jp_cache_put(&near->sets, set, drop) ? jp_fail_memory(e) : status;
}

int jp_near_take(jp_near *near, const jp_scorer *s, jopa_error *e) {
    jp_bitset set;
    double    drop, before = near->best;
    int       status = JP_OK;
    for (int at = 0; jp_scorer_next(s, &at, &set, &drop);)
        if (may_count(near, &set, drop)) near->best = fmax(near->best, drop);
    if (near->best > before) status = drop_far_ones(near, e);
    for (int at = 0; !status && near->sets.count < NEAR_MOST && jp_scorer_next(s, &at, &set, &drop);)
        if (may_count(near, &set, drop) && drop >= least_drop(near) && !jp_cache_get(&near->sets, &set, NULL))
            status = jp_cache_put(&near->sets, &set, drop) ? jp_fail_memory(e) : JP_OK;
    return status;
}

/* ---- the minimal ones ---------------------------------------------------------------------------------------------
 */

/* Smaller first, then by drop, then by their units, so that the order is always the same. */
static int by_size_and_drop(const void *a, const void *b) {
    const jp_near_set *x = a, *y = b;
    int                size = jp_bitset_count(&x->set) - jp_bitset_count(&y->set);
    if (size) return size;
    if (x->drop != y->drop) return x->drop > y->drop ? -1 : 1;
    int u = 0, v = 0;
    do {
        u = jp_bitset_next(&x->set, u) + 1;
        v = jp_bitset_next(&y->set, v) + 1;
    } while (u == v && u);
    return u - v;
}

static bool holds(const jp_bitset *outer, const jp_bitset *inner) {
    for (int u = jp_bitset_next(inner, 0); u >= 0; u = jp_bitset_next(inner, u + 1))
        if (!jp_bitset_has(outer, u)) return false;
    return true;
}

void jp_near_list_free(jp_near_set *list, int n) {
    for (int i = 0; i < n; i++) jp_bitset_free(&list[i].set);
    free(list);
}

/* All that are near, in order. */
static jp_near_set *sorted_sets(const jp_near *near, int *n) {
    jp_near_set *all = calloc((size_t)near->sets.count + 1, sizeof *all);
    jp_bitset    set;
    double       drop;
    *n = 0;
    for (int at = 0; all && jp_cache_next(&near->sets, &at, &set, &drop); ++*n) {
        if (jp_bitset_init(&all[*n].set, near->n)) {
            jp_near_list_free(all, *n);
            return NULL;
        }
        jp_bitset_copy(&all[*n].set, &set);
        all[*n].drop = drop;
    }
    if (all) qsort(all, (size_t)*n, sizeof *all, by_size_and_drop);
    return all;
}

/* Whether it is `own`, or holds that, or one of the first `n`. */
static bool is_covered(const jp_near_set *one, const jp_near_set *minimal, int n, const jp_bitset *own) {
    if (own && holds(&one->set, own)) return true;
    for (int i = 0; i < n; i++)
        if (holds(&one->set, &minimal[i].set)) return true;
    return false;
}

int jp_near_list(const jp_near *near, const jp_bitset *own, jp_near_set **out, int *n, jopa_error *e) {
    int          count = 0, kept = 0;
    double       drop;
    jp_near_set *all = sorted_sets(near, &count);
    if (!all) return jp_fail_memory(e);
    bool own_is_near = jp_cache_get(&near->sets, own, &drop);
    for (int i = 0; i < count; i++) {
        if (near->best > 0 && !is_covered(&all[i], all, kept, own_is_near ? own : NULL)) {
            jp_near_set one = all[i];
            all[i] = all[kept];
            all[kept++] = one;
        }
    }
    for (int i = kept; i < count; i++) jp_bitset_free(&all[i].set);
    *out = all;
    *n = kept;
    return JP_OK;
}
