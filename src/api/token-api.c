/* A model's tokens: what it says of a sequence of them, and what it writes after one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/model.h"

enum { MOST_NEXT = 1 << 25 }; /* numbers of next-token distributions at once: 128 MiB */

static int is_cancelled(void *user, double fraction) {
    (void)fraction;
    return atomic_load(&((jopa_model *)user)->cancelled);
}

static jopa_stop stop_of_model(jopa_model *m) { return (jopa_stop){.ask = is_cancelled, .user = m}; }

static unsigned abilities(const jopa_model *m) { return m->engine->ops->capabilities(m->engine); }

static int fail_ability(const jopa_model *m, const char *what, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "the engine '%s' has no %s", m->engine->ops->name, what);
}

void jopa_model_describe(const jopa_model *m, jopa_model_info *out) {
    jopa_model_info info = {.size = sizeof info};
    size_t          size = out->size < sizeof info ? out->size : sizeof info;
    m->engine->ops->model_info(m->engine, &info);
    info.size = out->size;
    memcpy(out, &info, size);
}

int jopa_model_vocabulary(const jopa_model *m) {
    return m->engine->ops->n_vocab ? m->engine->ops->n_vocab(m->engine) : 0;
}

int jopa_model_tokenize(jopa_model *m, const char *text, size_t size, bool special, int32_t **ids, int *n,
                        jopa_error *e) {
    if (!(abilities(m) & JP_CAN_TOKENIZE)) return fail_ability(m, "tokenizer", e);
    return m->engine->ops->tokenize(m->engine, text, size, special, ids, n, e);
}

int jopa_model_piece(const jopa_model *m, int32_t id, bool special, char *out, int size) {
    int n_vocab = jopa_model_vocabulary(m);
    if (!m->engine->ops->piece || id < 0 || (n_vocab && id >= n_vocab)) return 0;
    int n = m->engine->ops->piece(m->engine, id, special, out, size);
    return n > 0 ? n : 0;
}

int32_t jopa_model_token_called(const jopa_model *m, const char *part) {
    return m->engine->ops->token_called ? m->engine->ops->token_called(m->engine, part) : -1;
}

/* ---- log-probabilities ----------------------------------------------------------------------------------------- */

static int check_ids(const jopa_model *m, const int32_t *ids, int n, jopa_error *e) {
    int n_vocab = jopa_model_vocabulary(m);
    if (n < 1) return jp_fail(e, JOPA_ERROR_INPUT, "the sequence has no tokens");
    for (int i = 0; i < n; i++)
        if (ids[i] < 0 || (n_vocab && ids[i] >= n_vocab))
            return jp_fail(e, JOPA_ERROR_INPUT, "%d is no token: the model has the tokens 0 to %d", (int)ids[i],
                           n_vocab - 1);
    return m->engine->ops->reserve(m->engine, n, NULL, e);
}

static int score_sequence(jopa_model *m, const int32_t *ids, int n, float *log_probs, jopa_error *e) {
    int                one = 1;
    jopa_stop          stop = stop_of_model(m);
    jopa_score_request rq = {.size = sizeof rq,
                             .n_rows = 1,
                             .prompt = &ids,
                             .n_prompt = &one,
                             .response = ids + 1,
                             .n_response = n - 1,
                             .last = n - 1,
                             .log_probs = log_probs + 1,
                             .stop = &stop};
    log_probs[0] = NAN;
    return n > 1 ? m->engine->ops->score(m->engine, &rq, e) : JP_OK;
}

/* The `top` largest of values[n], best first. */
static void take_top(const float *values, int n, int top, int32_t *ids, float *out) {
    int taken = 0;
    for (int i = 0; i < n; i++) {
        if (taken == top && !(values[i] > out[top - 1])) continue;
        int at = taken < top ? taken++ : top - 1;
        for (; at > 0 && values[i] > out[at - 1]; at--) {
            out[at] = out[at - 1];
            ids[at] = ids[at - 1];
        }
        out[at] = values[i];
        ids[at] = i;
    }
}

/* ids[from .. to): their own log-probabilities and the most likely ones, through `room` [(to - from) * n_vocab]. */
static int next_of_window(jopa_model *m, const int32_t *ids, int from, int to, float *room, float *log_probs, int top,
                          int32_t *top_ids, float *top_log_probs, jopa_error *e) {
    int               n_vocab = jopa_model_vocabulary(m);
    jopa_stop         stop = stop_of_model(m);
    jopa_next_request rq = {.size = sizeof rq,
                            .symbols = ids,
                            .n_symbols = from,
                            .response = ids + from,
                            .n_response = to - from,
                            .out = room,
                            .stop = &stop};
    int               status = m->engine->ops->next(m->engine, &rq, e);
    for (int t = from; t < to && !status; t++) {
        const float *row = room + (size_t)(t - from) * (size_t)n_vocab;
        log_probs[t] = row[ids[t]];
        take_top(row, n_vocab, top, top_ids + (size_t)t * (size_t)top, top_log_probs + (size_t)t * (size_t)top);
    }
    return status;
}

static int next_of_sequence(jopa_model *m, const int32_t *ids, int n, float *log_probs, int top, int32_t *top_ids,
                            float *top_log_probs, jopa_error *e) {
    int n_vocab = jopa_model_vocabulary(m), status = JP_OK;
    if (!(abilities(m) & JP_CAN_NEXT) || !n_vocab) return fail_ability(m, "whole next-token distributions", e);
    if (top > n_vocab) return jp_fail(e, JOPA_ERROR_USAGE, "the model has %d tokens, not %d", n_vocab, top);
    int    window = MOST_NEXT / n_vocab > 1 ? MOST_NEXT / n_vocab : 1;
    float *room = malloc((size_t)(window < n ? window : n) * (size_t)n_vocab * sizeof *room);
    if (!room) return jp_fail_memory(e);
    log_probs[0] = NAN;
    for (int from = 1; from < n && !status; from += window)
        status = next_of_window(m, ids, from, n - from < window ? n : from + window, room, log_probs, top, top_ids,
                                top_log_probs, e);
    free(room);
    return status;
}

int jopa_model_log_probs(jopa_model *m, const int32_t *ids, int n, float *log_probs, int top, int32_t *top_ids,
                         float *top_log_probs, jopa_error *e) {
    int status = check_ids(m, ids, n, e);
    if (status) return status;
    jp_model_begin(m);
    return top > 0 ? next_of_sequence(m, ids, n, log_probs, top, top_ids, top_log_probs, e)
                   : score_sequence(m, ids, n, log_probs, e);
}

/* ---- generation ------------------------------------------------------------------------------------------------ */

int jopa_model_generate(jopa_model *m, const int32_t *ids, int n, int max, int32_t *out, int *n_out, jopa_error *e) {
    jopa_stop             stop = stop_of_model(m);
    jopa_generate_request rq = {
        .size = sizeof rq, .symbols = ids, .n_symbols = n, .max = max, .out = out, .stop = &stop};
    if (!(abilities(m) & JP_CAN_GENERATE)) return fail_ability(m, "generation", e);
    if (max < 1) return jp_fail(e, JOPA_ERROR_USAGE, "at least 1 token is written");
    int status = check_ids(m, ids, n, e);
    if (status) return status;
    jp_model_begin(m);
    status = m->engine->ops->generate(m->engine, &rq, e);
    if (!status) *n_out = rq.n;
    return status;
}
