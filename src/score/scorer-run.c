/* Masks through the engine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/knockout.h"
#include "score/scorer-state.h"

/* One call of the engine: masks[index[i]] is its row i. */
typedef struct {
    jp_scorer       *s;
    const jp_bitset *masks;
    const int       *index; /* NULL: i */
    bool             drops; /* rows are drops to be remembered, and limits hold between batches */
    int              first, last, left;
    const int       *sizes;     /* [n] of the rows' prompts, or NULL: knockouts */
    float           *log_probs; /* [n * (last - first)] */
    int              status;
    jopa_error      *e;
    jp_engine_cost   seen;
    jopa_error       why; /* what went wrong in take_batch: the engine, told to stop, says that it was interrupted */
} engine_run;

static double sum_log_probs(const float *log_probs, int n) {
    double total = 0;
    for (int t = 0; t < n; t++) total += (double)log_probs[t];
    return total;
}

/* What the engine has to tell of each row: of all response tokens where they are stored. */
static void choose_span(engine_run *r) {
    const jp_problem *p = r->s->problem;
    bool              all = r->s->store && !r->s->tail;
    r->first = all ? 0 : p->target_first;
    r->last = all ? p->n_response : p->target_last;
}

/* f of a row's or a stored set's log-probabilities, which begin with response token `first`. */
static double target_sum(const jp_scorer *s, const float *log_probs, int first) {
    return sum_log_probs(log_probs + s->problem->target_first - first,
                         s->problem->target_last - s->problem->target_first);
}

/* ---- what comes back ------------------------------------------------------------------------------------------ */

static int check_numbers(engine_run *r, const float *log_probs) {
    for (int t = r->first; t < r->last; t++)
        if (isnan(log_probs[t - r->first]))
            return jp_fail(&r->why, JOPA_ERROR_MODEL,
                           "the engine '%s' gave no number as the log-probability of response token %d: its weights or "
                           "its arithmetic do not fit this prompt",
                           r->s->engine->ops->name, t + 1);
    return JP_OK;
}

static int take_row(engine_run *r, int row) {
    jp_scorer       *s = r->s;
    const jp_bitset *mask = r->masks ? r->masks + (r->index ? r->index[row] : row) : NULL;
    const float     *log_probs = r->log_probs + (size_t)row * (size_t)(r->last - r->first);
    int              status = check_numbers(r, log_probs);
    s->cost.evaluations++;
    if (r->sizes) s->cost.naive_tokens += r->sizes[row] + r->last - 1;
    if (!status && mask && s->store && !s->fast && !s->tail) status = jp_store_add(s->store, mask, log_probs, &r->why);
    if (!status && r->drops)
        status = jp_scorer_remember(s, mask, s->full - target_sum(s, log_probs, r->first), &r->why);
    return status;
}

static int take_batch(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    engine_run *r = user;
    int64_t     decoded = so_far->decoded_tokens - r->seen.decoded_tokens;
    r->seen = *so_far;
    r->s->cost.decoded_tokens += decoded;
    if (!r->sizes) r->s->cost.naive_tokens += decoded;
    for (int i = 0; i < n && !r->status; i++) r->status = take_row(r, rows[i]);
    r->left -= n;
    if (!r->status && r->drops && r->left && jp_scorer_limit_reached(r->s)) r->status = JP_STOP;
    return r->status != JP_OK;
}

static int end_run(const engine_run *r, int status) {
    if (r->status > 0 && r->e) *r->e = r->why;
    if (r->status) return r->status;
    if (!status && r->left)
        return jp_fail(r->e, JOPA_ERROR_MODEL, "the engine '%s' left %d rows unscored", r->s->engine->ops->name,
                       r->left);
    return jp_scorer_heard(r->s, status);
}

/* ---- what goes in --------------------------------------------------------------------------------------------- */

