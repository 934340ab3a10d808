/* JoPA (Chang et al. 2024): a masking probability for each unit, sum k, from which k-sets are sampled in batches; the
 * probabilities move towards the best sets seen (cross-entropy method: Rubinstein 1999), and swaps around the
 * incumbent polish it. Instances smaller than the budget are enumerated. */
#include <math.h>
#include <stdlib.h>

#include "method/exhaustive.h"

enum {
    BUDGET_PER_UNIT = 12,  /* default budget, in evaluations a unit */
    PATIENCE_PER_UNIT = 4, /* evaluations without improvement after which the search ends */
    ELITES = 10,
    TRIES = 20             /* samples drawn for one set that is new */
};
static const double RATE = 0.3, FLOOR = 0.01, SWAPS = 0.5;

typedef struct {
    const jp_task *task;
    jp_random      random;
    double        *probability, *odds, *keys; /* [n] */
    int           *units;                     /* [n] scratch */
    jp_bitset     *elite;                     /* [ELITES] best first */
    double         elite_drop[ELITES];
    int            n_elites;
    jp_bitset     *round; /* [batch] */
    double        *drops;
    int            batch, spent, since_better;
} search;

/* Scale to sum k with every probability in [FLOOR, 1 - FLOOR]. */
static void normalise(double *p, int n, int k) {
    for (int pass = 0; pass < 8; pass++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += p[i];
        for (int i = 0; i < n; i++) p[i] = fmin(1 - FLOOR, fmax(FLOOR, p[i] * k / sum));
    }
}

static void keep_elite(search *s, const jp_bitset *set, double drop) {
    if (isnan(drop) || (s->n_elites == ELITES && drop <= s->elite_drop[ELITES - 1])) return;
    for (int i = 0; i < s->n_elites; i++)
        if (jp_bitset_equal(&s->elite[i], set)) return;
    if (s->n_elites < ELITES) s->n_elites++;
    int        at = s->n_elites - 1;
    jp_bitset  spare = s->elite[at];
    for (; at > 0 && s->elite_drop[at - 1] < drop; at--) {
        s->elite[at] = s->elite[at - 1];
        s->elite_drop[at] = s->elite_drop[at - 1];
    }
    s->elite[at] = spare;
    jp_bitset_copy(&s->elite[at], set);
    s->elite_drop[at] = drop;
    if (at == 0) s->since_better = 0;
}

/* Move the probabilities towards how often each unit is in the elites. */
static void learn(search *s) {
    for (int i = 0; i < s->task->n; i++) {
        int held = 0;
        for (int j = 0; j < s->n_elites; j++) held += jp_bitset_has(&s->elite[j], i);
        s->probability[i] += RATE * ((double)held / s->n_elites - s->probability[i]);
    }
    normalise(s->probability, s->task->n, s->task->k);
    for (int i = 0; i < s->task->n; i++) s->odds[i] = s->probability[i] / (1 - s->probability[i]);
}

static void sample(search *s, jp_bitset *set) {
    jp_random_weighted_subset(&s->random, s->odds, s->task->n, s->task->k, s->units, s->keys);
    jp_bitset_clear(set);
    for (int j = 0; j < s->task->k; j++) jp_bitset_add(set, s->units[j]);
}

/* The incumbent with one unit exchanged for another, both picked by the probabilities, or left out. */
static void swap(search *s, jp_bitset *set) {
    int n = s->task->n, out;
    jp_bitset_copy(set, &s->elite[jp_random_below(&s->random, s->n_elites < 3 ? s->n_elites : 3)]);
    int held = jp_bitset_members(set, s->units);
    for (int j = 0; j < held; j++) s->keys[j] = 1 / s->odds[s->units[j]];
    double *scratch = s->keys + n;
    jp_random_weighted_subset(&s->random, s->keys, held, 1, &out, scratch);
    jp_bitset_remove(set, s->units[out]);
    if (held > 1 && jp_random_unit(&s->random) < 0.1) return;
    int left_out = s->units[out], in;
    for (int i = 0; i < n; i++) s->keys[i] = jp_bitset_has(set, i) || i == left_out ? 0 : s->odds[i];
    jp_random_weighted_subset(&s->random, s->keys, n, 1, &in, scratch);
    jp_bitset_add(set, in);
}

