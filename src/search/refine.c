#include "search/refine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/guide.h"
#include "search/refine-model.h"
#include "search/task.h"

enum {
    TRIES = 4,      /* draws for each set of a round at most */
    CUTS = 8,       /* ends of the prompt that exchanges may be confined to */
    SHARED = 30,    /* tokens that every row costs beside its own */
    PATIENCE = 24,  /* rounds without anything better after which it ends, */
    WIDEN_AFTER = 6 /* and after which the trust region is wide again */
};
static const double TRUST = 8, TRUST_AGAIN = 6;           /* exchanges in one set */
static const double GROW = 1.5, SHRINK = 1.3, FAIL = 0.7; /* of the trust region */
static const double FILL = 0.003;         /* of the set's drop: what units are expected to have that fill it up */
static const double RACE_SHARE = 0.3;     /* of the tokens, for short climbs from each set to begin with */
static const double GRADIENT_SHARE = 0.4; /* of the tokens, at most */

static const double FACTORS[] = {0.5, 1, 2}; /* of the trust region, in turn */
enum { N_FACTORS = sizeof FACTORS / sizeof *FACTORS };

/* ---- life ---------------------------------------------------------------------------------------------------------
 */

static void refine_free(jp_refinement *r) {
    jp_bitset_free(&r->incumbent);
    jp_bitset_array_free(r->sets);
    jp_bitset_array_free(r->round);
    free(r->drops);
    free(r->difference);
    free(r->kernel);
    free(r->guide);
    free(r->ranked);
    free(r->ins);
}

static int refine_init(jp_refinement *r, jp_scorer *s, int k, uint64_t seed, const double *expect, jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(s);
    size_t            n = (size_t)problem->prompt->n_units;
    *r = (jp_refinement){.scorer = s,
                         .prompt = problem->prompt,
                         .n = (int)n,
                         .k = k,
                         .trust = TRUST,
                         .heat = 1,
                         .row = problem->prompt->n_tokens + jp_problem_tail(problem) - 1};
    jp_random_seed(&r->random, seed);
    r->sets = jp_bitset_array_new(JP_REFINE_KNOWN, r->n);
    r->round = jp_bitset_array_new(JP_REFINE_ROUND, r->n);
    r->drops = malloc(4 * JP_REFINE_KNOWN * sizeof *r->drops);
    r->difference = malloc(JP_REFINE_KNOWN * (JP_REFINE_NEAR + 1) * sizeof *r->difference);
    r->kernel = malloc((size_t)JP_REFINE_KNOWN * JP_REFINE_KNOWN * sizeof *r->kernel);
    r->guide = calloc(5 * n, sizeof *r->guide);
    r->ranked = malloc(n * sizeof *r->ranked);
    r->ins = malloc(2 * n * sizeof *r->ins);
    if (jp_bitset_init(&r->incumbent, r->n) || !r->sets || !r->round || !r->drops || !r->difference || !r->kernel ||
        !r->guide || !r->ranked || !r->ins) {
        refine_free(r);
        return jp_fail_memory(e);
    }
    r->gap = r->drops + JP_REFINE_KNOWN;
    r->alpha = r->gap + JP_REFINE_KNOWN;
    r->gain = r->alpha + JP_REFINE_KNOWN;
    r->size = r->difference + JP_REFINE_KNOWN * JP_REFINE_NEAR;
    r->expect = r->guide + n;
    r->mean = r->expect + n;
    r->weight = r->mean + n;
    r->mark = r->weight + n;
    r->outs = r->ins + n;
    for (size_t i = 0; i < n && expect; i++) r->expect[i] = isnan(expect[i]) ? 0 : fmax(expect[i], 0);
    return JP_OK;
}

static void remember_set(jp_refinement *r, const jp_bitset *set, double drop) {
    int at = r->scored++ % JP_REFINE_KNOWN;
    jp_bitset_copy(r->sets + at, set);
    r->drops[at] = drop;
}

/* ---- what is expected before sets say more --------------------------------------------------------------------------
 */

