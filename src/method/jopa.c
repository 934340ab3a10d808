/* JoPA (Chang et al. 2024) with a surrogate. Each unit has a masking probability, sum k, which starts from the gradient
 * guide where that is cheap. First, sets of 2 k units are sampled by the probabilities: they show more interactions
 * than smaller ones. Then each round fits a quadratic model to all sets scored so far, draws models from its posterior
 * (Thompson 1933; over sets: Baptista & Poloczek 2018), and scores the sets that are best under the draws, climbed by
 * swaps and single removals from the incumbent or from a set sampled by the probabilities. How often a unit is in these
 * sets moves its probability. Half-way the units are hidden one by one, so that the result is never worse than what
 * that gives. Instances smaller than the budget are enumerated. docs/search.md has the measurements. */
#include "method/jopa.h"

#include <math.h>
#include <stdlib.h>

#include "method/exhaustive.h"
#include "search/guide.h"
#include "search/joint.h"

enum {
    BUDGET_PER_UNIT = 4,
    SMALL = 2000,
    SMALL_PER_UNIT = 3,
    SMALL_SHARE = 5,
    WARM_MIN = 12, /* first sets at least, */
    WARM_PART = 4, /* where much is known before, this part of the budget at most; sets */
    WARM_SMALL = 2,
    WARM_LARGE = 4,   /* of k times as many units, in turn */
    SINGLES_AT = 2,   /* singles once this many evaluations a unit are spent, */
    SINGLES_FROM = 3, /* where the budget has at least this many */
    PROBE_AFTER = 3,  /* half evaluations a unit without improvement after which probes are mixed in */
    PATIENCE_PER_UNIT = 2,
    PATIENCE_SHARE = 2, /* evaluations without improvement after which the search ends: this many a
                         * unit, or the budget's half */
    STALE = 4,          /* rounds without a new set after which it ends */
    TRIES = 3,          /* models drawn for each set of a round */
    EXPLOIT = 2         /* of which the posterior mean itself */
};
static const double WARM = 0.4;        /* first sets: evaluations a unit */
static const double WARM_SHARE = 0.4;  /* of a short budget, at most */
static const double GUIDE_SHARE = 0.1; /* of the budget that the guide may cost; of a short one: one gradient */
static const double GUIDE_FLAT = 0.3, GUIDE_VARIANCE = 0.5, GUIDE_MEAN = 0.5;
static const double FLAT = 0.3;  /* of the prior's variance: the part that all units have */
static const double LATE = 0.75; /* of the budget, from which on exchanges around the incumbent are half of a round */
static const double RATE = 0.3;  /* of the probabilities */

int jp_jopa_budget(const jp_task *task) {
    double sets = jp_exhaustive_sets(task->n, task->k);
    if (sets > SMALL) return BUDGET_PER_UNIT * task->n;
    return (int)fmax(SMALL_PER_UNIT * task->n, sets / SMALL_SHARE);
}

/* ---- the start --------------------------------------------------------------------------------------------------- */

/* Probabilities and variances by what s->mean expects of each unit; then its mean is 1, until sets say what it is
 * worth. */
static void start_from_mean(jp_search *s) {
    double sum = 0;
    for (int i = 0; i < s->n; i++) {
        s->mean[i] = isnan(s->mean[i]) ? 0 : fmax(s->mean[i], 0);
        sum += s->mean[i];
    }
    for (int i = 0; i < s->n && sum > 0; i++) {
        s->mean[i] *= s->n / sum;
        s->v[i] = (s->mean[i] + GUIDE_VARIANCE) / (1 + GUIDE_VARIANCE);
        s->probability[i] = s->mean[i] + GUIDE_FLAT;
    }
    jp_search_normalise(s);
}

/* An engine may have gradients, but none by attention bias: then as without. */
static int start_from_guide(jp_search *s, int gradients, jopa_error *e) {
    jopa_error why = {0};
    int        status = jp_guide(s->task->scorer, NULL, gradients, s->mean, &why);
    for (int i = 0; i < s->n && status > 0; i++) s->mean[i] = 0;
    start_from_mean(s);
    if (status == JOPA_ERROR_UNSUPPORTED) return JP_OK;
    return status > 0 ? jp_fail(e, status, "%s", why.message) : status;
}

static void start_from_prior(jp_search *s) {
    for (int i = 0; i < s->n; i++) s->mean[i] = s->task->prior[i];
    start_from_mean(s);
}

/* ---- what the scorer knows of other targets' searches --------------------------------------------------------------
 */

