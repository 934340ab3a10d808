#include "use/smallest.h"

#include <math.h>
#include <stdlib.h>

#include "search/eliminate.h"

enum {
    CANDIDATES = 12,     /* units tried in each step of the forward selection */
    HOPELESS = 4,        /* steps when hiding everything is not enough */
    BUDGET_PER_UNIT = 6, /* of the first search for a smaller set, */
    BUDGET_MIN = 256,    /* at least: few units are enumerated; */
    DESCENT = 2,         /* times as much for all of them: each has half of what is left, */
    STEP_MIN = 32,       /* as long as that is so many evaluations */
    TESTED = 60,         /* evaluations, each with the caller's test, that pruning may cost beyond one pass */
    ALTERNATIVES = 3     /* single units that are put to the caller's test */
};
static const double NEARLY = 0.9; /* of the largest drop, where none is enough */

typedef struct {
    const jp_smallest_task *task;
    int                     n;
    double                 *gain;  /* [n] what adding each unit was last seen to give */
    double                 *drops; /* [n] scratch */
    int                    *units; /* [n] scratch */
    jp_bitset              *sets;  /* [n] scratch */
    jp_bitset               taken; /* scratch */
    jp_bitset               path;  /* the set that grows */
    double                  path_drop;
} search;

static int decide(const search *s, const jp_bitset *set, double drop, bool *yes, jopa_error *e) {
    *yes = false;
    if (s->task->suffices) return s->task->suffices(s->task->user, set, yes, e);
    *yes = drop >= s->task->enough;
    return JP_OK;
}

/* ---- one unit, then more ----------------------------------------------------------------------------------------- */

/* The best single units, put to the test one by one. */
static int try_singles(search *s, jp_selection *found, bool *reached, jopa_error *e) {
    int most = s->task->suffices ? ALTERNATIVES : 1, status = JP_OK;
    for (int i = 0; i < most && i < s->n && !*reached && !status; i++) {
        int best = -1;
        for (int u = 0; u < s->n; u++)
            if (!isnan(s->gain[u]) && (best < 0 || s->gain[u] > s->gain[best])) best = u;
        if (best < 0) break;
        jp_bitset_clear(&s->sets[0]);
        jp_bitset_add(&s->sets[0], best);
        s->gain[best] = NAN; /* not again */
        status = decide(s, &s->sets[0], found->score[best], reached, e);
        if (i == 0 || *reached) {
            jp_bitset_copy(&found->selected, &s->sets[0]);
            s->path_drop = found->score[best];
        }
    }
    for (int u = 0; u < s->n; u++) s->gain[u] = found->score[u];
    jp_bitset_copy(&s->path, &found->selected);
    return status;
}

/* The unit outside `taken` that promised most, -1: none is left. */
static int most_promising(const search *s) {
    int best = -1;
    for (int u = 0; u < s->n; u++)
        if (!jp_bitset_has(&s->taken, u) && (best < 0 || isnan(s->gain[best]) || s->gain[u] > s->gain[best])) best = u;
    return best;
}

/* Add the unit that raises the drop most, of those that promised most. *grown: one of them has a drop. */
static int grow_set(search *s, bool *grown, jopa_error *e) {
    int count = 0;
    jp_bitset_copy(&s->taken, &s->path);
    for (int u; count < CANDIDATES && (u = most_promising(s)) >= 0; count++) {
        jp_bitset_add(&s->taken, u);
        s->units[count] = u;
        jp_bitset_copy(&s->sets[count], &s->path);
        jp_bitset_add(&s->sets[count], u);
    }
    int top = -1, status = jp_scorer_drops(s->task->scorer, s->sets, count, s->drops, e);
    *grown = false;
    for (int i = 0; i < count && !status; i++) {
        s->gain[s->units[i]] = s->drops[i] - s->path_drop;
        if (!isnan(s->drops[i]) && (top < 0 || s->drops[i] > s->drops[top])) top = i;
    }
    if (top < 0) return status;
    jp_bitset_add(&s->path, s->units[top]);
    s->path_drop = s->drops[top];
    *grown = true;
    return JP_OK;
}

/* Steps worth taking: few when even hiding everything is not enough. */
static int step_limit(search *s, int *steps, jopa_error *e) {
    double drop;
    *steps = s->task->leave_one && s->n > 1 ? s->n - 1 : s->n;
    if (s->task->suffices) return JP_OK;
    jp_bitset_clear(&s->sets[0]);
    for (int u = 0; u < s->n; u++) jp_bitset_add(&s->sets[0], u);
    int status = jp_scorer_drops(s->task->scorer, s->sets, 1, &drop, e);
    if (!status && drop<s->task->enough && * steps> HOPELESS) *steps = HOPELESS;
    return status;
}

