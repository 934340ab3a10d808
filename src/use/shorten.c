#include "use/shorten.h"

#include <math.h>
#include <stdlib.h>

enum {
    BUDGET_PER_UNIT = 8, /* default, in evaluations a unit */
    PREFIXES = 4,        /* chunks of halved sizes tried at once */
    EXCHANGES = 8        /* numbers of exchanges tried at once */
};

typedef struct {
    const jp_shorten_task *task;
    int                    n, budget;
    jp_bitset              out; /* taken out so far */
    double                 drop;
    jp_bitset              best; /* the answer */
    double                 best_drop;
    bool                   have_best;
    double *cost;  /* [n] of taking a unit out, as last measured; for units that are out: what putting it back gains */
    int    *order; /* [n] scratch */
    int    *back;  /* [n] scratch */
    jp_bitset *sets;  /* [n] scratch */
    double    *drops; /* [n] scratch */
    int        spent;
} search;

static int weight_of(const search *s, const jp_bitset *set) {
    int weight = 0;
    for (int u = jp_bitset_next(set, 0); u >= 0; u = jp_bitset_next(set, u + 1)) weight += s->task->weight[u];
    return weight;
}

/* Whether a set is an answer at all: something is left, and enough is out or the drop allowed. */
static bool fits(const search *s, const jp_bitset *set, double drop) {
    if (jp_bitset_count(set) == s->n) return false;
    return s->task->want > 0 ? weight_of(s, set) >= s->task->want : drop <= s->task->allowed;
}

static void note_shorten(search *s, const jp_bitset *set, double drop) {
    if (isnan(drop) || !fits(s, set, drop)) return;
    int weight = weight_of(s, set), best = s->have_best ? weight_of(s, &s->best) : -1;
    if (s->have_best &&
        (s->task->want > 0 ? drop >= s->best_drop : weight < best || (weight == best && drop >= s->best_drop)))
        return;
    jp_bitset_copy(&s->best, set);
    s->best_drop = drop;
    s->have_best = true;
}

static int score_shorten(search *s, int count, jopa_error *e) {
    int status = jp_scorer_drops(s->task->scorer, s->sets, count, s->drops, e);
    for (int i = 0; i < count && status <= 0; i++) note_shorten(s, &s->sets[i], s->drops[i]);
    s->spent += count;
    return status;
}

/* Smaller is better to take out: units that help by going come first, then the cheapest a token, at last those whose
 * cost nobody knows. */
static double key(const search *s, int unit, double cost) {
    return isnan(cost) ? INFINITY : cost > 0 ? cost / s->task->weight[unit] : cost;
}

/* Units with out-ness `out` into order[], by ascending key; returns how many. */
static int sort_units(const search *s, bool out, int *order) {
    int count = 0;
    for (int u = 0; u < s->n; u++) {
        if (jp_bitset_has(&s->out, u) != out) continue;
        int at = count++;
        for (; at > 0 && key(s, order[at - 1], s->cost[order[at - 1]]) > key(s, u, s->cost[u]); at--)
            order[at] = order[at - 1];
        order[at] = u;
    }
    return count;
}

/* ---- elimination ----------------------------------------------------------------------------------------------------
 */

/* Measure the cost of taking out each of the first `count` units of order[], around what is out. */
static int measure_shorten(search *s, int count, jopa_error *e) {
    for (int i = 0; i < count; i++) {
        jp_bitset_copy(&s->sets[i], &s->out);
        jp_bitset_add(&s->sets[i], s->order[i]);
    }
    int status = score_shorten(s, count, e);
    for (int i = 0; i < count && status <= 0; i++)
        if (!isnan(s->drops[i])) s->cost[s->order[i]] = s->drops[i] - s->drop;
    return status;
}

/* How many of the sorted units the next chunk may hold: half of what is still to go, or an eighth of what is left. */
static int chunk_size(const search *s, int left) {
    int count = left / 8;
    if (s->task->want > 0) {
        int missing = s->task->want - weight_of(s, &s->out), weight = 0;
        for (count = 0; count < left && weight < missing; count++) weight += s->task->weight[s->order[count]];
        count = (count + 1) / 2;
    }
    if (count > left - 1) count = left - 1;
    return count < 1 ? 1 : count;
}