static int score_prompts(engine_run *r, const int32_t *const *prompts, int n, unsigned flags) {
    jp_scorer         *s = r->s;
    jopa_stop          stop = jp_scorer_listening(s);
    jopa_score_request rq = {.size = sizeof rq,
                             .flags = flags | (s->fast ? JOPA_SCORE_FAST : 0),
                             .n_rows = n,
                             .prompt = prompts,
                             .n_prompt = r->sizes,
                             .response = s->problem->response,
                             .n_response = s->problem->n_response,
                             .first = r->first,
                             .last = r->last,
                             .log_probs = r->log_probs,
                             .whole = s->full_symbols,
                             .n_whole = s->n_full,
                             .done = take_batch,
                             .user = r,
                             .stop = &stop};
    for (size_t i = 0; i < (size_t)n * (size_t)(r->last - r->first); i++) r->log_probs[i] = NAN;
    return end_run(r, s->engine->ops->score(s->engine, &rq, r->e));
}

/* The rows of `n` masks, hidden by the operator. */
static int score_rows_by_engine(engine_run *r, int n) {
    const jp_problem *p = r->s->problem;
    size_t            width = (size_t)p->prompt->n_tokens;
    int32_t          *symbols = malloc((size_t)n * width * sizeof *symbols);
    const int32_t   **prompts = malloc((size_t)n * sizeof *prompts);
    int              *sizes = malloc((size_t)n * sizeof *sizes);
    int               status = symbols && prompts && sizes ? JP_OK : jp_fail_memory(r->e);
    for (int i = 0; i < n && !status; i++) {
        int32_t *to = symbols + (size_t)i * width;
        prompts[i] = to;
        sizes[i] = jp_mask_symbols(p->prompt, &p->op, r->masks + (r->index ? r->index[i] : i), to);
    }
    r->sizes = sizes;
    if (!status) status = score_prompts(r, prompts, n, 0);
    r->sizes = NULL;
    free(symbols);
    free(prompts);
    free(sizes);
    return status;
}

static int score_knockouts(engine_run *r, int n) {
    jp_scorer  *s = r->s;
    jp_knockout k;
    jopa_stop   stop = jp_scorer_listening(s);
    int         status = jp_knockout_build(&k, s->problem, s->tail, r->masks, r->index, n, r->e);
    if (status) return status;
    jopa_knockout_request rq = {.size = sizeof rq,
                                .flags = s->fast ? JOPA_SCORE_FAST : 0,
                                .prompt = s->full_symbols,
                                .n_prompt = s->n_full,
                                .tail = s->tail,
                                .n_rows = n,
                                .row_tail = k.row_tail,
                                .n_row_tail = k.n_row_tail,
                                .hidden = k.hidden,
                                .n_hidden = k.n_hidden,
                                .response = s->problem->response,
                                .n_response = s->problem->n_response,
                                .first = r->first,
                                .last = r->last,
                                .log_probs = r->log_probs,
                                .done = take_batch,
                                .user = r,
                                .stop = &stop};
    for (size_t i = 0; i < (size_t)n * (size_t)(r->last - r->first); i++) r->log_probs[i] = NAN;
    status = end_run(r, s->engine->ops->knockout(s->engine, &rq, r->e));
    jp_knockout_free(&k);
    return status;
}

/* ---- f(empty set) --------------------------------------------------------------------------------------------- */

enum { REPEATED = 3 };

/* The scores of one row vary: their mean, into the first of the rows, and how far apart they are. */
static double settle_whole(jp_scorer *s, float *log_probs, int width, int first) {
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < REPEATED; i++) {
        double sum = target_sum(s, log_probs + (size_t)i * (size_t)width, first);
        least = fmin(least, sum);
        most = fmax(most, sum);
    }
    for (int t = 0; t < width; t++) {
        double sum = 0;
        for (int i = 0; i < REPEATED; i++) sum += (double)log_probs[(size_t)i * (size_t)width + (size_t)t];
        log_probs[t] = (float)(sum / REPEATED);
    }
    return most - least;
}

/* From the engine, which keeps that prompt; log_probs [REPEATED * n_response]. Servers, whose scores of one row vary,
 * are asked REPEATED times. */
