#include "score/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "score/scorer-state.h"

/* ---- the best set, the trace ---------------------------------------------------------------------------------- */

static int add_trace(jp_scorer *s, double drop, jopa_error *e) {
    if (s->n_trace == s->trace_capacity) {
        int             capacity = s->trace_capacity ? 2 * s->trace_capacity : 32;
        jp_trace_point *trace = realloc(s->trace, (size_t)capacity * sizeof *trace);
        if (!trace) return jp_fail_memory(e);
        s->trace = trace;
        s->trace_capacity = capacity;
    }
    s->trace[s->n_trace++] =
        (jp_trace_point){(int)(s->cost.evaluations + s->cost.recalled), jp_seconds() - s->started, drop};
    return JP_OK;
}

/* Whether it is the best so far; what is no number never is. */
static bool beats(const jp_scorer *s, const jp_best *best, const jp_bitset *mask, double drop) {
    int size = jp_bitset_count(mask);
    return size > 0 && size <= s->limits.k && !isnan(drop) && (!best->have || drop > best->drop);
}

static void take_best(jp_best *best, const jp_bitset *mask, double drop) {
    jp_bitset_copy(&best->set, mask);
    best->drop = drop;
    best->have = true;
}

int jp_scorer_note(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e) {
    if (jp_cache_put(&s->cache, mask, drop)) return jp_fail_memory(e);
    if (!beats(s, &s->best, mask, drop)) return JP_OK;
    take_best(&s->best, mask, drop);
    return add_trace(s, drop, e);
}