/* Take out the first `size` units of order[], or fewer where that costs too much. *taken: how many. */
static int take_chunk(search *s, int size, int *taken, jopa_error *e) {
    int sizes[PREFIXES], count = 0;
    for (; size >= 1 && count < PREFIXES; size /= 2) {
        jp_bitset_copy(&s->sets[count], &s->out);
        for (int i = 0; i < size; i++) jp_bitset_add(&s->sets[count], s->order[i]);
        sizes[count++] = size;
        if (s->task->want > 0) break;
    }
    int status = score_shorten(s, count, e);
    *taken = 0;
    for (int i = 0; i < count && status <= 0 && !*taken; i++) {
        if (isnan(s->drops[i]) || (s->task->want <= 0 && s->drops[i] > s->task->allowed)) continue;
        jp_bitset_copy(&s->out, &s->sets[i]);
        s->drop = s->drops[i];
        *taken = sizes[i];
    }
    return status;
}

static bool complete(const search *s) { return s->task->want > 0 && weight_of(s, &s->out) >= s->task->want; }

/* Take out chunk after chunk until enough is out, or nothing more may go. */
static int eliminate(search *s, jopa_error *e) {
    int status = JP_OK;
    while (!status && !complete(s)) {
        int left = sort_units(s, false, s->order), size, taken;
        if (left < 2) break;
        size = chunk_size(s, left);
        int candidates = 2 * size + 4 < left ? 2 * size + 4 : left;
        if (jp_bitset_count(&s->out))
            status = measure_shorten(s, candidates, e); /* at first the single drops are this already */
        if (status) break;
        sort_units(s, false, s->order);
        status = take_chunk(s, chunk_size(s, left), &taken, e);
        if (!taken) break;
    }
    return status;
}

/* ---- exchanges ----------------------------------------------------------------------------------------------------
 */

/* What putting each unit that is out back gains, as cost[unit]. */
static int measure_back(search *s, jopa_error *e) {
    int count = 0;
    for (int u = jp_bitset_next(&s->out, 0); u >= 0; u = jp_bitset_next(&s->out, u + 1)) {
        jp_bitset_copy(&s->sets[count], &s->out);
        jp_bitset_remove(&s->sets[count], u);
        s->back[count++] = u;
    }
    int status = score_shorten(s, count, e);
    for (int i = 0; i < count && status <= 0; i++)
        if (!isnan(s->drops[i])) s->cost[s->back[i]] = s->drop - s->drops[i];
    return status;
}

/* Put the `pairs` most valuable units of back[] back, then take out the cheapest of order[]: `pairs`, and more until
 * the weight is right. False: not possible. */
static bool exchange_shorten(const search *s, int pairs, int outside, int inside, jp_bitset *set) {
    int next = 0, missing = s->task->want > 0 ? s->task->want : weight_of(s, &s->out);
    jp_bitset_copy(set, &s->out);
    for (int i = 0; i < pairs && i < outside; i++) jp_bitset_remove(set, s->back[outside - 1 - i]);
    missing -= weight_of(s, set);
    for (; next < inside - 1 && missing > 0; next++) {
        jp_bitset_add(set, s->order[next]);
        missing -= s->task->weight[s->order[next]];
    }
    return missing <= 0;
}

