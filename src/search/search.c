#include "search/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
    BATCH_MIN = 4,
    BATCH_MAX = 32,
    UNITS_PER_SET = 6,
    ROUNDS = 6 /* at least, where much is known before or little can be learnt */
};
static const double FLOOR = 0.002; /* of a masking probability */

/* Small rounds learn more from each set, full ones use the engine better. */
static int round_size(const jp_task *task) {
    int  size = task->n / UNITS_PER_SET, full = jp_scorer_batch(task->scorer);
    bool many = task->prior || task->known || jp_task_is_short(task);
    if (many && task->budget > 0 && size > task->budget / ROUNDS) size = task->budget / ROUNDS;
    size = size > full ? full : size;
    return size < BATCH_MIN ? BATCH_MIN : size > BATCH_MAX ? BATCH_MAX : size;
}

/* A number for each pair of units, before it is taken. */
static int check_search_memory(int n, jopa_error *e) {
    char what[80];
    snprintf(what, sizeof what, "a joint search over %d units at once", n);
    return jp_memory_check(8.0 * n * n + 3000.0 * n, what, "search by `levels`, or choose a larger `unit`", e);
}

int jp_search_init(jp_search *s, const jp_task *task, int budget, jopa_error *e) {
    size_t n = (size_t)task->n;
    if (task->n > JP_SEARCH_UNITS)
        return jp_fail(
            e, JOPA_ERROR_USAGE,
            "%d units are too many to search at once, %d at most: search by `levels`, or choose a larger `unit`",
            task->n, JP_SEARCH_UNITS);
    int status = check_search_memory(task->n, e);
    if (status) return status;
    *s = (jp_search){
        .task = task, .n = task->n, .k = task->k, .budget = budget, .best = -INFINITY, .batch = round_size(task)};
    jp_random_seed(&s->random, task->seed);
    jp_cache_init(&s->taken, task->n);
    status = jp_surrogate_new(&s->surrogate, task->n, e);
    double *numbers = calloc(7 * n, sizeof *numbers);
    s->mean = numbers;
    s->units = malloc(n * sizeof *s->units);
    s->round = jp_bitset_array_new(s->batch, task->n);
    s->drops = malloc((size_t)s->batch * sizeof *s->drops);
    if (jp_quadratic_init(&s->belief, task->n) || jp_bitset_init(&s->incumbent, task->n) || !numbers || !s->units ||
        !s->round || !s->drops)
        status = jp_fail_memory(e);
    if (status) {
        jp_search_free(s);
        return status;
    }
    s->v = s->mean + n;
    s->probability = s->v + n;
    s->single = s->probability + n;
    s->odds = s->single + n;
    s->gain = s->odds + n;
    s->keys = s->gain + n;
    for (size_t i = 0; i < n; i++) {
        s->v[i] = 1;
        s->probability[i] = (double)s->k / s->n;
        s->single[i] = NAN;
    }
    return JP_OK;
}

void jp_search_free(jp_search *s) {
    free(s->mean);
    free(s->units);
    jp_bitset_array_free(s->round);
    free(s->drops);
    jp_surrogate_free(s->surrogate);
    jp_quadratic_free(&s->belief);
    jp_bitset_free(&s->incumbent);
    jp_cache_free(&s->taken);
}

int jp_search_spent(const jp_search *s) { return jp_task_spent(s->task); }

bool jp_search_room(const jp_search *s) { return s->n_round < s->batch && jp_search_spent(s) + s->n_round < s->budget; }

/* A set that a run before this one has scored is news to this one. */
static void take_known(jp_search *s, const jp_bitset *set, double drop) {
    if (s->task->spent && isfinite(drop) && !jp_cache_get(&s->taken, set, NULL)) jp_search_take(s, set, drop, NULL);
}

bool jp_search_propose(jp_search *s, const jp_bitset *set) {
    double drop;
    if (!jp_search_room(s) || jp_bitset_next(set, 0) < 0) return false;
    if (jp_scorer_known(s->task->scorer, set, &drop)) {
        take_known(s, set, drop);
        return false;
    }
    for (int i = 0; i < s->n_round; i++)
        if (jp_bitset_equal(set, &s->round[i])) return false;
    jp_bitset_copy(&s->round[s->n_round++], set);
    return true;
}

int jp_search_take(jp_search *s, const jp_bitset *set, double drop, jopa_error *e) {
    int size = jp_bitset_count(set);
    if (isnan(drop)) return JP_OK;
    if (s->task->spent && jp_cache_put(&s->taken, set, drop)) return jp_fail_memory(e);
    if (size == 1) s->single[jp_bitset_next(set, 0)] = drop;
    if (size <= s->k && drop > s->best) {
        s->best = drop;
        s->since_better = 0;
        jp_bitset_copy(&s->incumbent, set);
    }
    return jp_surrogate_add(s->surrogate, set, drop, e);
}

int jp_search_score(jp_search *s, jopa_error *e) {
    int count = s->n_round, status = JP_OK;
    s->n_round = 0;
    if (!count) return JP_OK;
    int scored = jp_scorer_drops(s->task->scorer, s->round, count, s->drops, e);
    if (scored > 0) return scored;
    for (int i = 0; i < count && !status; i++) {
        if (isnan(s->drops[i])) continue;
        s->since_better++;
        status = jp_search_take(s, &s->round[i], s->drops[i], e);
    }
    return status ? status : scored;
}

void jp_search_normalise(jp_search *s) {
    for (int pass = 0; pass < 8; pass++) {
        double sum = 0;
        for (int i = 0; i < s->n; i++) sum += s->probability[i];
        for (int i = 0; i < s->n; i++) s->probability[i] = fmin(1 - FLOOR, fmax(FLOOR, s->probability[i] * s->k / sum));
    }
}

void jp_search_draw(jp_search *s, int size, jp_bitset *set) {
    for (int i = 0; i < s->n; i++) s->odds[i] = s->probability[i] / (1 - s->probability[i]);
    jp_random_weighted_subset(&s->random, s->odds, s->n, size, s->units, s->keys);
    jp_bitset_clear(set);
    for (int j = 0; j < size; j++) jp_bitset_add(set, s->units[j]);
}