int jp_scorer_remember(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e) {
    if (!s->fast || s->tail) return jp_scorer_note(s, mask, drop, e);
    if (jp_cache_put(&s->hurried, mask, drop)) return jp_fail_memory(e);
    if (beats(s, &s->guess, mask, drop)) take_best(&s->guess, mask, drop);
    return JP_OK;
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

int64_t jp_scorer_spent(const jp_scorer *s) {
    return s->cost.evaluations + s->cost.recalled + s->cost.gradients * s->gradient_price;
}

bool jp_scorer_time_is_over(jp_scorer *s) {
    if (!s->stopped && s->limits.seconds > 0 && jp_seconds() - s->started >= s->limits.seconds)
        s->stopped = JP_STOP_TIME;
    return s->stopped;
}

/* The progress callback says stop. */
static bool user_stops(jp_scorer *s) {
    const jp_limits *l = &s->limits;
    double           best = NAN;
    jp_scorer_best(s, NULL, &best);
    if (l->progress && l->progress(l->user, (int)jp_scorer_spent(s), l->budget, best)) s->stopped = JP_STOP_USER;
    return s->stopped;
}

bool jp_scorer_limit_reached(jp_scorer *s) {
    if (s->stopped || user_stops(s)) return true;
    if (s->limits.tokens > 0 && s->cost.decoded_tokens >= s->limits.tokens) s->stopped = JP_STOP_BUDGET;
    return jp_scorer_time_is_over(s);
}

static int ask_scorer(void *user, double fraction) {
    (void)fraction;
    return user_stops(user);
}

jopa_stop jp_scorer_listening(jp_scorer *s) { return (jopa_stop){s->limits.progress ? ask_scorer : NULL, s}; }

int jp_scorer_heard(jp_scorer *s, int status) {
    if (status != JOPA_ERROR_INTERRUPTED) return status;
    s->stopped = JP_STOP_USER;
    return JP_STOP;
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

static int know_empty(jp_scorer *s, jopa_error *e) {
    jp_bitset empty;
    if (jp_bitset_init(&empty, s->problem->prompt->n_units)) return jp_fail_memory(e);
    int status = jp_cache_put(&s->cache, &empty, 0) ? jp_fail_memory(e) : JP_OK;
    jp_bitset_free(&empty);
    return status;
}

static bool can_hurry(jp_engine *e) { return e->ops->capabilities(e) & JP_CAN_HURRY; }

static jp_scorer *allocate(jp_engine *engine, const jp_problem *problem, const jp_limits *limits) {
    jp_scorer *s = calloc(1, sizeof *s);
    int        n = problem->prompt->n_units;
    if (!s) return NULL;
    s->engine = engine;
    s->problem = problem;
    s->limits = *limits;
    s->started = jp_seconds();
    s->gradient_price = engine->ops->gradient_price ? engine->ops->gradient_price(engine, jp_scorer_row(s)) : 4;
    if (problem->other.tokens) s->gradient_price *= 2; /* one for each answer */
    jp_cache_init(&s->cache, n);
    jp_cache_init(&s->hurried, n);
    s->full_symbols = malloc((size_t)(problem->prompt->n_tokens + 1) * sizeof *s->full_symbols);
    if (jp_bitset_init(&s->best.set, n) || jp_bitset_init(&s->guess.set, n) || !s->full_symbols) {
        jp_scorer_free(s);
        return NULL;
    }
    s->n_full = jp_mask_symbols(problem->prompt, &problem->op, NULL, s->full_symbols);
    return s;
}

static int check_problem(jp_engine *engine, const jp_problem *p, jopa_error *e) {
    bool rows = p->op.kind == JP_OPERATOR_ZERO || p->op.kind == JP_OPERATOR_MEAN;
    if (p->target_first < 0 || p->target_first >= p->target_last || p->target_last > p->n_response)
        return jp_fail(e, JOPA_ERROR_INPUT, "nothing to explain: the response or its target span is empty");
    if (p->other.tokens && (p->other.first < 0 || p->other.first >= p->other.last || p->other.last > p->other.n))
        return jp_fail(e, JOPA_ERROR_INPUT, "nothing to explain: the other answer is empty");
    if (rows && !(engine->ops->capabilities(engine) & JOPA_CAN_EMBEDDINGS))
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "the engine '%s' takes tokens alone with this model, no embeddings, which the operators zero and "
            "mean are: use `operator` delete or token:TEXT",
            engine->ops->name);
    return JP_OK;
}

/* Room for the longest row; a round of a search is as large with a store as without. */
static int reserve_rows(jp_scorer *s, jopa_error *e) {
    jp_engine *engine = s->engine;
    int        all = s->problem->prompt->n_tokens + s->problem->n_response;
    if (jp_scorer_row(s) > all) all = jp_scorer_row(s);
    int status = s->store ? engine->ops->reserve(engine, all, NULL, e) : JP_OK;
    return status ? status : engine->ops->reserve(engine, jp_scorer_row(s), &s->batch, e);
}

int jp_scorer_stored(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                     jp_store *store, jopa_error *e) {
    *out = NULL;
    int status = check_problem(engine, problem, e);
    if (status) return status;
    jp_scorer *s = allocate(engine, problem, limits);
    if (!s) return jp_fail_memory(e);
    const jp_other *other = &problem->other;
    s->store = store;
    if (store && other->tokens)
        status = jp_store_of_other(store, other->tokens, other->last, other->first, &s->others, e);
    if (!status) status = reserve_rows(s, e);
    if (!status) status = jp_scorer_score_full(s, e);
    if (!status) status = know_empty(s, e);
    if (status) {
        jp_scorer_free(s);
        return status;
    }
    *out = s;
    return JP_OK;
}

int jp_scorer_new(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                  jopa_error *e) {
    return jp_scorer_stored(out, engine, problem, limits, NULL, e);
}

int jp_scorer_again(jp_scorer **out, const jp_scorer *from, const jp_problem *problem, const jp_limits *limits,
                    int tail, jopa_error *e) {
    *out = NULL;
    jp_scorer *s = allocate(from->engine, problem, limits);
    if (!s) return jp_fail_memory(e);
    s->batch = from->batch;
    s->full = from->full;
    s->noise = from->noise;
    s->tail = tail;
    s->fast = tail && can_hurry(s->engine); /* knockouts are guides */
    int status = know_empty(s, e);
    if (status) jp_scorer_free(s);
    else *out = s;
    return status;
}

void jp_scorer_free(jp_scorer *s) {
    if (!s) return;
    free(s->full_symbols);
    free(s->trace);
    jp_bitset_free(&s->best.set);
    jp_bitset_free(&s->guess.set);
    jp_cache_free(&s->cache);
    jp_cache_free(&s->hurried);
    free(s);
}

void jp_scorer_relimit(jp_scorer *s, const jp_limits *limits) {
    s->limits = *limits;
    s->stopped = JP_RUNNING;
}

int jp_scorer_fast(jp_scorer *s, bool fast, jopa_error *e) {
    (void)e;
    s->fast = fast && can_hurry(s->engine);
    if (fast) return JP_OK;
    jp_cache_free(&s->hurried);
    s->guess.have = false;
    return JP_OK;
}

void jp_scorer_limit_size(jp_scorer *s, int k) { s->limits.k = k; }
void jp_scorer_stop(jp_scorer *s, jp_stop_reason reason) { s->stopped = reason; }

void jp_scorer_charge(jp_scorer *s, const jp_cost *cost) {
    s->cost.evaluations += cost->evaluations;
    s->cost.gradients += cost->gradients;
    s->cost.decoded_tokens += cost->decoded_tokens;
    s->cost.naive_tokens += cost->naive_tokens;
    s->cost.recalled += cost->recalled;
}

/* ---- what is known ---------------------------------------------------------------------------------------- */

int               jp_scorer_units(const jp_scorer *s) { return s->problem->prompt->n_units; }
const jp_problem *jp_scorer_problem(const jp_scorer *s) { return s->problem; }
jp_engine        *jp_scorer_engine(jp_scorer *s) { return s->engine; }
double            jp_scorer_full(const jp_scorer *s) { return s->full; }
double            jp_scorer_noise(const jp_scorer *s) { return s->noise; }
jp_stop_reason    jp_scorer_stopped(const jp_scorer *s) { return s->stopped; }
const jp_limits  *jp_scorer_limits(const jp_scorer *s) { return &s->limits; }
double            jp_scorer_seconds(const jp_scorer *s) { return jp_seconds() - s->started; }

int jp_scorer_batch(const jp_scorer *s) { return s->batch; }

bool jp_scorer_known(const jp_scorer *s, const jp_bitset *mask, double *drop) {
    return jp_cache_get(&s->cache, mask, drop) || jp_cache_get(&s->hurried, mask, drop);
}

bool jp_scorer_next(const jp_scorer *s, int *at, jp_bitset *mask, double *drop) {
    return jp_cache_next(&s->cache, at, mask, drop);
}

bool jp_scorer_best(const jp_scorer *s, jp_bitset *mask, double *drop) {
    const jp_best *b = s->guess.have && !(s->best.have && s->best.drop >= s->guess.drop) ? &s->guess : &s->best;
    if (!b->have) return false;
    if (mask) jp_bitset_copy(mask, &b->set);
    if (drop) *drop = b->drop;
    return true;
}

const jp_trace_point *jp_scorer_trace(const jp_scorer *s, int *n) {
    *n = s->n_trace;
    return s->trace;
}

void jp_scorer_cost(const jp_scorer *s, jp_cost *cost) {
    *cost = s->cost;
    cost->seconds = jp_seconds() - s->started;
}
