#include "score/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "score/cache.h"
#include "score/kept.h"
#include "score/knockout.h"
#include "score/plan.h"

struct jp_scorer {
    jp_engine        *engine;
    const jp_problem *problem;
    jp_limits         limits;
    jp_stop_reason    stopped;
    double            started;
    jp_engine_room    room;

    jp_kept *kept; /* what the engine keeps; of all scorers of one prompt the first one's */
    bool     owns_kept;
    int32_t *full_symbols; /* the unmasked row */
    double   full;
    jp_cache cache;
    bool     fast, hurried; /* drops may be less exact; the cache has such ones */
    int      tail;          /* of knockouts, 0: drops are true ones */

    bool            have_best;
    jp_bitset       best;
    double          best_drop;
    jp_trace_point *trace;
    int             n_trace, trace_capacity;
    jp_cost         cost;
    int             gradient_price;
};

static int targets_scorer(const jp_scorer *s) { return s->problem->target_last - s->problem->target_first; }
static int row_capacity(const jp_scorer *s) { return s->problem->prompt->n_tokens + s->problem->target_last; }

/* The row of `mask` into storage[row_capacity]. */
static jp_row make_row(const jp_scorer *s, const jp_bitset *mask, int tag, int32_t *storage) {
    const jp_problem *p = s->problem;
    int               prompt = jp_mask_symbols(p->prompt, &p->op, mask, storage);
    memcpy(storage + prompt, p->response, (size_t)(p->target_last - 1) * sizeof *storage);
    return (jp_row){storage, prompt + p->target_last - 1, prompt, tag, 0, -1};
}

/* ---- running batches ------------------------------------------------------------------------------------- */

typedef struct {
    jp_row  *rows;
    int32_t *symbols;
    float   *log_probs; /* of one batch */
} workspace;

static void workspace_free(workspace *w) {
    free(w->rows);
    free(w->symbols);
    free(w->log_probs);
}

static int workspace_init(workspace *w, const jp_scorer *s, int n, jopa_error *e) {
    w->rows = malloc((size_t)n * sizeof *w->rows);
    w->symbols = malloc((size_t)n * (size_t)row_capacity(s) * sizeof *w->symbols);
    w->log_probs = malloc((size_t)(n < s->room.max_rows ? n : s->room.max_rows) * (size_t)targets_scorer(s) *
                          sizeof *w->log_probs);
    if (w->rows && w->symbols && w->log_probs) return JP_OK;
    workspace_free(w);
    return jp_fail_memory(e);
}

static bool can_hurry(jp_engine *e) { return e->ops->capabilities(e) & JP_CAN_HURRY; }

static int keep_rows(jp_scorer *s, jp_batch *batch, const jp_row *rows, const int *row_of, int n, jopa_error *e) {
    int status = jp_kept_take(s->kept, rows, row_of, n, e);
    batch->keep = s->kept->places;
    batch->forget = s->kept->victims;
    batch->n_forget = s->kept->n_victims;
    return status;
}

/* Score `n` sorted and matched rows that fit one batch; out[tag * targets + t] gets the log-probabilities. */
static int run_batch(jp_scorer *s, const jp_row *rows, int n, float *scratch, float *out, jopa_error *e) {
    jp_plan plan;
    int     status = jp_plan_build(&plan, rows, n, e);
    if (status) return status;
    const jp_problem *p = s->problem;
    jp_batch          batch = {.nodes = plan.nodes,
                               .n_nodes = plan.n_nodes,
                               .n_rows = plan.n_rows,
                               .row_prompt = plan.row_prompt,
                               .response = p->response,
                               .n_response = p->n_response,
                               .target_first = p->target_first,
                               .target_last = p->target_last};
    jp_engine_cost    cost = {0};
    if (s->fast) batch.fast = s->hurried = true;
    else status = keep_rows(s, &batch, rows, plan.row_of, n, e);
    if (!status) status = s->engine->ops->score(s->engine, &batch, scratch, &cost, e);
    size_t width = (size_t)targets_scorer(s);
    for (int i = 0; i < n && !status; i++) {
        memcpy(out + (size_t)rows[i].tag * width, scratch + (size_t)plan.row_of[i] * width, width * sizeof *out);
        s->cost.naive_tokens += rows[i].size;
    }
    s->cost.decoded_tokens += cost.decoded_tokens;
    jp_plan_free(&plan);
    return status;
}

static double sum_log_probs(const float *log_probs, int n) {
    double total = 0;
    for (int t = 0; t < n; t++) total += (double)log_probs[t];
    return total;
}