static int score_whole(jp_scorer *s, float *log_probs, jopa_error *e) {
    int            n = s->engine->sharing ? REPEATED : 1, sizes[REPEATED];
    const int32_t *prompts[REPEATED];
    for (int i = 0; i < n; i++) {
        prompts[i] = s->full_symbols;
        sizes[i] = s->n_full;
    }
    engine_run r = {.s = s, .left = n, .sizes = sizes, .log_probs = log_probs, .e = e};
    choose_span(&r);
    int status = score_prompts(&r, prompts, n, JOPA_SCORE_BEGIN);
    if (status == JP_STOP) return jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted before the prompt itself was scored");
    if (status) return status;
    if (n > 1) s->noise = settle_whole(s, log_probs, r.last - r.first, r.first);
    s->full = target_sum(s, log_probs, r.first);
    jp_bitset none;
    if (!s->store) return JP_OK;
    jp_store_set_noise(s->store, s->noise);
    if (jp_bitset_init(&none, s->problem->prompt->n_units)) return jp_fail_memory(e);
    status = jp_store_add(s->store, &none, log_probs, e);
    jp_bitset_free(&none);
    return status;
}

static bool recall_whole(jp_scorer *s, const jp_bitset *none) {
    const float *known = s->store ? jp_store_find(s->store, none) : NULL;
    if (!known) return false;
    s->full = target_sum(s, known, 0);
    s->noise = jp_store_noise(s->store);
    s->cost.recalled++;
    return true;
}

int jp_scorer_score_full(jp_scorer *s, jopa_error *e) {
    float    *log_probs = malloc(REPEATED * (size_t)s->problem->n_response * sizeof *log_probs);
    jp_bitset none;
    s->noise = NAN;
    if (!log_probs || jp_bitset_init(&none, s->problem->prompt->n_units)) {
        free(log_probs);
        return jp_fail_memory(e);
    }
    int status = recall_whole(s, &none) ? JP_OK : score_whole(s, log_probs, e);
    jp_bitset_free(&none);
    free(log_probs);
    if (!status && !isfinite(s->full))
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         "the model gives this response probability 0 (log-probability %g): explain another "
                         "response, or only a part of it with `target`",
                         s->full);
    return status;
}

/* ---- drops ---------------------------------------------------------------------------------------------------- */

/* Which masks are new and distinct: their indices into fresh[], at most `room`. Returns the count; *cut tells whether
 * the room ended it. */
