/* The floor that every method has to clear: one random set, or the best of as many as the budget allows. */
#include <math.h>
#include <stdlib.h>

#include "method/method.h"

/* Draw `count` sets of k units. */
static void draw_random_sets(const jp_task *task, jp_random *random, jp_bitset *sets, int count, int *units) {
    for (int i = 0; i < count; i++) {
        jp_random_subset(random, task->n, task->k, units);
        jp_bitset_clear(&sets[i]);
        for (int j = 0; j < task->k; j++) jp_bitset_add(&sets[i], units[j]);
    }
}

enum { STALE = 100 }; /* rounds without a new set after which there are hardly any left */

static int run_random(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int        total = task->budget > 1 ? task->budget - 1 : 1; /* the unmasked prompt took one */
    int        batch = jp_scorer_batch(task->scorer), status = JP_OK;
    jp_bitset *sets = jp_bitset_array_new(batch, task->n);
    double    *drops = malloc((size_t)batch * sizeof *drops), best = -INFINITY;
    int       *units = malloc((size_t)task->k * sizeof *units);
    jp_random  random;
    jp_random_seed(&random, task->seed);
    if (!sets || !drops || !units) status = jp_fail_memory(e);
    int before = 0;
    for (int done = 0, stale = 0; done < total && !status && stale < STALE; done += batch) {
        stale = jp_task_spent(task) > before ? 0 : stale + 1;
        before = jp_task_spent(task);
        int count = total - done < batch ? total - done : batch;
        draw_random_sets(task, &random, sets, count, units);
        if (!done) jp_bitset_copy(&selection->selected, &sets[0]);
        status = jp_scorer_drops(task->scorer, sets, count, drops, e);
        for (int i = 0; i < count && status <= 0; i++)
            if (drops[i] > best) jp_bitset_copy(&selection->selected, &sets[i]), best = drops[i];
    }
    jp_bitset_array_free(sets);
    free(drops);
    free(units);
    return status;
}

static int one_set(const jp_task *task) { return (void)task, 1; }

const jp_method jp_method_random = {.name = "random",
                                    .summary = "random sets: the floor",
                                    .seeded = true,
                                    .run = run_random,
                                    .default_budget = one_set};
