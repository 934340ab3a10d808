/* Greedy generation, and whole next-token distributions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"
#include "engine/llama/log-softmax.h"

/* One row, from `position` on, into the first sequence. */
static int decode_row(jp_local *l, const int32_t *symbols, int n, int position, jp_tree *tree, jp_engine_cost *cost,
                      jopa_error *err) {
    jp_node node = {-1, 0, 1, position, symbols, n, -1};
    tree->nodes = &node;
    tree->n_nodes = n > 0;
    tree->n_rows = 1;
    return jp_local_decode(l, tree, cost, err);
}

/* ---- next-token distributions --------------------------------------------------------------------------------- */

static void visit_next(void *user, int row, int t, const float *logits, int n) {
    (void)row;
    float *out = (float *)user + (size_t)t * (size_t)n;
    double total = jp_log_sum_exp(logits, n);
    for (int i = 0; i < n; i++) out[i] = (float)((double)logits[i] - total);
}

static int next_of_row(jp_local *l, jopa_next_request *rq, const int32_t *prompt, int n_prompt, jopa_error *err) {
    int      n = n_prompt + rq->n_response - 1, n_vocab = llama_vocab_n_tokens(l->vocab);
    int32_t *row = malloc((size_t)(n + 1) * sizeof *row);
    if (!row) return jp_fail_memory(err);
    if (n_prompt) memcpy(row, prompt, (size_t)n_prompt * sizeof *row);
    memcpy(row + n_prompt, rq->response, (size_t)(rq->n_response - 1) * sizeof *row);
    for (int i = 0; n_prompt == 0 && i < n_vocab; i++) rq->out[i] = -logf((float)n_vocab); /* as llama-score.c's */
    jp_tree tree = {.row_prompt = &n_prompt, .last = rq->n_response, .visit = visit_next, .user = rq->out};
    int     status = decode_row(l, row, n, 0, &tree, &rq->cost, err);
    jp_local_clear_rows(l, 1);
    free(row);
    return status;
}

int jp_local_next(void *self, jopa_next_request *rq, jopa_error *err) {
    jp_local      *l = self;
    int            n = rq->n_symbols;
    const int32_t *prompt = jp_local_begun(l, rq->symbols, &n);
    rq->cost = (jp_engine_cost){0};
    if (rq->n_response < 1) return JP_OK;
    int status = jp_local_reserve(l, n + rq->n_response, NULL, err);
    if (status) return status;
    jp_local_listen(l, rq->stop);
    status = next_of_row(l, rq, prompt, n, err);
    jp_local_end(l);
    return status;
}

/* ---- generation ----------------------------------------------------------------------------------------------- */

static void visit_argmax(void *user, int row, int t, const float *logits, int n) {
    (void)row, (void)t;
    int best = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    *(int32_t *)user = best;
}

/* Feed `n` symbols at `position` of the first row and return the most likely next token in *next. */
static int step_generate(jp_local *l, const int32_t *symbols, int n, int position, int32_t *next, jp_engine_cost *cost,
                         jopa_error *err) {
    int     prompt = position + n; /* so that the last symbol predicts "response token 0" */
    jp_tree tree = {.row_prompt = &prompt, .last = 1, .visit = visit_argmax, .user = next};
    return decode_row(l, symbols, n, position, &tree, cost, err);
}

static int generate_from(jp_local *l, jopa_generate_request *rq, const int32_t *symbols, int n, jopa_error *err) {
    int32_t next = 0;
    int     status = step_generate(l, symbols, n, 0, &next, &rq->cost, err);
    while (!status && rq->n < rq->max && !llama_vocab_is_eog(l->vocab, next)) {
        rq->out[rq->n++] = next;
        l->ear.fraction = (double)rq->n / rq->max;
        if (rq->n < rq->max) status = step_generate(l, rq->out + rq->n - 1, 1, n + rq->n - 1, &next, &rq->cost, err);
    }
    jp_local_clear_rows(l, 1);
    return status;
}

int jp_local_generate(void *self, jopa_generate_request *rq, jopa_error *err) {
    jp_local      *l = self;
    int            n = rq->n_symbols;
    const int32_t *symbols = jp_local_begun(l, rq->symbols, &n);
    rq->n = 0;
    rq->cost = (jp_engine_cost){0};
    if (n < 1)
        return jp_fail(err, JOPA_ERROR_INPUT,
                       "the prompt is empty, and this model has no token that begins a text: there is nothing to "
                       "continue");
    int status = jp_local_reserve(l, n + rq->max, NULL, err);
    if (status) return status;
    jp_local_listen(l, rq->stop);
    status = generate_from(l, rq, symbols, n, err);
    jp_local_end(l);
    return status;
}