/* The guide of one gradient, at no bias: a response that the set has hidden has left the flat part. Members have
 * theirs, too. */
static int ask_gradient(jp_refinement *r, jopa_error *e) {
    size_t  tokens = (size_t)r->prompt->n_tokens;
    double *slope = malloc(2 * tokens * sizeof *slope);
    if (!slope) return jp_fail_memory(e);
    int status = jp_token_gradients(r->scorer, &r->incumbent, NULL, slope, slope + tokens, e);
    if (!status) {
        int64_t cost = (int64_t)jp_scorer_gradient_price(r->scorer) * r->row;
        jp_scorer_charge(r->scorer, &(jp_cost){.decoded_tokens = cost, .naive_tokens = cost});
        status = jp_guide_combine(r->prompt, &r->incumbent, slope, slope + tokens, r->guide, e);
    }
    free(slope);
    return status;
}

static int64_t spent_refine(const jp_refinement *r) {
    jp_cost cost;
    jp_scorer_cost(r->scorer, &cost);
    return cost.decoded_tokens;
}

static bool can_ask_gradient(const jp_refinement *r, int64_t tokens) {
    jp_engine *engine = jp_scorer_engine(r->scorer);
    return engine->ops->capabilities(engine) & JP_CAN_GRADIENT &&
           (double)jp_scorer_gradient_price(r->scorer) * r->row <= GRADIENT_SHARE * (double)(tokens - spent_refine(r));
}

/* ---- sets to score
 * ---------------------------------------------------------------------------------------------------- */

static int by_value_refine(const void *a, const void *b) {
    const jp_refine_ranked *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value) - (x->value > y->value) : x->unit - y->unit;
}

/* r->ins: the units that are shown, those to hide first; r->outs: the members, those to show first. Returns how many
 * are members. */
static int rank_refine(jp_refinement *r) {
    int n_in = 0, n_out = 0;
    for (int u = 0; u < r->n; u++) r->ranked[u] = (jp_refine_ranked){r->weight[u], u};
    qsort(r->ranked, (size_t)r->n, sizeof *r->ranked, by_value_refine);
    for (int i = 0; i < r->n; i++)
        if (!jp_bitset_has(&r->incumbent, r->ranked[i].unit)) r->ins[n_in++] = r->ranked[i].unit;
    for (int i = r->n - 1; i >= 0; i--)
        if (jp_bitset_has(&r->incumbent, r->ranked[i].unit)) r->outs[n_out++] = r->ranked[i].unit;
    return n_out;
}

static int next_from(const jp_refinement *r, const int *units, int n, int at, int token) {
    while (at < n && r->prompt->units[units[at]].first < token) at++;
    return at;
}

/* At most `most` exchanges of units from `token` on, additions as long as there is room, into *set unless that is NULL;
 * *rate: what the weights gain by them for each token that the set decodes. False: there are none. */
static bool exchange_refine(const jp_refinement *r, int members, int most, int token, jp_bitset *set, double *rate) {
    int    in = -1, out = -1, room = r->k - members, first = r->prompt->n_tokens;
    double gain = 0;
    for (int i = 0; i < most; i++) {
        in = next_from(r, r->ins, r->n - members, in + 1, token);
        if (in == r->n - members) break;
        double rise = r->weight[r->ins[in]];
        if (room <= 0) {
            out = next_from(r, r->outs, members, out + 1, token);
            if (out == members) break;
            rise -= r->weight[r->outs[out]];
        }
        if (rise <= 0) break;
        gain += rise;
        if (r->prompt->units[r->ins[in]].first < first) first = r->prompt->units[r->ins[in]].first;
        if (room <= 0 && r->prompt->units[r->outs[out]].first < first) first = r->prompt->units[r->outs[out]].first;
        if (set) jp_bitset_add(set, r->ins[in]);
        if (set && room <= 0) jp_bitset_remove(set, r->outs[out]);
        room--;
    }
    *rate = gain / (r->row - first + SHARED);
    return first < r->prompt->n_tokens;
}