/* ---- limits, the best set, the trace --------------------------------------------------------------------- */

static int note_best(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e) {
    int size = jp_bitset_count(mask);
    if (size == 0 || size > s->limits.k || (s->have_best && !(drop > s->best_drop))) return JP_OK;
    jp_bitset_copy(&s->best, mask);
    s->best_drop = drop;
    s->have_best = true;
    if (s->n_trace == s->trace_capacity) {
        int             capacity = s->trace_capacity ? 2 * s->trace_capacity : 32;
        jp_trace_point *trace = realloc(s->trace, (size_t)capacity * sizeof *trace);
        if (!trace) return jp_fail_memory(e);
        s->trace = trace;
        s->trace_capacity = capacity;
    }
    s->trace[s->n_trace++] = (jp_trace_point){(int)s->cost.evaluations, jp_seconds() - s->started, drop};
    return JP_OK;
}

static int64_t spent_scorer(const jp_scorer *s) { return s->cost.evaluations + s->cost.gradients * s->gradient_price; }

static bool time_is_over(jp_scorer *s) {
    if (!s->stopped && s->limits.seconds > 0 && jp_seconds() - s->started >= s->limits.seconds)
        s->stopped = JP_STOP_TIME;
    return s->stopped;
}

static bool limit_reached(jp_scorer *s) {
    const jp_limits *l = &s->limits;
    if (s->stopped) return true;
    if (l->progress && l->progress(l->user, (int)spent_scorer(s), l->budget, s->have_best ? s->best_drop : NAN))
        s->stopped = JP_STOP_USER;
    if (!s->stopped && l->tokens > 0 && s->cost.decoded_tokens >= l->tokens) s->stopped = JP_STOP_BUDGET;
    return time_is_over(s);
}

/* ---- drops --------------------------------------------------------------------------------------------------- */

/* Which masks are new and distinct: their indices into fresh[], at most `room`. Returns the count; *cut tells whether
 * the room ended it. */
static int collect_fresh(jp_scorer *s, const jp_bitset *masks, int n, int64_t room, int *fresh, bool *cut,
                         jopa_error *e) {
    jp_cache seen;
    int      count = 0, status = JP_OK;
    *cut = false;
    jp_cache_init(&seen, s->problem->prompt->n_units);
    for (int i = 0; i < n && !status; i++) {
        if (jp_cache_get(&s->cache, masks + i, NULL) || jp_cache_get(&seen, masks + i, NULL)) continue;
        if (count == room) {
            *cut = true;
            break;
        }
        status = jp_cache_put(&seen, masks + i, 0);
        fresh[count++] = i;
    }
    jp_cache_free(&seen);
    return status ? -jp_fail_memory(e) : count;
}

/* Remember the drops of one batch's rows. */
static int remember_scorer(jp_scorer *s, const jp_bitset *masks, const int *fresh, const jp_row *rows, int n,
                           const float *log_probs, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < n && !status; i++) {
        const jp_bitset *mask = masks + fresh[rows[i].tag];
        double           drop =
            s->full - sum_log_probs(log_probs + (size_t)rows[i].tag * (size_t)targets_scorer(s), targets_scorer(s));
        s->cost.evaluations++;
        if (jp_cache_put(&s->cache, mask, drop)) return jp_fail_memory(e);
        status = note_best(s, mask, drop, e);
    }
    return status;
}

/* Knockouts of `n` masks that fit one batch. */
static int knock_out(jp_scorer *s, const jp_bitset *masks, const int *fresh, int n, float *log_probs, jopa_error *e) {
    const jp_problem *p = s->problem;
    jp_knockout       k;
    int               status = jp_knockout_build(&k, p, s->full_symbols, s->tail, masks, fresh, n, e);
    if (status) return status;
    jp_batch       batch = {.nodes = k.nodes,
                            .n_nodes = k.n_nodes,
                            .n_rows = n,
                            .row_prompt = k.row_prompt,
                            .response = p->response,
                            .n_response = p->n_response,
                            .target_first = p->target_first,
                            .target_last = p->target_last,
                            .knockout = true,
                            .fast = s->fast};
    jp_engine_cost cost = {0};
    status = s->engine->ops->score(s->engine, &batch, log_probs, &cost, e);
    s->cost.decoded_tokens += cost.decoded_tokens;
    s->cost.naive_tokens += cost.decoded_tokens;
    jp_knockout_free(&k);
    for (int i = 0; i < n && !status; i++) {
        double drop = s->full - sum_log_probs(log_probs + (size_t)i * (size_t)targets_scorer(s), targets_scorer(s));
        s->cost.evaluations++;
        status = jp_cache_put(&s->cache, masks + fresh[i], drop) ? jp_fail_memory(e)
                                                                 : note_best(s, masks + fresh[i], drop, e);
    }
    return status;
}

