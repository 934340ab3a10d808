#include "score/scorer-rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/knockout.h"

static double sum_log_probs(const float *log_probs, int n) {
    double total = 0;
    for (int t = 0; t < n; t++) total += (double)log_probs[t];
    return total;
}

int jp_rows_init(jp_engine_run *r, int n) {
    const jp_problem *p = r->s->problem;
    bool              all = r->s->store && !r->s->tail;
    r->first = all ? 0 : p->target_first;
    r->last = all ? p->n_response : p->target_last;
    r->other_width = jp_problem_others(p);
    r->log_probs = malloc(((size_t)n * (size_t)(r->last - r->first) + 1) * sizeof *r->log_probs);
    r->others = malloc(((size_t)n * (size_t)r->other_width + 1) * sizeof *r->others);
    return r->log_probs && r->others ? JP_OK : jp_fail_memory(r->e);
}

void jp_rows_free(jp_engine_run *r) {
    free(r->log_probs);
    free(r->others);
}

double jp_rows_score(const jp_scorer *s, const float *log_probs, int first, const float *others) {
    const jp_problem *p = s->problem;
    return sum_log_probs(log_probs + p->target_first - first, p->target_last - p->target_first) -
           sum_log_probs(others, jp_problem_others(p));
}

bool jp_rows_stored(const jp_scorer *s, const jp_bitset *mask, const float **log_probs, const float **others) {
    *log_probs = s->store ? jp_store_find(s->store, mask) : NULL;
    *others = s->others ? jp_store_find(s->others, mask) : NULL;
    return *log_probs && (*others || !s->others);
}

int jp_rows_store(jp_scorer *s, const jp_bitset *mask, const float *log_probs, const float *others, jopa_error *e) {
    int status = jp_store_add(s->store, mask, log_probs, e);
    return !status && s->others ? jp_store_add(s->others, mask, others, e) : status;
}

/* ---- what comes back ------------------------------------------------------------------------------------------ */

static int check_numbers(jp_engine_run *r, const float *log_probs, int first, int n) {
    for (int t = 0; t < n; t++)
        if (isnan(log_probs[t]))
            return jp_fail(&r->why, JOPA_ERROR_MODEL,
                           "the engine '%s' gave no number as the log-probability of response token %d: its weights or "
                           "its arithmetic do not fit this prompt",
                           r->s->engine->ops->name, first + t + 1);
    return JP_OK;
}

static int take_row(jp_engine_run *r, int row) {
    jp_scorer       *s = r->s;
    const jp_bitset *mask = r->masks ? r->masks + (r->index ? r->index[row] : row) : NULL;
    const float     *log_probs = r->log_probs + (size_t)row * (size_t)(r->last - r->first);
    const float     *others = r->others + (size_t)row * (size_t)r->other_width;
    int              status = check_numbers(r, log_probs, r->first, r->last - r->first);
    if (!status) status = check_numbers(r, others, s->problem->other.first, r->other_width);
    s->cost.evaluations++;
    if (r->sizes) s->cost.naive_tokens += r->sizes[row] + r->last - 1;
    if (r->sizes && r->other_width) s->cost.naive_tokens += r->sizes[row] + s->problem->other.last - 1;
    if (!status && mask && s->store && !s->fast && !s->tail)
        status = jp_rows_store(s, mask, log_probs, others, &r->why);
    if (!status && r->drops)
        status = jp_scorer_remember(s, mask, s->full - jp_rows_score(s, log_probs, r->first, others), &r->why);
    return status;
}

static void charge_batch(jp_engine_run *r, const jopa_engine_cost *so_far) {
    int64_t decoded = so_far->decoded_tokens - r->seen.decoded_tokens;
    r->seen = *so_far;
    r->s->cost.decoded_tokens += decoded;
    if (!r->sizes) r->s->cost.naive_tokens += decoded;
}

static int take_batch(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    jp_engine_run *r = user;
    charge_batch(r, so_far);
    for (int i = 0; i < n && !r->status; i++) r->status = take_row(r, r->base + rows[i]);
    r->left -= n;
    if (!r->status && r->drops && r->left && jp_scorer_limit_reached(r->s)) r->status = JP_STOP;
    return r->status != JP_OK;
}