static bool is_new(const jp_refinement *r, const jp_bitset *set) {
    for (int i = 0; i < r->n_round; i++)
        if (jp_bitset_equal(set, r->round + i)) return false;
    return !jp_scorer_known(r->scorer, set, NULL);
}

/* The end of the prompt where the draw gains most for a token. */
static void propose(jp_refinement *r, int factor) {
    int    members = rank_refine(r), most = (int)fmax(FACTORS[factor] * r->trust + 0.5, 1), from = 0;
    double best = -1, rate;
    for (int c = 0; c < CUTS; c++) {
        int token = (int)((int64_t)r->prompt->n_tokens * c / CUTS);
        exchange_refine(r, members, most, token, NULL, &rate);
        if (rate > best) {
            best = rate;
            from = token;
        }
    }
    jp_bitset *set = r->round + r->n_round;
    jp_bitset_copy(set, &r->incumbent);
    if (exchange_refine(r, members, most, from, set, &rate) && is_new(r, set)) r->factor[r->n_round++] = factor;
}

static int propose_round_refine(jp_refinement *r, jopa_error *e) {
    int status = jp_refine_fit(r, e);
    r->n_round = 0;
    for (int tries = 0; tries < TRIES * JP_REFINE_ROUND && r->n_round < JP_REFINE_ROUND && !status; tries++) {
        if (tries) jp_refine_draw(r);
        else memcpy(r->weight, r->mean, (size_t)r->n * sizeof *r->mean);
        propose(r, r->n_round % N_FACTORS);
    }
    return status;
}

/* Score the round; the place of its best set if that is better than the incumbent, which it then is, or -1. */
static int score_round(jp_refinement *r, int *better, jopa_error *e) {
    int status = jp_scorer_drops(r->scorer, r->round, r->n_round, r->found, e);
    *better = -1;
    for (int i = 0; i < r->n_round && status <= 0; i++) {
        if (isnan(r->found[i])) continue;
        remember_set(r, r->round + i, r->found[i]);
        if (!(r->found[i] > r->best)) continue;
        r->best = r->found[i];
        *better = i;
    }
    if (*better >= 0) jp_bitset_copy(&r->incumbent, r->round + *better);
    return status;
}

/* ---- the search
 * ------------------------------------------------------------------------------------------------------- */

/* Into the round: `set` and the units beside it that `by` thinks most of. */
static void propose_filled(jp_refinement *r, const jp_bitset *set, const double *by, double least) {
    int        room = r->k - jp_bitset_count(set);
    jp_bitset *filled = r->round + r->n_round;
    if (r->n_round == JP_REFINE_ROUND || room < 0) return;
    jp_bitset_clear(filled);
    for (int u = 0; u < r->n; u++) r->mark[u] = jp_bitset_has(set, u) || by[u] <= least ? NAN : by[u];
    jp_select_top(r->mark, r->n, room, filled);
    for (int u = jp_bitset_next(set, 0); u >= 0; u = jp_bitset_next(set, u + 1)) jp_bitset_add(filled, u);
    r->n_round += is_new(r, filled);
}

static void adapt(jp_refinement *r, int better) {
    r->stale = better >= 0 ? 0 : r->stale + 1;
    if (better < 0) r->trust *= FAIL;
    else if (FACTORS[r->factor[better]] > 1) r->trust *= GROW;
    else if (FACTORS[r->factor[better]] < 1) r->trust /= SHRINK;
    if (r->stale % WIDEN_AFTER == WIDEN_AFTER - 1) r->trust = TRUST_AGAIN;
    r->trust = fmin(fmax(r->trust, 1), JP_REFINE_NEAR / (2 * FACTORS[N_FACTORS - 1]));
    r->heat = r->n_round == JP_REFINE_ROUND ? 1 : GROW * r->heat;
}