static int collect_fresh(const jp_scorer *s, const jp_bitset *masks, int n, int64_t room, int *fresh, bool *cut,
                         jopa_error *e) {
    jp_cache seen;
    int      count = 0, status = JP_OK;
    *cut = false;
    jp_cache_init(&seen, s->problem->prompt->n_units);
    for (int i = 0; i < n && !status; i++) {
        if (jp_scorer_known(s, masks + i, NULL) || jp_cache_get(&seen, masks + i, NULL)) continue;
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

/* What the store knows of the `n` is remembered; returns how many are left in fresh[], or -JOPA_ERROR_MEMORY. */
static int recall_drops(jp_scorer *s, const jp_bitset *masks, int *fresh, int n, jopa_error *e) {
    int left = 0;
    for (int i = 0; i < n; i++) {
        const float *known = s->store ? jp_store_find(s->store, masks + fresh[i]) : NULL;
        if (!known) {
            fresh[left++] = fresh[i];
            continue;
        }
        s->cost.recalled++;
        if (jp_scorer_note(s, masks + fresh[i], s->full - target_sum(s, known, 0), e)) return -JOPA_ERROR_MEMORY;
    }
    return left;
}

int jp_scorer_recall(jp_scorer *s, jopa_error *e) {
    int          at = 0, status = JP_OK;
    jp_bitset    mask;
    const float *log_probs;
    while (s->store && !status && jp_store_next(s->store, &at, &mask, &log_probs))
        if (!jp_scorer_known(s, &mask, NULL))
            status = jp_scorer_note(s, &mask, s->full - target_sum(s, log_probs, 0), e);
    return status;
}

static int score_some(jp_scorer *s, const jp_bitset *masks, const int *fresh, int n, jopa_error *e) {
    engine_run r = {.s = s, .masks = masks, .index = fresh, .drops = true, .left = n, .e = e};
    choose_span(&r);
    r.log_probs = malloc((size_t)n * (size_t)(r.last - r.first) * sizeof *r.log_probs);
    if (!r.log_probs) return jp_fail_memory(e);
    int status = s->tail ? score_knockouts(&r, n) : score_rows_by_engine(&r, n);
    free(r.log_probs);
    return status;
}

/* All of them together, but where their rows would take too much memory: SYMBOLS at a time (128 MiB). */
static int score_fresh(jp_scorer *s, const jp_bitset *masks, int *fresh, int n, jopa_error *e) {
    enum { SYMBOLS = 1 << 25 };
    if (jp_scorer_limit_reached(s)) return JP_STOP;
    n = recall_drops(s, masks, fresh, n, e);
    if (n <= 0) return -n;
    int row = s->problem->prompt->n_tokens + s->problem->n_response, status = JP_OK;
    int most = s->tail || row < 1 ? n : SYMBOLS / row > 0 ? SYMBOLS / row : 1;
    for (int at = 0; at < n && !status; at += most) {
        if (at && jp_scorer_limit_reached(s)) return JP_STOP;
        status = score_some(s, masks, fresh + at, n - at < most ? n - at : most, e);
    }
    return status;
}

int jp_scorer_drops(jp_scorer *s, const jp_bitset *masks, int n, double *drops, jopa_error *e) {
    for (int i = 0; i < n; i++) drops[i] = NAN;
    int64_t room = s->limits.budget > 0 ? s->limits.budget - jp_scorer_spent(s) : INT64_MAX;
    int    *fresh = malloc((size_t)(n > 0 ? n : 1) * sizeof *fresh);
    if (!fresh) return jp_fail_memory(e);
    bool cut;
    int  count = collect_fresh(s, masks, n, room > 0 ? room : 0, fresh, &cut, e);
    int  status = count < 0    ? -count
                  : count == 0 ? (jp_scorer_time_is_over(s) ? JP_STOP : JP_OK)
                               : score_fresh(s, masks, fresh, count, e);
    free(fresh);
    if (status && status != JP_STOP) return status;
    for (int i = 0; i < n; i++) jp_scorer_known(s, masks + i, drops + i);
    if (cut && !s->stopped) s->stopped = JP_STOP_BUDGET;
    return cut || status == JP_STOP ? JP_STOP : JP_OK;
}

/* ---- log-probabilities ---------------------------------------------------------------------------------------- */

/* The masks that the store lacks into it. */
static int fill_store(jp_scorer *s, const jp_bitset *masks, int n, jopa_error *e) {
    jp_cache seen;
    int      left = 0, status = JP_OK, *fresh = malloc((size_t)n * sizeof *fresh);
    jp_cache_init(&seen, s->problem->prompt->n_units);
    for (int i = 0; i < n && fresh && !status; i++) {
        if (jp_cache_get(&seen, masks + i, NULL)) continue;
        status = jp_cache_put(&seen, masks + i, 0) ? jp_fail_memory(e) : JP_OK;
        if (jp_store_find(s->store, masks + i)) s->cost.recalled++;
        else fresh[left++] = i;
    }
    engine_run r = {.s = s, .masks = masks, .index = fresh, .left = left, .e = e};
    choose_span(&r);
    r.log_probs = malloc(((size_t)left * (size_t)(r.last - r.first) + 1) * sizeof *r.log_probs);
    if (!status && (!fresh || !r.log_probs)) status = jp_fail_memory(e);
    if (!status && left) status = score_rows_by_engine(&r, left);
    jp_cache_free(&seen);
    free(r.log_probs);
    free(fresh);
    return status;
}

static int stored_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e) {
    const jp_problem *p = s->problem;
    size_t            width = (size_t)(p->target_last - p->target_first);
    int               status = fill_store(s, masks, n, e);
    for (int i = 0; i < n && !status; i++)
        memcpy(log_probs + (size_t)i * width, jp_store_find(s->store, masks + i) + p->target_first,
               width * sizeof *log_probs);
    return status;
}

int jp_scorer_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e) {
    if (n < 1) return JP_OK;
    if (s->store && !s->fast && !s->tail) return stored_log_probs(s, masks, n, log_probs, e);
    engine_run r = {.s = s, .masks = masks, .left = n, .log_probs = log_probs, .e = e};
    r.first = s->problem->target_first;
    r.last = s->problem->target_last;
    return score_rows_by_engine(&r, n);
}
