/* Knockouts (attention knockout, Geva et al. 2023): the prompt stays as it was computed up to a tail, in place 0; the
 * tail and the response are decoded again, in sequences that lack the cells of what is hidden. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"

typedef struct {
    jp_local                    *l;
    const jopa_knockout_request *rq;
    int                          width;   /* symbols of a row that are decoded, at most */
    jp_node                     *nodes;   /* of one batch */
    int32_t                     *symbols; /* [max_rows * width] */
    int                         *row_prompt, *rows;
    jp_engine_cost               cost;
} knockouts;

static void knockouts_free(knockouts *k) {
    free(k->nodes);
    free(k->symbols);
    free(k->row_prompt);
    free(k->rows);
}

static int knockouts_init(knockouts *k, jp_local *l, const jopa_knockout_request *rq, int step, jopa_error *err) {
    size_t n = (size_t)step, nodes = 0;
    *k = (knockouts){.l = l, .rq = rq, .width = rq->n_prompt - rq->tail + rq->last};
    for (int i = 0; i < rq->n_rows; i++) /* a row has a stretch before, between and after what is hidden, and its end */
        if ((size_t)rq->n_hidden[i] + 2 > nodes) nodes = (size_t)rq->n_hidden[i] + 2;
    k->nodes = malloc((n * nodes + 1) * sizeof *k->nodes);
    k->symbols = malloc(n * (size_t)k->width * sizeof *k->symbols);
    k->row_prompt = malloc(n * sizeof *k->row_prompt);
    k->rows = malloc(n * sizeof *k->rows);
    if (k->nodes && k->symbols && k->row_prompt && k->rows) return JP_OK;
    knockouts_free(k);
    return jp_fail_memory(err);
}

static int add_stretch(knockouts *k, int n, int row, int from, int to) {
    if (from < to) k->nodes[n++] = (jp_node){-1, row, row + 1, from, k->rq->prompt + from, to - from, 0};
    return n;
}

/* The nodes of the request's row `i`, the batch's row `row`, from node n on; returns where the next one goes. Where
 * nothing is left of a tail, the token before it is decoded again: something has to predict the response. */
static int add_row(knockouts *k, int n, int i, int row) {
    const jopa_knockout_request *rq = k->rq;
    int                          size = rq->n_row_tail[i], tail = rq->tail - (size == 0), from = 0;
    int32_t                     *symbols = k->symbols + (size_t)row * (size_t)k->width;
    for (int j = 0; j < rq->n_hidden[i]; j++) {
        n = add_stretch(k, n, row, from, rq->hidden[i][2 * j]);
        from = rq->hidden[i][2 * j + 1];
    }
    n = add_stretch(k, n, row, from, tail);
    if (size) memcpy(symbols, rq->row_tail[i], (size_t)size * sizeof *symbols);
    else symbols[size++] = rq->prompt[tail];
    memcpy(symbols + size, rq->response, (size_t)(rq->last - 1) * sizeof *symbols);
    k->row_prompt[row] = tail + size;
    k->rows[row] = i;
    k->nodes[n] = (jp_node){-1, row, row + 1, tail, symbols, size + rq->last - 1, -1};
    return n + 1;
}

static int run_knockouts(knockouts *k, int at, int n, jopa_error *err) {
    const jopa_knockout_request *rq = k->rq;
    size_t                       width = (size_t)(rq->last - rq->first);
    jp_score_output              output = {.response = rq->response,
                                           .first = rq->first,
                                           .last = rq->last,
                                           .log_probs = rq->log_probs + (size_t)at * width};
    int                          nodes = 0;
    for (int i = 0; i < n; i++) nodes = add_row(k, nodes, at + i, i);
    for (size_t i = 0; i < (size_t)n * width; i++) output.log_probs[i] = NAN;
    jp_tree tree = {.nodes = k->nodes,
                    .n_nodes = nodes,
                    .n_rows = n,
                    .row_prompt = k->row_prompt,
                    .first = rq->first,
                    .last = rq->last,
                    .fast = rq->flags & JOPA_SCORE_FAST,
                    .visit = jp_local_visit_score,
                    .user = &output};
    k->l->ear.fraction = (double)at / rq->n_rows;
    int status = jp_local_decode(k->l, &tree, &k->cost, err);
    jp_local_clear_rows(k->l, n);
    if (!status && rq->done && rq->done(rq->user, k->rows, n, &k->cost)) status = jp_fail_interrupted(err);
    return status;
}

int jp_local_knockout(void *self, const jopa_knockout_request *rq, jopa_error *err) {
    jp_local *l = self;
    knockouts k;
    int       status = jp_local_reserve(l, rq->n_prompt + rq->last, NULL, err);
    if (status) return status;
    int row = rq->n_prompt - rq->tail + rq->last - 1, step = row > 0 ? l->max_tokens / row : l->max_rows;
    step = step < 1 ? 1 : step < l->max_rows ? step : l->max_rows;
    status = knockouts_init(&k, l, rq, step, err);
    if (status) return status;
    jp_local_listen(l, rq->stop);
    status = jp_local_keep_whole(l, rq->prompt, rq->n_prompt, &k.cost, err);
    for (int at = 0; at < rq->n_rows && !status; at += step)
        status = run_knockouts(&k, at, rq->n_rows - at < step ? rq->n_rows - at : step, err);
    jp_local_end(l);
    knockouts_free(&k);
    return status;
}