/* Fill s->round with sets that have not been scored; returns how many. */
static int propose(search *s) {
    int count = 0;
    for (int i = 0; i < s->batch; i++) {
        jp_bitset *set = &s->round[count];
        for (int tries = 0; tries < TRIES; tries++) {
            if (s->n_elites && jp_random_unit(&s->random) < SWAPS) swap(s, set);
            else sample(s, set);
            bool seen = jp_scorer_known(s->task->scorer, set, NULL);
            for (int j = 0; j < count && !seen; j++) seen = jp_bitset_equal(set, &s->round[j]);
            if (!seen) {
                count++;
                break;
            }
        }
    }
    return count;
}

static int round_of(search *s, int count, jopa_error *e) {
    int status = jp_scorer_drops(s->task->scorer, s->round, count, s->drops, e);
    s->spent += count;
    s->since_better += count;
    for (int i = 0; i < count && status <= 0; i++) keep_elite(s, &s->round[i], s->drops[i]);
    return status;
}

/* Start from what each unit does alone. */
static int start(search *s, jp_selection *selection, jopa_error *e) {
    int     n = s->task->n, k = s->task->k;
    double *single = selection->score, low = INFINITY, high = -INFINITY;
    int     status = jp_single_drops(s->task->scorer, single, e);
    if (status > 0) return status;
    for (int i = 0; i < n; i++) {
        if (isnan(single[i])) continue;
        low = fmin(low, single[i]);
        high = fmax(high, single[i]);
    }
    for (int i = 0; i < n; i++)
        s->probability[i] = isnan(single[i]) || high <= low ? (double)k / n : (single[i] - low) / (high - low) + FLOOR;
    normalise(s->probability, n, k);
    for (int i = 0; i < n; i++) s->odds[i] = s->probability[i] / (1 - s->probability[i]);
    for (int i = 0; i < n && !isnan(single[i]); i++) {
        jp_bitset_clear(&s->round[0]);
        jp_bitset_add(&s->round[0], i);
        keep_elite(s, &s->round[0], single[i]);
    }
    if (status) return status;
    jp_select_top(single, n, k, &s->round[0]);
    s->spent = n;
    return round_of(s, 1, e);
}

static int climb(search *s, int budget, jopa_error *e) {
    int status = JP_OK, stale = 0, patience = PATIENCE_PER_UNIT * s->task->n + 2 * s->batch;
    while (!status && s->spent < budget && s->since_better < patience && stale < 3) {
        int count = propose(s);
        if (count < s->batch) { /* collapsed: spread the probabilities again */
            stale += count == 0;
            for (int i = 0; i < s->task->n; i++) s->probability[i] = (s->probability[i] + (double)s->task->k / s->task->n) / 2;
        }
        if (count) status = round_of(s, count, e);
        if (status <= 0) learn(s);
    }
    return status;
}

static int allocate(search *s, const jp_task *task, jopa_error *e) {
    size_t n = (size_t)task->n;
    *s = (search){.task = task, .batch = jp_scorer_batch(task->scorer)};
    jp_random_seed(&s->random, task->seed);
    s->probability = malloc(4 * n * sizeof(double));
    s->odds = s->probability + n;
    s->keys = s->odds + n; /* 2 n */
    s->units = malloc(n * sizeof *s->units);
    s->elite = jp_bitset_array_new(ELITES, task->n);
    s->round = jp_bitset_array_new(s->batch, task->n);
    s->drops = malloc((size_t)s->batch * sizeof *s->drops);
    return s->probability && s->units && s->elite && s->round && s->drops ? JP_OK : jp_fail_memory(e);
}

static void release(search *s) {
    free(s->probability);
    free(s->units);
    jp_bitset_array_free(s->elite);
    jp_bitset_array_free(s->round);
    free(s->drops);
}

static int run_jopa(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int budget = task->budget > 0 ? task->budget : BUDGET_PER_UNIT * task->n + 4 * jp_scorer_batch(task->scorer);
    if (jp_exhaustive_sets(task->n, task->k) <= budget) return jp_method_find("exhaustive")->run(task, selection, e);
    search s;
    int    status = allocate(&s, task, e);
    if (!status) status = start(&s, selection, e);
    if (!status) status = climb(&s, budget, e);
    if (status <= 0) {
        if (s.n_elites) jp_bitset_copy(&selection->selected, &s.elite[0]);
        for (int i = 0; i < task->n; i++) selection->probability[i] = s.probability[i];
    }
    release(&s);
    return status;
}

const jp_method jp_method_jopa = {
    .name = "jopa", .summary = "joint sets found by sampling from learnt masking probabilities", .seeded = true, .run = run_jopa};
