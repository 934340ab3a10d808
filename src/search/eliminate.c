#include "search/eliminate.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double after; /* drop of the set without the unit */
    int    unit;
} member;

typedef struct {
    const jp_elimination *how;
    jp_bitset            *set;
    double                drop;
    member               *members; /* [count] the cheapest to show again first */
    int                   count;
    jp_bitset             without;
} elimination;

int jp_eliminate_limit(const jp_elimination *how) {
    int least = JP_ELIMINATE_PER_UNIT * jp_scorer_units(how->scorer);
    return how->limit > 0 ? how->limit : least > JP_ELIMINATE_LEAST ? least : JP_ELIMINATE_LEAST;
}

static int64_t spent_elimination(const elimination *x) {
    jp_cost cost;
    jp_scorer_cost(x->how->scorer, &cost);
    return cost.evaluations;
}

/* Cheapest first, unknown ones last. */
static int by_after(const void *a, const void *b) {
    const member *x = a, *y = b;
    if (isnan(x->after) || isnan(y->after)) {
        int order = isnan(x->after) - isnan(y->after);
        return order ? order : x->unit - y->unit;
    }
    return x->after != y->after ? (x->after < y->after) - (x->after > y->after) : x->unit - y->unit;
}

/* x->members: the drop of the set without each of them, sorted. */
static int measure_returns(elimination *x, jopa_error *e) {
    int        n = x->set->n, count = 0;
    jp_bitset *sets = jp_bitset_array_new(jp_bitset_count(x->set), n);
    double    *drops = malloc((size_t)(n > 0 ? n : 1) * sizeof *drops);
    int        status = sets && drops ? JP_OK : jp_fail_memory(e);
    for (int u = jp_bitset_next(x->set, 0); u >= 0 && !status; u = jp_bitset_next(x->set, u + 1)) {
        jp_bitset_copy(&sets[count], x->set);
        jp_bitset_remove(&sets[count], u);
        x->members[count++].unit = u;
    }
    if (!status) status = jp_scorer_drops(x->how->scorer, sets, count, drops, e);
    for (int i = 0; i < count && status <= 0; i++) x->members[i].after = drops[i];
    x->count = count;
    if (status <= 0) qsort(x->members, (size_t)count, sizeof *x->members, by_after);
    jp_bitset_array_free(sets);
    free(drops);
    return status;
}

/* Whether the set without members [from, to) passes; x->without is that set. */
static int try_without(elimination *x, int from, int to, double after, bool *yes, jopa_error *e) {
    jp_bitset_copy(&x->without, x->set);
    for (int i = from; i < to; i++) jp_bitset_remove(&x->without, x->members[i].unit);
    *yes = false;
    if (jp_bitset_next(&x->without, 0) < 0) return JP_OK;
    int status = isnan(after) ? jp_scorer_drops(x->how->scorer, &x->without, 1, &after, e) : JP_OK;
    if (status || isnan(after)) return status;
    status = x->how->passes(x->how->user, &x->without, x->drop, after, yes, e);
    if (status || !*yes) return status;
    jp_bitset_copy(x->set, &x->without);
    x->drop = after;
    return JP_OK;
}

/* ---- one after another ----------------------------------------------------------------------------------------------
 */

static int one_by_one(elimination *x, jopa_error *e) {
    int status = JP_OK;
    for (bool taken = true; taken && !status && jp_bitset_count(x->set) > 1;) {
        taken = false;
        status = measure_returns(x, e);
        for (int i = 0; i < x->count && !status && !taken && !isnan(x->members[i].after); i++)
            status = try_without(x, i, i + 1, x->members[i].after, &taken, e);
    }
    return status;
}

/* ---- in passes ------------------------------------------------------------------------------------------------------
 */

/* Take out members [from, to) together, or else the halves. */
static int take_out_members(elimination *x, int from, int to, bool *taken, jopa_error *e) {
    bool yes;
    int  status = try_without(x, from, to, NAN, &yes, e);
    *taken |= yes;
    if (status || yes || to - from < 2) return status;
    int middle = from + (to - from + 1) / 2;
    status = take_out_members(x, from, middle, taken, e);
    return status ? status : take_out_members(x, middle, to, taken, e);
}

/* How many of the sorted members may go as far as one knows. */
static int count_candidates(elimination *x, int *count, jopa_error *e) {
    int status = JP_OK;
    for (*count = 0; *count < x->count && !status && !isnan(x->members[*count].after); ++*count) {
        bool yes = true;
        jp_bitset_copy(&x->without, x->set);
        jp_bitset_remove(&x->without, x->members[*count].unit);
        if (!x->how->dear)
            status = x->how->passes(x->how->user, &x->without, x->drop, x->members[*count].after, &yes, e);
        if (status || !yes) break;
    }
    return status;
}

static int in_passes(elimination *x, jopa_error *e) {
    int64_t end = spent_elimination(x) + jp_eliminate_limit(x->how);
    int     status = JP_OK, count;
    for (bool taken = true; taken && !status && jp_bitset_count(x->set) > 1 && spent_elimination(x) < end;) {
        taken = false;
        status = measure_returns(x, e);
        if (!status) status = count_candidates(x, &count, e);
        if (!status && count) status = take_out_members(x, 0, count, &taken, e);
    }
    return status;
}

int jp_eliminate(const jp_elimination *how, jp_bitset *set, jopa_error *e) {
    elimination x = {.how = how, .set = set, .drop = NAN};
    double      count = jp_bitset_count(set);
    x.members = malloc((size_t)(set->n > 0 ? set->n : 1) * sizeof *x.members);
    int status = !x.members || jp_bitset_init(&x.without, set->n) ? jp_fail_memory(e) : JP_OK;
    if (!status) status = jp_scorer_drops(how->scorer, set, 1, &x.drop, e);
    if (!status && !isnan(x.drop))
        status = count * (count + 1) / 2 <= jp_eliminate_limit(how) ? one_by_one(&x, e) : in_passes(&x, e);
    free(x.members);
    jp_bitset_free(&x.without);
    return status;
}
