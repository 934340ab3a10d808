/* The ablation of jopa without probabilities: gradient greedy. Start from the units that the guide ranks highest; then
 * take the guide at the incumbent and try its top units in exchange for the members that are needed least. No random
 * number is drawn. */
#include <math.h>
#include <stdlib.h>

#include "search/guide.h"
#include "method/jopa.h"
#include "search/joint.h"

enum { GRADIENTS = 2 }; /* at the start; one at each incumbent */
enum { OFFERED = 4 };   /* units taken in, and members let go, that one step combines */

/* The members whose return costs least, and the units the guide offers, both at most OFFERED, into s->units. */
static int rank_noprob(jp_search *s, int *out, int *n_out, int *in, int *n_in, jp_bitset *set, jopa_error *e) {
    int     members = jp_bitset_members(&s->incumbent, s->units), status = JP_OK;
    double *without = s->gain, *guide = s->keys;
    for (int i = 0; i < s->n; i++) without[i] = guide[i] = NAN;
    for (int i = 0; i < members && !status; i++) {
        jp_bitset_copy(set, &s->incumbent);
        jp_bitset_remove(set, s->units[i]);
        if (jp_bitset_count(set)) status = jp_scorer_drops(s->task->scorer, set, 1, &without[s->units[i]], e);
        else without[s->units[i]] = 0;
    }
    if (!status) status = jp_guide(s->task->scorer, &s->incumbent, 1, guide, e);
    if (status) return status;
    jp_select_top(without, s->n, OFFERED, set);
    *n_out = jp_bitset_members(set, out);
    jp_select_top(guide, s->n, OFFERED, set);
    *n_in = jp_bitset_members(set, in);
    return JP_OK;
}

/* Try exchanges around the incumbent; *better: one of them replaced it. */
static int step_noprob(jp_search *s, jp_bitset *set, bool *better, jopa_error *e) {
    int      *out = malloc(2 * (size_t)s->n * sizeof *out), *in = out + s->n, n_out = 0, n_in = 0;
    double    before = s->best;
    jp_bitset from;
    if (!out || jp_bitset_init(&from, s->n)) {
        free(out);
        return jp_fail_memory(e);
    }
    jp_bitset_copy(&from, &s->incumbent);
    int status = rank_noprob(s, out, &n_out, in, &n_in, set, e);
    for (int i = 0; i < n_out * n_in && !status; i++) {
        jp_bitset_copy(set, &from);
        jp_bitset_remove(set, out[i / n_in]);
        jp_bitset_add(set, in[i % n_in]);
        jp_search_propose(s, set);
        if (s->n_round == s->batch) status = jp_search_score(s, e);
    }
    if (!status) status = jp_search_score(s, e);
    *better = s->best > before;
    jp_bitset_free(&from);
    free(out);
    return status;
}

static int climb_noprob(jp_search *s, jp_bitset *set, jopa_error *e) {
    int  price = jp_scorer_gradient_price(s->task->scorer);
    int  status = jp_guide(s->task->scorer, NULL, s->budget > GRADIENTS * price ? GRADIENTS : 1, s->mean, e);
    bool better = true;
    if (status > 0) return status;
    jp_select_top(s->mean, s->n, s->k, set);
    if (jp_bitset_count(set)) jp_bitset_copy(&s->incumbent, set);
    jp_search_propose(s, set);
    if (!status) status = jp_search_score(s, e);
    while (!status && better && jp_search_spent(s) < s->budget) status = step_noprob(s, set, &better, e);
    return status;
}

static int run_noprob(const jp_task *task, jp_selection *selection, jopa_error *e) {
    jp_search s;
    jp_bitset set;
    if (jp_bitset_init(&set, task->n)) return jp_fail_memory(e);
    int status = jp_search_init(&s, task, task->budget > 0 ? task->budget : jp_jopa_budget(task), e);
    if (!status) {
        status = climb_noprob(&s, &set, e);
        if (status <= 0) jp_bitset_copy(&selection->selected, &s.incumbent);
        for (int i = 0; i < s.n && status <= 0; i++) selection->score[i] = s.mean[i];
        jp_search_free(&s);
    }
    jp_bitset_free(&set);
    if (!status) status = jp_joint_prune(task->scorer, &selection->selected, JP_JOPA_RETURN_COST, e);
    return status;
}

const jp_method jp_method_jopa_noprob = {.name = "jopa-noprob",
                                         .summary = "gradient greedy: jopa without sampling",
                                         .needs = JP_CAN_GRADIENT,
                                         .run = run_noprob,
                                         .default_budget = jp_jopa_budget};