static double guide_of(const jp_search *s, const jp_bitset *set) {
    double sum = 0;
    for (int i = jp_bitset_next(set, 0); i >= 0; i = jp_bitset_next(set, i + 1)) sum += s->mean[i];
    return sum;
}

/* As the first sets do: what a unit's mean is worth, by the slope of drop over guide. */
static void scale_mean(jp_search *s, double product, double square) {
    for (int i = 0; i < s->n; i++) s->mean[i] *= square > 0 ? GUIDE_MEAN * fmax(product, 0) / square : 0;
}

/* Every set that is known is one of the search's; what units do alone is where it starts from. */
static int start_from_known(jp_search *s, jopa_error *e) {
    int       at = 0, status = JP_OK;
    double    drop, product = 0, square = 0;
    jp_bitset set;
    while (!status && jp_scorer_next(s->task->scorer, &at, &set, &drop))
        if (isfinite(drop) && jp_bitset_next(&set, 0) >= 0) status = jp_search_take(s, &set, drop, e);
    for (int i = 0; i < s->n; i++) s->mean[i] = s->single[i];
    start_from_mean(s);
    for (at = 0; jp_scorer_next(s->task->scorer, &at, &set, &drop);) {
        if (!isfinite(drop)) continue;
        double guide = guide_of(s, &set);
        product += guide * drop;
        square += guide * guide;
    }
    scale_mean(s, product, square);
    return status;
}

/* ---- the first sets ------------------------------------------------------------------------------------------------
 */

/* The sets that the task begins with, as far as they are known already; the others are put into the round. */
static int begin_with_sets_jopa(jp_search *s, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < s->task->n_start && !status; i++) {
        double drop;
        if (jp_scorer_known(s->task->scorer, s->task->start + i, &drop))
            status = jp_search_take(s, s->task->start + i, drop, e);
        else jp_search_propose(s, s->task->start + i);
        if (!jp_search_room(s) && !status) status = jp_search_score(s, e);
    }
    return status;
}

/* How many first sets there are. */
static int count_first_sets(const jp_search *s) {
    int wanted = (int)fmax(WARM_MIN, ceil(WARM * s->n)), left = s->budget - jp_search_spent(s);
    if (s->task->prior && wanted > s->budget / WARM_PART) return s->budget / WARM_PART + 1;
    if (jp_task_is_short(s->task)) return (int)fmax(1, fmin(WARM * s->n, ceil(WARM_SHARE * left)));
    return wanted;
}

/* The k most likely units, then sets sampled by the probabilities. Their drops also give the guide its scale: the slope
 * of drop over guide, of which the surrogate's prior takes a part. */
static int score_first_sets(jp_search *s, jp_bitset *set, jopa_error *e) {
    int    wanted = count_first_sets(s), status = begin_with_sets_jopa(s, e);
    double product = 0, square = 0;
    for (int i = 0; i < wanted && !status; i++) {
        int size = (i % 2 ? WARM_SMALL : WARM_LARGE) * s->k;
        if (i == 0) jp_select_top(s->probability, s->n, s->k, set);
        else jp_search_draw(s, size < s->n / 2 ? size : s->n / 2, set);
        jp_search_propose(s, set);
        if (s->n_round < s->batch && i < wanted - 1) continue;
        int count = s->n_round;
        status = jp_search_score(s, e);
        for (int j = 0; j < count && !status; j++) {
            if (isnan(s->drops[j])) continue;
            double guide = guide_of(s, &s->round[j]);
            product += guide * s->drops[j];
            square += guide * guide;
        }
    }
    scale_mean(s, product, square);
    return status;
}

/* Instead of them, where much is known: the best units alone together. */
static int go_on_from_known(jp_search *s, jp_bitset *set, jopa_error *e) {
    int status = begin_with_sets_jopa(s, e);
    jp_select_top(s->single, s->n, s->k, set);
    jp_search_propose(s, set);
    return status ? status : jp_search_score(s, e);
}

/* Each unit alone, then the best of them together. */
static int score_singles(jp_search *s, jp_bitset *set, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < s->n && !status; i++) {
        jp_bitset_clear(set);
        jp_bitset_add(set, i);
        jp_search_propose(s, set);
        if (s->n_round == s->batch || i == s->n - 1) status = jp_search_score(s, e);
    }
    if (status) return status;
    jp_select_top(s->single, s->n, s->k, set);
    jp_search_propose(s, set);
    return jp_search_score(s, e);
}