static int knock_out_fresh(jp_scorer *s, const jp_bitset *masks, const int *fresh, int n, jopa_error *e) {
    int    by_tokens = s->room.max_tokens / jp_knockout_row(s->problem, s->tail);
    int    step = by_tokens < 1 ? 1 : by_tokens < s->room.max_rows ? by_tokens : s->room.max_rows, status = JP_OK;
    float *log_probs = malloc((size_t)step * (size_t)targets_scorer(s) * sizeof *log_probs);
    if (!log_probs) return jp_fail_memory(e);
    for (int at = 0; at < n && !status; at += step) {
        int count = n - at < step ? n - at : step;
        status = limit_reached(s) ? JP_STOP : knock_out(s, masks, fresh + at, count, log_probs, e);
    }
    free(log_probs);
    return status;
}

/* How many of the sorted rows make the next batch. No more are matched than may be in it: the next one finds others
 * kept. */
static int next_batch(const jp_scorer *s, jp_row *rows, int n) {
    int matched = 0, count;
    do {
        int to = n - matched < s->room.max_rows ? n : matched + s->room.max_rows;
        for (; matched < to; matched++) jp_kept_match(s->kept, rows + matched);
        count = jp_plan_cut(rows, matched, s->room.max_rows, s->room.max_tokens);
    } while (count == matched && matched < n); /* identical rows cost nothing */
    return count;
}

static int score_fresh(jp_scorer *s, const jp_bitset *masks, const int *fresh, int n, jopa_error *e) {
    if (s->tail) return knock_out_fresh(s, masks, fresh, n, e);
    workspace w;
    if (workspace_init(&w, s, n, e)) return JOPA_ERROR_MEMORY;
    float *log_probs = malloc((size_t)n * (size_t)targets_scorer(s) * sizeof *log_probs);
    int    status = log_probs ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < n && !status; i++)
        w.rows[i] = make_row(s, masks + fresh[i], i, w.symbols + (size_t)i * (size_t)row_capacity(s));
    if (!status) jp_plan_sort(w.rows, n);
    for (int at = 0; at < n && !status;) {
        if (limit_reached(s)) {
            status = JP_STOP;
            break;
        }
        int count = next_batch(s, w.rows + at, n - at);
        status = run_batch(s, w.rows + at, count, w.log_probs, log_probs, e);
        if (!status) status = remember_scorer(s, masks, fresh, w.rows + at, count, log_probs, e);
        at += count;
    }
    free(log_probs);
    workspace_free(&w);
    return status;
}

int jp_scorer_drops(jp_scorer *s, const jp_bitset *masks, int n, double *drops, jopa_error *e) {
    for (int i = 0; i < n; i++) drops[i] = NAN;
    int64_t room = s->limits.budget > 0 ? s->limits.budget - spent_scorer(s) : INT64_MAX;
    int    *fresh = malloc((size_t)(n > 0 ? n : 1) * sizeof *fresh);
    if (!fresh) return jp_fail_memory(e);
    bool cut;
    int  count = collect_fresh(s, masks, n, room > 0 ? room : 0, fresh, &cut, e);
    int  status = count < 0    ? -count
                  : count == 0 ? (time_is_over(s) ? JP_STOP : JP_OK)
                               : score_fresh(s, masks, fresh, count, e);
    free(fresh);
    if (status && status != JP_STOP) return status;
    for (int i = 0; i < n; i++) jp_cache_get(&s->cache, masks + i, drops + i);
    if (cut && !s->stopped) s->stopped = JP_STOP_BUDGET;
    return cut || status == JP_STOP ? JP_STOP : JP_OK;
}

