/* Masks to drops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/scorer-rows.h"

/* ---- f(empty set) --------------------------------------------------------------------------------------------- */

enum { REPEATED = 3 };

/* The mean of the rows, into the first of them. */
static void settle_rows(float *log_probs, int width) {
    for (int t = 0; t < width; t++) {
        double sum = 0;
        for (int i = 0; i < REPEATED; i++) sum += (double)log_probs[(size_t)i * (size_t)width + (size_t)t];
        log_probs[t] = (float)(sum / REPEATED);
    }
}

/* The scores of one row vary: their mean, and how far apart they are. */
static double settle_whole(jp_engine_run *r) {
    double least = INFINITY, most = -INFINITY;
    size_t width = (size_t)(r->last - r->first), others = (size_t)r->other_width;
    for (size_t i = 0; i < REPEATED; i++) {
        double sum = jp_rows_score(r->s, r->log_probs + i * width, r->first, r->others + i * others);
        least = fmin(least, sum);
        most = fmax(most, sum);
    }
    settle_rows(r->log_probs, (int)width);
    settle_rows(r->others, (int)others);
    return most - least;
}

static int store_whole(jp_engine_run *r) {
    jp_scorer *s = r->s;
    jp_bitset  none;
    jp_store_set_noise(s->store, s->noise);
    if (jp_bitset_init(&none, s->problem->prompt->n_units)) return jp_fail_memory(r->e);
    int status = jp_rows_store(s, &none, r->log_probs, r->others, r->e);
    jp_bitset_free(&none);
    return status;
}

/* From the engine, which keeps that prompt. Servers, whose scores of one row vary, are asked REPEATED times. */
static int score_whole(jp_scorer *s, jopa_error *e) {
    int            n = s->engine->sharing ? REPEATED : 1, sizes[REPEATED];
    const int32_t *prompts[REPEATED];
    for (int i = 0; i < n; i++) {
        prompts[i] = s->full_symbols;
        sizes[i] = s->n_full;
    }
    jp_engine_run r = {.s = s, .left = n, .sizes = sizes, .e = e};
    int           status = jp_rows_init(&r, n);
    if (!status) status = jp_rows_prompts(&r, prompts, n, JOPA_SCORE_BEGIN);
    if (status == JP_STOP)
        status = jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted before the prompt itself was scored");
    if (!status && n > 1) s->noise = settle_whole(&r);
    if (!status) s->full = jp_rows_score(s, r.log_probs, r.first, r.others);
    if (!status && s->store) status = store_whole(&r);
    jp_rows_free(&r);
    return status;
}

static bool recall_whole(jp_scorer *s, const jp_bitset *none) {
    const float *known, *others;
    if (!jp_rows_stored(s, none, &known, &others)) return false;
    s->full = jp_rows_score(s, known, 0, others);
    s->noise = jp_store_noise(s->store);
    s->cost.recalled++;
    return true;
}

int jp_scorer_score_full(jp_scorer *s, jopa_error *e) {
    jp_bitset none;
    s->noise = NAN;
    if (jp_bitset_init(&none, s->problem->prompt->n_units)) return jp_fail_memory(e);
    int status = recall_whole(s, &none) ? JP_OK : score_whole(s, e);
    jp_bitset_free(&none);
    if (!status && !isfinite(s->full))
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         s->problem->other.tokens
                             ? "the model gives one of the two answers probability 0 (a difference of %g): choose "
                               "another one to explain it against"
                             : "the model gives this response probability 0 (log-probability %g): explain another "
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
    int          left = 0;
    const float *known, *others;
    for (int i = 0; i < n; i++) {
        if (!jp_rows_stored(s, masks + fresh[i], &known, &others)) {
            fresh[left++] = fresh[i];
            continue;
        }
        s->cost.recalled++;
        if (jp_scorer_note(s, masks + fresh[i], s->full - jp_rows_score(s, known, 0, others), e))
            return -JOPA_ERROR_MEMORY;
    }
    return left;
}

int jp_scorer_recall(jp_scorer *s, jopa_error *e) {
    int          at = 0, status = JP_OK;
    jp_bitset    mask;
    const float *log_probs, *others;
    while (s->store && !status && jp_store_next(s->store, &at, &mask, &log_probs))
        if (!jp_scorer_known(s, &mask, NULL) && jp_rows_stored(s, &mask, &log_probs, &others))
            status = jp_scorer_note(s, &mask, s->full - jp_rows_score(s, log_probs, 0, others), e);
    return status;
}

static int score_some(jp_scorer *s, const jp_bitset *masks, const int *fresh, int n, jopa_error *e) {
    jp_engine_run r = {.s = s, .masks = masks, .index = fresh, .drops = true, .left = n, .e = e};
    int           status = jp_rows_init(&r, n);
    if (!status) status = s->tail ? jp_rows_knockouts(&r, n) : jp_rows_masks(&r, n);
    jp_rows_free(&r);
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
    jp_cache     seen;
    const float *known, *others;
    int          left = 0, *fresh = malloc((size_t)n * sizeof *fresh), status = fresh ? JP_OK : jp_fail_memory(e);
    jp_cache_init(&seen, s->problem->prompt->n_units);
    for (int i = 0; i < n && !status; i++) {
        if (jp_cache_get(&seen, masks + i, NULL)) continue;
        status = jp_cache_put(&seen, masks + i, 0) ? jp_fail_memory(e) : JP_OK;
        if (jp_rows_stored(s, masks + i, &known, &others)) s->cost.recalled++;
        else fresh[left++] = i;
    }
    jp_engine_run r = {.s = s, .masks = masks, .index = fresh, .left = left, .e = e};
    if (!status) status = jp_rows_init(&r, left);
    if (!status && left) status = jp_rows_masks(&r, left);
    jp_cache_free(&seen);
    jp_rows_free(&r);
    free(fresh);
    return status;
}

/* others may be NULL. */
static int stored_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, float *others,
                            jopa_error *e) {
    const jp_problem *p = s->problem;
    size_t            width = (size_t)(p->target_last - p->target_first), other = (size_t)jp_problem_others(p);
    const float      *known, *known_others;
    int               status = fill_store(s, masks, n, e);
    for (size_t i = 0; i < (size_t)n && !status && jp_rows_stored(s, masks + i, &known, &known_others); i++) {
        memcpy(log_probs + i * width, known + p->target_first, width * sizeof *log_probs);
        if (others && known_others) memcpy(others + i * other, known_others, other * sizeof *others);
    }
    return status;
}

int jp_scorer_both(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, float *others, jopa_error *e) {
    if (n < 1) return JP_OK;
    if (s->store && !s->fast && !s->tail) return stored_log_probs(s, masks, n, log_probs, others, e);
    jp_engine_run r = {.s = s, .masks = masks, .left = n, .e = e};
    int           status = jp_rows_init(&r, n);
    size_t        width = (size_t)(r.last - r.first), from = (size_t)(s->problem->target_first - r.first);
    if (!status) status = jp_rows_masks(&r, n);
    size_t wanted = (size_t)(s->problem->target_last - s->problem->target_first);
    for (size_t i = 0; i < (size_t)n && !status; i++)
        memcpy(log_probs + i * wanted, r.log_probs + i * width + from, wanted * sizeof *log_probs);
    if (!status && others) memcpy(others, r.others, (size_t)n * (size_t)r.other_width * sizeof *others);
    jp_rows_free(&r);
    return status;
}

int jp_scorer_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e) {
    return jp_scorer_both(s, masks, n, log_probs, NULL, e);
}