/* What earlier runs know of units alone costs nothing. */
static int take_known_singles(jp_search *s, jp_bitset *set, jopa_error *e) {
    for (int i = 0; i < s->n; i++) {
        jp_bitset_clear(set);
        jp_bitset_add(set, i);
        if (jp_scorer_known(s->task->scorer, set, NULL)) jp_search_propose(s, set);
    }
    jp_select_top(s->single, s->n, s->k, set);
    jp_search_propose(s, set);
    return jp_search_score(s, e);
}

/* ---- rounds -------------------------------------------------------------------------------------------------------
 */

/* The probabilities move towards how often each unit was held. */
static void learn(jp_search *s, const double *held, int count) {
    for (int i = 0; i < s->n && count; i++) s->probability[i] += RATE * (held[i] / count - s->probability[i]);
    jp_search_normalise(s);
}

/* Every other round fits twice: units whose effects, alone and in pairs, come out large in the first fit get a wider
 * prior in the second, so that few share the credit, as iterated reweighting does for sparse regression (Candes et al.
 * 2008). The rounds between give all units the same prior again, or the search would settle on what it saw first. */
static int fit_jopa(jp_search *s, jopa_error *e) {
    double mean = 0;
    bool   sparse = s->rounds++ % 2 == 0;
    for (int i = 0; i < s->n && !sparse; i++) s->v[i] = 1;
    int status = jp_surrogate_fit(s->surrogate, s->mean, s->v, e);
    if (status || !sparse) return status;
    jp_surrogate_mean(s->surrogate, &s->belief);
    for (int i = 0; i < s->n; i++) {
        const double *pair = s->belief.pair + (size_t)i * (size_t)s->n;
        s->gain[i] = fabs(s->belief.linear[i]);
        for (int j = 0; j < s->n; j++) s->gain[i] += fabs(pair[j]);
        mean += s->gain[i] / s->n;
    }
    for (int i = 0; i < s->n && mean > 0; i++) s->v[i] = (s->gain[i] / mean + FLAT) / (1 + FLAT);
    return jp_surrogate_fit(s->surrogate, s->mean, s->v, e);
}

/* A large set, each as likely as another: effects that only sets together have show in such sets first. */
static void propose_probe(jp_search *s, jp_bitset *set) {
    int size = WARM_LARGE * s->k < s->n / 2 ? WARM_LARGE * s->k : s->n / 2;
    jp_random_subset(&s->random, s->n, size, s->units);
    jp_bitset_clear(set);
    for (int i = 0; i < size; i++) jp_bitset_add(set, s->units[i]);
    jp_search_propose(s, set);
}

/* Sets that are best under draws from the posterior; heat: how far the draws are from its mean. While nothing gets
 * better, every other set is a probe. */
static int propose_round_jopa(jp_search *s, jp_bitset *set, double heat, jopa_error *e) {
    bool    probing = 2 * s->since_better > PROBE_AFTER * s->n;
    double *held = calloc((size_t)s->n, sizeof *held);
    bool    late = LATE * s->budget <= jp_search_spent(s);
    int     most = late ? (s->batch + 1) / 2 : s->batch;
    int     status = held ? fit_jopa(s, e) : jp_fail_memory(e), drawn = 0;
    for (int tries = 0; !status && tries < TRIES * s->batch && jp_search_room(s) && s->n_round < most; tries++) {
        if (tries < EXPLOIT) jp_surrogate_mean(s->surrogate, &s->belief);
        else status = jp_surrogate_sample(s->surrogate, &s->random, heat * (tries % 3 + 1) / 3, &s->belief, e);
        if (status) break;
        if (tries % 2 == 0 && s->best > -INFINITY) jp_bitset_copy(set, &s->incumbent);
        else jp_search_draw(s, s->k, set);
        jp_quadratic_climb(&s->belief, s->k, set, s->gain);
        jp_search_propose(s, set);
        for (int i = jp_bitset_next(set, 0); i >= 0; i = jp_bitset_next(set, i + 1)) held[i]++;
        drawn++;
        if (probing) propose_probe(s, set);
    }
    if (!status && late) status = jp_search_propose_neighbours(s, set, e);
    if (!status) learn(s, held, drawn);
    free(held);
    return status;
}

/* Rounds until the budget is spent or nothing better turns up. A round that finds few new sets has collapsed: the next
 * looks further afield. */