int jp_scorer_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e) {
    workspace w;
    if (workspace_init(&w, s, n, e)) return JOPA_ERROR_MEMORY;
    int status = JP_OK;
    for (int i = 0; i < n; i++) w.rows[i] = make_row(s, masks + i, i, w.symbols + (size_t)i * (size_t)row_capacity(s));
    jp_plan_sort(w.rows, n);
    for (int at = 0; at < n && !status;) {
        int count = next_batch(s, w.rows + at, n - at);
        status = run_batch(s, w.rows + at, count, w.log_probs, log_probs, e);
        s->cost.evaluations += count;
        at += count;
    }
    workspace_free(&w);
    return status;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static int know_empty(jp_scorer *s, jopa_error *e) {
    jp_bitset empty;
    if (jp_bitset_init(&empty, s->problem->prompt->n_units)) return jp_fail_memory(e);
    int status = jp_cache_put(&s->cache, &empty, 0) ? jp_fail_memory(e) : JP_OK;
    jp_bitset_free(&empty);
    return status;
}

/* f(empty set): the first evaluation, whose prompt the engine keeps. */
static int score_full(jp_scorer *s, jopa_error *e) {
    s->full_symbols = malloc((size_t)row_capacity(s) * sizeof *s->full_symbols);
    float *log_probs = malloc(2 * (size_t)targets_scorer(s) * sizeof *log_probs);
    if (!s->full_symbols || !log_probs) {
        free(log_probs);
        return jp_fail_memory(e);
    }
    jp_row full = make_row(s, NULL, 0, s->full_symbols);
    int    status = run_batch(s, &full, 1, log_probs + targets_scorer(s), log_probs, e);
    s->full = sum_log_probs(log_probs, targets_scorer(s));
    s->cost.evaluations++;
    free(log_probs);
    if (!status && !isfinite(s->full))
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         "the model gives this response probability 0 (log-probability %g): explain another "
                         "response, or only a part of it with --target",
                         s->full);
    return status ? status : know_empty(s, e);
}

static int own_kept(jp_scorer *s, jopa_error *e) {
    s->kept = calloc(1, sizeof *s->kept);
    if (!s->kept) return jp_fail_memory(e);
    s->owns_kept = true;
    return jp_kept_init(s->kept, &s->room, row_capacity(s), e);
}

static jp_scorer *allocate(jp_engine *engine, const jp_problem *problem, const jp_limits *limits) {
    jp_scorer *s = calloc(1, sizeof *s);
    if (!s || jp_bitset_init(&s->best, problem->prompt->n_units)) {
        free(s);
        return NULL;
    }
    s->engine = engine;
    s->problem = problem;
    s->limits = *limits;
    s->started = jp_seconds();
    s->gradient_price = engine->ops->gradient_price ? engine->ops->gradient_price(engine, row_capacity(s)) : 4;
    jp_cache_init(&s->cache, problem->prompt->n_units);
    return s;
}

int jp_scorer_new(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                  jopa_error *e) {
    *out = NULL;
    if (problem->target_first < 0 || problem->target_first >= problem->target_last ||
        problem->target_last > problem->n_response)
        return jp_fail(e, JOPA_ERROR_INPUT, "nothing to explain: the response or its target span is empty");
    jp_scorer *s = allocate(engine, problem, limits);
    if (!s) return jp_fail_memory(e);
    int status = engine->ops->reserve(engine, row_capacity(s), &s->room, e);
    if (!status) status = own_kept(s, e);
    if (!status) status = score_full(s, e);
    if (status) {
        jp_scorer_free(s);
        return status;
    }
    *out = s;
    return JP_OK;
}

int jp_scorer_again(jp_scorer **out, const jp_scorer *from, const jp_problem *problem, const jp_limits *limits,
                    int tail, jopa_error *e) {
    *out = NULL;
    jp_scorer *s = allocate(from->engine, problem, limits);
    if (!s) return jp_fail_memory(e);
    s->room = from->room;
    s->kept = from->kept;
    s->full = from->full;
    s->tail = tail;
    s->fast = tail && can_hurry(s->engine); /* knockouts are guides */
    s->full_symbols = malloc((size_t)row_capacity(s) * sizeof *s->full_symbols);
    int status = s->full_symbols ? know_empty(s, e) : jp_fail_memory(e);
    if (!status) make_row(s, NULL, 0, s->full_symbols);
    if (status) jp_scorer_free(s);
    else *out = s;
    return status;
}

void jp_scorer_free(jp_scorer *s) {
    if (!s) return;
    free(s->full_symbols);
    free(s->trace);
    if (s->owns_kept) {
        jp_kept_free(s->kept);
        free(s->kept);
    }
    jp_bitset_free(&s->best);
    jp_cache_free(&s->cache);
    free(s);
}

void jp_scorer_relimit(jp_scorer *s, const jp_limits *limits) {
    s->limits = *limits;
    s->stopped = JP_RUNNING;
}