/* One sweep: measure all units around what is out, then try 1, 2, 3, ... exchanges at once. *better: it helped. */
static int sweep_shorten(search *s, bool *better, jopa_error *e) {
    *better = false;
    int inside = sort_units(s, false, s->order), outside, count = 0, top = -1;
    int status = measure_shorten(s, inside, e);
    if (!status) status = measure_back(s, e);
    if (status) return status;
    inside = sort_units(s, false, s->order);
    outside = sort_units(s, true, s->back);
    for (int pairs = 1; pairs <= EXCHANGES && pairs <= outside && count < s->n; pairs++)
        count += exchange_shorten(s, pairs, outside, inside, &s->sets[count]);
    status = score_shorten(s, count, e);
    for (int i = 0; i < count && status <= 0; i++)
        if (!isnan(s->drops[i]) && s->drops[i] < s->drop && (top < 0 || s->drops[i] < s->drops[top])) top = i;
    if (top < 0) return status;
    jp_bitset_copy(&s->out, &s->sets[top]);
    s->drop = s->drops[top];
    *better = true;
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------
 */

static int run_shorten(search *s, jp_selection *found, jopa_error *e) {
    int status = jp_single_drops(s->task->scorer, found->score, e);
    if (status) return status;
    s->spent = s->n;
    for (int u = 0; u < s->n; u++) {
        s->cost[u] = found->score[u];
        jp_bitset_clear(&s->sets[0]);
        jp_bitset_add(&s->sets[0], u);
        note_shorten(s, &s->sets[0], found->score[u]);
    }
    for (bool better = true; better && !status && s->spent < s->budget;) {
        status = eliminate(s, e);
        if (!status && s->spent < s->budget) status = sweep_shorten(s, &better, e);
    }
    return status;
}

int jp_shorten(const jp_shorten_task *task, jp_selection *found, jopa_error *e) {
    int    n = jp_scorer_units(task->scorer), status = JP_OK;
    search s = {.task = task, .n = n, .budget = task->budget > 0 ? task->budget : BUDGET_PER_UNIT * n};
    s.cost = malloc(2 * (size_t)n * sizeof(double));
    s.order = malloc(2 * (size_t)n * sizeof(int));
    s.sets = jp_bitset_array_new(n + PREFIXES, n);
    s.drops = malloc((size_t)(n + PREFIXES) * sizeof(double));
    if (!s.cost || !s.order || !s.sets || !s.drops || jp_bitset_init(&s.out, n) || jp_bitset_init(&s.best, n))
        status = jp_fail_memory(e);
    s.back = s.order ? s.order + n : NULL;
    if (!status) status = run_shorten(&s, found, e);
    if (status <= 0) jp_bitset_copy(&found->selected, s.have_best ? &s.best : &s.out);
    free(s.cost);
    free(s.order);
    free(s.drops);
    jp_bitset_array_free(s.sets);
    jp_bitset_free(&s.out);
    jp_bitset_free(&s.best);
    return status;
}

/* ---- by a fixed order --------------------------------------------------------------------------------------- */

static void take_first(const int *order, int count, jp_bitset *out) {
    jp_bitset_clear(out);
    for (int i = 0; i < count; i++) jp_bitset_add(out, order[i]);
}

/* The longest allowed prefix, by bisection. */
static int bisect(const jp_shorten_task *task, const int *order, int n, jp_bitset *out, jopa_error *e) {
    int low = 0, high = n - 1, status = JP_OK;
    while (low < high && !status) {
        int    middle = (low + high + 1) / 2;
        double drop;
        take_first(order, middle, out);
        status = jp_scorer_drops(task->scorer, out, 1, &drop, e);
        if (status) break;
        if (drop <= task->allowed) low = middle;
        else high = middle - 1;
    }
    take_first(order, low, out);
    return status;
}

static double known_or_last(double value) { return isnan(value) ? INFINITY : value; }

int jp_shorten_in_order(const jp_shorten_task *task, const double *order, jp_bitset *out, jopa_error *e) {
    int  n = jp_scorer_units(task->scorer), count = 0, weight = 0, status = JP_OK;
    int *units = calloc((size_t)n, sizeof *units);
    if (!units) return jp_fail_memory(e);
    for (int u = 0; u < n; u++) {
        int at = u;
        for (; at > 0 && known_or_last(order[units[at - 1]]) > known_or_last(order[u]); at--) units[at] = units[at - 1];
        units[at] = u;
    }
    if (task->want > 0) {
        for (; count < n - 1 && weight < task->want; count++) weight += task->weight[units[count]];
        take_first(units, count, out);
    } else status = bisect(task, units, n, out, e);
    free(units);
    return status;
}