static int search_rounds(jp_search *s, jp_bitset *set, jopa_error *e) {
    int status = s->task->spent ? take_known_singles(s, set, e) : JP_OK, stale = 0,
        patience = (int)fmax(PATIENCE_PER_UNIT * s->n, s->budget / PATIENCE_SHARE);
    bool   known = s->task->known, singles = s->budget >= SINGLES_FROM * s->n && !s->task->prior && !known;
    double heat = 1;
    if (!status) status = known ? go_on_from_known(s, set, e) : score_first_sets(s, set, e);
    while (!status && jp_search_spent(s) < s->budget && stale < STALE && (singles || s->since_better < patience)) {
        if (singles && jp_search_spent(s) >= SINGLES_AT * s->n) {
            singles = false;
            status = score_singles(s, set, e);
        }
        if (!status) status = propose_round_jopa(s, set, heat, e);
        stale = s->n_round ? 0 : stale + 1;
        heat = s->n_round > s->batch / 2 ? 1 : 2 * heat;
        if (!status) status = jp_search_score(s, e);
    }
    if (!status && singles && jp_search_spent(s) < s->budget) status = score_singles(s, set, e); /* it ended early */
    return status;
}

/* ---- the method -----------------------------------------------------------------------------------------------------
 */

/* How many gradients the guide may cost. */
static int affordable_gradients(const jp_task *task, int budget) {
    jp_engine *engine = jp_scorer_engine(task->scorer);
    if (!(engine->ops->capabilities(engine) & JP_CAN_GRADIENT)) return 0;
    int price = jp_scorer_gradient_price(task->scorer), paid = (int)(GUIDE_SHARE * budget / price);
    if (!paid && jp_task_is_short(task) && budget > price) return 1;
    return paid < JP_GUIDE_GRADIENTS ? paid : JP_GUIDE_GRADIENTS;
}

static int enumerate(const jp_task *task, jp_selection *selection, jopa_error *e) {
    return jp_method_find("exhaustive")->run(task, selection, e);
}

static void report_jopa(const jp_search *s, jp_selection *selection) {
    if (s->best > -INFINITY) jp_bitset_copy(&selection->selected, &s->incumbent);
    else jp_select_top(s->probability, s->n, s->k, &selection->selected); /* stopped before it could score a set */
    for (int i = 0; i < s->n; i++) {
        selection->probability[i] = s->probability[i];
        selection->score[i] = s->single[i];
    }
}

int jp_jopa_run(const jp_task *task, bool guided, jp_selection *selection, jopa_error *e) {
    int budget = task->budget > 0 ? task->budget : jp_jopa_budget(task);
    if (jp_exhaustive_sets(task->n, task->k) < (task->known ? jp_jopa_budget(task) : budget))
        return enumerate(task, selection, e);
    jp_search s;
    jp_bitset set;
    if (jp_bitset_init(&set, task->n)) return jp_fail_memory(e);
    int polish = task->k < budget / 8 && !task->rough ? task->k : 0; /* kept for taking out what adds nothing */
    int status = jp_search_init(&s, task, budget - polish, e);
    if (status) {
        jp_bitset_free(&set);
        return status;
    }
    int gradients = guided && !task->prior && !task->known ? affordable_gradients(task, budget) : 0;
    if (task->prior) start_from_prior(&s);
    else if (task->known) status = start_from_known(&s, e);
    else if (gradients) status = start_from_guide(&s, gradients, e);
    if (!status) status = search_rounds(&s, &set, e);
    if (status <= 0) report_jopa(&s, selection);
    jp_search_free(&s);
    jp_bitset_free(&set);
    if (!status && !task->rough && jp_bitset_count(&selection->selected))
        status = jp_joint_prune(task->scorer, &selection->selected, JP_JOPA_RETURN_COST, e);
    return status;
}

static int run_jopa(const jp_task *task, jp_selection *selection, jopa_error *e) {
    return jp_jopa_run(task, true, selection, e);
}
static int run_nograd(const jp_task *task, jp_selection *selection, jopa_error *e) {
    return jp_jopa_run(task, false, selection, e);
}

const jp_method jp_method_jopa = {.name = "jopa",
                                  .summary = "joint sets found by sampling from learnt masking probabilities",
                                  .seeded = true,
                                  .learns = true,
                                  .run = run_jopa,
                                  .default_budget = jp_jopa_budget};
const jp_method jp_method_jopa_nograd = {.name = "jopa-nograd",
                                         .summary = "jopa without the gradient guide",
                                         .seeded = true,
                                         .learns = true,
                                         .run = run_nograd,
                                         .default_budget = jp_jopa_budget};