int jp_scorer_fast(jp_scorer *s, bool fast, jopa_error *e) {
    s->fast = fast && can_hurry(s->engine);
    if (fast || !s->hurried) return JP_OK;
    jp_cache_free(&s->cache);
    jp_cache_init(&s->cache, s->problem->prompt->n_units);
    s->hurried = false;
    return know_empty(s, e);
}

void jp_scorer_limit_size(jp_scorer *s, int k) { s->limits.k = k; }
void jp_scorer_stop(jp_scorer *s, jp_stop_reason reason) { s->stopped = reason; }

int jp_scorer_note(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e) {
    return jp_cache_put(&s->cache, mask, drop) ? jp_fail_memory(e) : note_best(s, mask, drop, e);
}

void jp_scorer_charge(jp_scorer *s, const jp_cost *cost) {
    s->cost.evaluations += cost->evaluations;
    s->cost.gradients += cost->gradients;
    s->cost.decoded_tokens += cost->decoded_tokens;
    s->cost.naive_tokens += cost->naive_tokens;
}

/* ---- gradients -------------------------------------------------------------------------------------------- */

int jp_scorer_gradient(jp_scorer *s, const jp_bitset *mask, jp_gradient_request *request, jopa_error *e) {
    if (!s->engine->ops->gradient || !(s->engine->ops->capabilities(s->engine) & JP_CAN_GRADIENT))
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "this engine has no gradients for this model: choose a method that needs none, such as jopa or ablation");
    if (limit_reached(s)) return JP_STOP;
    if (s->limits.budget > 0 && spent_scorer(s) + s->gradient_price > s->limits.budget) {
        s->stopped = JP_STOP_BUDGET;
        return JP_STOP;
    }
    int32_t *symbols = malloc((size_t)row_capacity(s) * sizeof *symbols);
    if (!symbols) return jp_fail_memory(e);
    const jp_problem *p = s->problem;
    request->symbols = symbols;
    request->n_symbols = jp_mask_symbols(p->prompt, &p->op, mask, symbols);
    request->response = p->response;
    request->n_response = p->n_response;
    request->target_first = p->target_first;
    request->target_last = p->target_last;
    int status = s->engine->ops->gradient(s->engine, request, e);
    request->symbols = NULL;
    free(symbols);
    s->cost.gradients++;
    return status;
}

int jp_scorer_gradient_price(const jp_scorer *s) { return s->gradient_price; }

int jp_scorer_attention(jp_scorer *s, const jp_bitset *mask, jp_attention_request *request, jopa_error *e) {
    if (!s->engine->ops->attention || !(s->engine->ops->capabilities(s->engine) & JP_CAN_ATTENTION))
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "this engine shows no attention for this model: choose another method, such as jopa or ablation");
    if (limit_reached(s)) return JP_STOP;
    int32_t *symbols = malloc((size_t)row_capacity(s) * sizeof *symbols);
    if (!symbols) return jp_fail_memory(e);
    jp_row row = make_row(s, mask, 0, symbols);
    request->symbols = row.symbols;
    request->n = row.size;
    int status = s->engine->ops->attention(s->engine, request, e);
    request->symbols = NULL;
    free(symbols);
    s->cost.evaluations++;
    s->cost.decoded_tokens += row.size;
    s->cost.naive_tokens += row.size;
    return status;
}

/* ---- what is known ---------------------------------------------------------------------------------------- */

int               jp_scorer_units(const jp_scorer *s) { return s->problem->prompt->n_units; }
const jp_problem *jp_scorer_problem(const jp_scorer *s) { return s->problem; }
jp_engine        *jp_scorer_engine(jp_scorer *s) { return s->engine; }
double            jp_scorer_full(const jp_scorer *s) { return s->full; }
jp_stop_reason    jp_scorer_stopped(const jp_scorer *s) { return s->stopped; }
const jp_limits  *jp_scorer_limits(const jp_scorer *s) { return &s->limits; }
double            jp_scorer_seconds(const jp_scorer *s) { return jp_seconds() - s->started; }

int jp_scorer_batch(const jp_scorer *s) {
    int by_tokens = s->room.max_tokens / row_capacity(s),
        rows = s->room.max_rows < by_tokens ? s->room.max_rows : by_tokens;
    return rows > 1 ? rows : 1;
}

bool jp_scorer_known(const jp_scorer *s, const jp_bitset *mask, double *drop) {
    return jp_cache_get(&s->cache, mask, drop);
}

bool jp_scorer_best(const jp_scorer *s, jp_bitset *mask, double *drop) {
    if (!s->have_best) return false;
    if (mask) jp_bitset_copy(mask, &s->best);
    if (drop) *drop = s->best_drop;
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