/* Of the other answer alone: the rows count when the response's are there. */
static int take_others(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    jp_engine_run *r = user;
    (void)rows, (void)n;
    charge_batch(r, so_far);
    if (r->drops && jp_scorer_limit_reached(r->s)) r->status = JP_STOP;
    return r->status != JP_OK;
}

/* The engine ended the first of two calls. */
static int end_others(jp_engine_run *r, int status) {
    r->seen = (jopa_engine_cost){0};
    return r->status ? r->status : jp_scorer_heard(r->s, status);
}

static int end_run(jp_engine_run *r, int status) {
    r->seen = (jopa_engine_cost){0};
    if (r->status > 0 && r->e) *r->e = r->why;
    if (r->status) return r->status;
    if (!status && r->left > r->later)
        return jp_fail(r->e, JOPA_ERROR_MODEL, "the engine '%s' left %d rows unscored", r->s->engine->ops->name,
                       r->left);
    return jp_scorer_heard(r->s, status);
}

/* ---- what goes in --------------------------------------------------------------------------------------------- */

static void clear_rows(jp_engine_run *r, int n) {
    for (size_t i = 0; i < (size_t)n * (size_t)(r->last - r->first); i++) r->log_probs[i] = NAN;
    for (size_t i = 0; i < (size_t)n * (size_t)r->other_width; i++) r->others[i] = NAN;
}

/* Both answers by two calls, some rows at a time, so that limits are looked at where both are there. */
static int score_in_turns(jp_engine_run *r, const jopa_score_request *all, jopa_error *e) {
    jp_scorer      *s = r->s;
    const jp_other *o = &s->problem->other;
    int             n = all->n_rows, step = s->batch > 0 ? s->batch : n, status = JP_OK;
    for (r->base = 0; r->base < n && !status; r->base += step) {
        size_t             at = (size_t)r->base;
        jopa_score_request rq = *all;
        rq.n_rows = n - r->base < step ? n - r->base : step;
        rq.prompt += at;
        rq.n_prompt += at;
        rq.flags &= r->base ? ~(unsigned)JOPA_SCORE_BEGIN : ~0u;
        jopa_score_request other = rq;
        other.response = o->tokens;
        other.n_response = o->n;
        other.first = o->first;
        other.last = o->last;
        other.log_probs = r->others + at * (size_t)r->other_width;
        other.done = take_others;
        rq.flags &= ~(unsigned)JOPA_SCORE_BEGIN;
        rq.log_probs += at * (size_t)(r->last - r->first);
        r->later = n - r->base - rq.n_rows;
        status = end_others(r, s->engine->ops->score(s->engine, &other, e));
        if (!status) status = end_run(r, s->engine->ops->score(s->engine, &rq, e));
    }
    r->base = r->later = 0;
    return status;
}

int jp_rows_prompts(jp_engine_run *r, const int32_t *const *prompts, int n, unsigned flags) {
    jp_scorer         *s = r->s;
    const jp_other    *other = &s->problem->other;
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
    clear_rows(r, n);
    bool at_once = s->engine->ops->capabilities(s->engine) & JP_CAN_CONTRAST;
    if (r->other_width && !at_once) return score_in_turns(r, &rq, r->e);
    if (r->other_width) {
        rq.other = other->tokens;
        rq.n_other = other->n;
        rq.other_first = other->first;
        rq.other_last = other->last;
        rq.other_log_probs = r->others;
    }
    return end_run(r, s->engine->ops->score(s->engine, &rq, r->e));
}

int jp_rows_masks(jp_engine_run *r, int n) {
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
    if (!status) status = jp_rows_prompts(r, prompts, n, 0);
    r->sizes = NULL;
    free(symbols);
    free(prompts);
    free(sizes);
    return status;
}

static int knock_out_others(jp_engine_run *r, jopa_knockout_request rq) {
    const jp_other *o = &r->s->problem->other;
    rq.response = o->tokens;
    rq.n_response = o->n;
    rq.first = o->first;
    rq.last = o->last;
    rq.log_probs = r->others;
    rq.done = take_others;
    return end_others(r, r->s->engine->ops->knockout(r->s->engine, &rq, r->e));
}

int jp_rows_knockouts(jp_engine_run *r, int n) {
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
    clear_rows(r, n);
    if (r->other_width) status = knock_out_others(r, rq);
    if (!status) status = end_run(r, s->engine->ops->knockout(s->engine, &rq, r->e));
    jp_knockout_free(&k);
    return status;
}