/* Until the bill comes to `tokens`. */
static int climb_refine(jp_refinement *r, int64_t tokens, jopa_error *e) {
    int status = JP_OK, better;
    while (!status && r->stale < PATIENCE && spent_refine(r) < tokens) {
        status = propose_round_refine(r, e);
        if (!status) status = score_round(r, &better, e);
        if (!status) adapt(r, better);
    }
    return status;
}

static void stand_at(jp_refinement *r, const jp_bitset *set, double drop) {
    jp_bitset_copy(&r->incumbent, set);
    r->best = drop;
    r->trust = TRUST;
    r->heat = 1;
    r->stale = 0;
}

/* A short climb from each set of the round; then the incumbent is the best set that one of them reached. */
static int race(jp_refinement *r, int64_t tokens, jopa_error *e) {
    int        n = r->n_round, status = JP_OK;
    jp_bitset *starts = jp_bitset_array_new(JP_REFINE_ROUND + 1, r->n), *best = starts + JP_REFINE_ROUND;
    double     drops[JP_REFINE_ROUND], drop = r->best;
    if (!starts) return jp_fail_memory(e);
    jp_bitset_copy(best, &r->incumbent);
    for (int i = 0; i < n; i++) jp_bitset_copy(starts + i, r->round + i);
    memcpy(drops, r->found, sizeof drops);
    int64_t from = spent_refine(r);
    for (int i = 0; i < n && !status; i++) {
        if (isnan(drops[i])) continue;
        stand_at(r, starts + i, drops[i]);
        status = climb_refine(r, from + (int64_t)(RACE_SHARE * (double)(tokens - from) * (i + 1) / n), e);
        if (!(r->best > drop)) continue;
        drop = r->best;
        jp_bitset_copy(best, &r->incumbent);
    }
    stand_at(r, best, drop);
    jp_bitset_array_free(starts);
    return status;
}

/* What a gradient adds to *set beats what others expect. */
static int begin_with_gradient(jp_refinement *r, jopa_error *e) {
    jopa_error why = {0};
    int        better, status = ask_gradient(r, &why);
    if (status == JOPA_ERROR_UNSUPPORTED) return status; /* e stays as it is: the caller does without */
    if (status > 0) return jp_fail(e, status, "%s", why.message);
    if (status) return status;
    propose_filled(r, &r->incumbent, r->guide, 0);
    jp_bitset_copy(r->round + r->n_round++, &r->incumbent);
    return score_round(r, &better, e);
}

static int begin_with_sets_refine(jp_refinement *r, const jp_bitset *starts, int n_starts, int64_t tokens,
                                  jopa_error *e) {
    int better, status;
    jp_bitset_copy(r->round + r->n_round++, &r->incumbent);
    propose_filled(r, &r->incumbent, r->expect, FILL * r->best);
    for (int i = 0; i < n_starts; i++) propose_filled(r, starts + i, r->expect, FILL * r->best);
    status = score_round(r, &better, e);
    return status || r->n_round == 1 ? status : race(r, tokens, e);
}

int jp_refine(jp_scorer *s, int k, uint64_t seed, const double *expect, int64_t tokens, const jp_bitset *starts,
              int n_starts, jp_bitset *set, double *drop, jopa_error *e) {
    jp_refinement r;
    int           status = refine_init(&r, s, k, seed, expect, e);
    if (status) return status;
    jp_bitset_copy(&r.incumbent, set);
    r.best = isnan(*drop) ? -INFINITY : *drop;
    if (!isnan(*drop)) status = jp_scorer_note(s, set, *drop, e);
    bool asks = can_ask_gradient(&r, tokens);
    if (!status && asks) status = begin_with_gradient(&r, e);
    if ((!status && !asks) || status == JOPA_ERROR_UNSUPPORTED) /* none by attention bias */
        status = begin_with_sets_refine(&r, starts, n_starts, tokens, e);
    if (!status) status = climb_refine(&r, INT64_MAX, e);
    if (status <= 0) {
        jp_bitset_copy(set, &r.incumbent);
        *drop = r.best > -INFINITY ? r.best : NAN;
    }
    refine_free(&r);
    return status;
}