/* From the best single unit on, until it is enough. When it never is: the first set that is nearly the best. */
static int grow_until(search *s, jp_selection *found, bool *reached, jopa_error *e) {
    int    steps, size = 1, status = step_limit(s, &steps, e);
    double best = s->path_drop, kept = s->path_drop;
    for (; size < steps && !*reached && !status; size++) {
        bool grown;
        status = grow_set(s, &grown, e);
        if (!status && grown) status = decide(s, &s->path, s->path_drop, reached, e);
        if (status || !grown) break;
        best = fmax(best, s->path_drop);
        if (*reached || (kept < NEARLY * best && s->path_drop > kept)) {
            jp_bitset_copy(&found->selected, &s->path);
            kept = s->path_drop;
        }
    }
    return status;
}

/* ---- fewer --------------------------------------------------------------------------------------------------------
 */

static int is_still_enough(void *user, const jp_bitset *set, double before, double after, bool *yes, jopa_error *e) {
    (void)before;
    return decide(user, set, after, yes, e);
}

/* Take out the members without which the set is still enough, the least needed first. */
static int prune(search *s, jp_bitset *set, jopa_error *e) {
    bool           dear = s->task->suffices != NULL;
    jp_elimination how = {
        .scorer = s->task->scorer, .passes = is_still_enough, .user = s, .dear = dear, .limit = dear ? TESTED : 0};
    return jp_eliminate(&how, set, e);
}

/* The joint search for at most k units; *found: its set is enough, and in smaller->selected. */
static int search_smaller(search *s, int k, int budget, jp_selection *smaller, bool *found, jopa_error *e) {
    jp_task task = {.scorer = s->task->scorer, .n = s->n, .k = k, .budget = budget, .seed = s->task->seed};
    double  drop = NAN;
    task.spent = jp_task_spent(&task);
    jp_bitset_clear(&smaller->selected);
    jp_scorer_limit_size(task.scorer, k);
    int status = jp_method_find("jopa")->run(&task, smaller, e);
    if (status <= 0 && jp_bitset_count(&smaller->selected)) {
        int scored = jp_scorer_drops(task.scorer, &smaller->selected, 1, &drop, e);
        if (!status) status = scored;
    }
    *found = false;
    return status || isnan(drop) ? status : decide(s, &smaller->selected, drop, found, e);
}

/* One size less, by the joint search, as long as that works: what the searches spend halves from one to the next. */
static int descend(search *s, jp_bitset *set, jopa_error *e) {
    jp_task      bill = {.scorer = s->task->scorer};
    jp_selection smaller;
    int          first = BUDGET_PER_UNIT * s->n > BUDGET_MIN ? BUDGET_PER_UNIT * s->n : BUDGET_MIN;
    int          end = jp_task_spent(&bill) + DESCENT * first, status = jp_selection_init(&smaller, s->n, e);
    bool         found = true;
    while (found && !status && jp_bitset_count(set) > 2) {
        int budget = (end - jp_task_spent(&bill)) / 2;
        if (budget < STEP_MIN) break;
        status = search_smaller(s, jp_bitset_count(set) - 1, budget, &smaller, &found, e);
        if (found) jp_bitset_copy(set, &smaller.selected);
        if (found && !status) status = prune(s, set, e);
    }
    jp_selection_free(&smaller);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------
 */

static int run_smallest(search *s, jp_selection *found, bool *reached, jopa_error *e) {
    int status = jp_single_drops(s->task->scorer, found->score, e);
    for (int u = 0; u < s->n; u++) s->gain[u] = found->score[u];
    if (status > 0) return status;
    int tried = try_singles(s, found, reached, e);
    if (!status) status = tried;
    if (status || *reached) return status;
    status = grow_until(s, found, reached, e);
    if (!status && *reached) status = prune(s, &found->selected, e);
    if (!status && *reached) status = descend(s, &found->selected, e);
    return status;
}

int jp_smallest_set(const jp_smallest_task *task, jp_selection *found, bool *reached, jopa_error *e) {
    int    n = jp_scorer_units(task->scorer), status = JP_OK;
    search s = {.task = task,
                .n = n,
                .gain = malloc((size_t)n * sizeof(double)),
                .drops = malloc((size_t)n * sizeof(double)),
                .units = malloc((size_t)n * sizeof(int)),
                .sets = jp_bitset_array_new(n, n)};
    *reached = false;
    if (!s.gain || !s.drops || !s.units || !s.sets || jp_bitset_init(&s.path, n) || jp_bitset_init(&s.taken, n))
        status = jp_fail_memory(e);
    if (!status) status = run_smallest(&s, found, reached, e);
    free(s.gain);
    free(s.drops);
    free(s.units);
    jp_bitset_array_free(s.sets);
    jp_bitset_free(&s.path);
    jp_bitset_free(&s.taken);
    return status;
}
