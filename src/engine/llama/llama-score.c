/* Scores: rows are sorted, cut into batches, each a tree of shared prefixes, and prompts are kept for later ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"
#include "engine/llama/log-softmax.h"

void jp_local_visit_score(void *user, int row, int t, const float *logits, int n_vocab) {
    const jp_score_output *o = user;
    int                    width = o->last - o->first;
    o->log_probs[row * width + t - o->first] =
        (float)((double)logits[o->response[t]] - jp_log_sum_exp(logits, n_vocab));
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

typedef struct {
    jp_local                 *l;
    const jopa_score_request *rq;
    int                       width;   /* log-probabilities of a row */
    jp_row                   *rows;    /* [n_rows] */
    int32_t                  *symbols; /* of all rows */
    float                    *scratch; /* [max_rows * width] of one batch */
    int                      *tags;    /* [n_rows] of the batch's rows */
    jp_engine_cost            cost;
} scoring;

const int32_t *jp_local_begun(const jp_local *l, const int32_t *symbols, int *n) {
    if (*n > 0 || l->begin < 0) return symbols;
    *n = 1;
    return &l->begin;
}

static void write_rows(scoring *s) {
    const jopa_score_request *rq = s->rq;
    int32_t                  *to = s->symbols;
    for (int i = 0; i < rq->n_rows; i++) {
        int            n = rq->n_prompt[i];
        const int32_t *prompt = jp_local_begun(s->l, rq->prompt[i], &n);
        if (n) memcpy(to, prompt, (size_t)n * sizeof *to);
        memcpy(to + n, rq->response, (size_t)(rq->last - 1) * sizeof *to);
        s->rows[i] = (jp_row){to, n + rq->last - 1, n, i, 0, -1};
        to += s->rows[i].size;
    }
}

static void scoring_free(scoring *s) {
    free(s->rows);
    free(s->symbols);
    free(s->scratch);
    free(s->tags);
}

static int scoring_init(scoring *s, jp_local *l, const jopa_score_request *rq, jopa_error *err) {
    size_t n = (size_t)rq->n_rows, symbols = 1;
    *s = (scoring){.l = l, .rq = rq, .width = rq->last - rq->first};
    for (size_t i = 0; i < n; i++) symbols += (size_t)rq->n_prompt[i] + (size_t)rq->last;
    s->rows = malloc((n + 1) * sizeof *s->rows);
    s->symbols = malloc(symbols * sizeof *s->symbols);
    s->tags = malloc((n + 1) * sizeof *s->tags);
    s->scratch = malloc((size_t)l->max_rows * (size_t)s->width * sizeof *s->scratch);
    if (s->rows && s->symbols && s->tags && s->scratch) {
        write_rows(s);
        jp_plan_sort(s->rows, rq->n_rows);
        return JP_OK;
    }
    scoring_free(s);
    return jp_fail_memory(err);
}

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* How many of the sorted rows make the next batch. No more are matched than may be in it: the next one finds others
 * kept. */
static int next_batch(const scoring *s, jp_row *rows, int n) {
    const jp_local *l = s->l;
    int             matched = 0, count;
    do {
        int to = n - matched < l->max_rows ? n : matched + l->max_rows;
        for (; matched < to; matched++) jp_kept_match(&l->kept, rows + matched);
        count = jp_plan_cut(rows, matched, l->max_rows, l->max_tokens);
    } while (count == matched && matched < n); /* identical rows cost nothing */
    return count;
}

/* What begins a text has no context. A model without a token for that says nothing of it: all are as likely. */
static void fill_unfed(const scoring *s, const jp_plan *plan) {
    float uniform = -logf((float)llama_vocab_n_tokens(s->l->vocab));
    for (int row = 0; row < plan->n_rows; row++)
        if (plan->row_prompt[row] == 0 && s->rq->first == 0) s->scratch[row * s->width] = uniform;
}

/* The whole prompt's batch: what follows it is noted for llama-probe.c. */
typedef struct {
    jp_score_output output;
    scoring        *s;
    int             n; /* its tokens */
} whole_output;

static void visit_whole(void *user, int row, int t, const float *logits, int n_vocab) {
    whole_output *w = user;
    jp_local_visit_score(&w->output, row, t, logits, n_vocab);
    if (t == 0) jp_local_note_whole(w->s->l, logits, w->n);
}

static int decode_plan(scoring *s, const jp_plan *plan, bool whole, jopa_error *err) {
    jp_score_output output = {s->rq->response, s->rq->first, s->rq->last, s->scratch};
    jp_tree         tree = {.nodes = plan->nodes,
                            .n_nodes = plan->n_nodes,
                            .n_rows = plan->n_rows,
                            .row_prompt = plan->row_prompt,
                            .first = s->rq->first,
                            .last = s->rq->last,
                            .fast = s->rq->flags & JOPA_SCORE_FAST,
                            .visit = jp_local_visit_score,
                            .user = &output};
    whole_output    noted = {output, s, plan->row_prompt[0]};
    if (whole) {
        tree.visit = visit_whole;
        tree.user = &noted;
    }
    for (int i = 0; i < plan->n_rows * s->width; i++) s->scratch[i] = NAN;
    fill_unfed(s, plan);
    return jp_local_decode(s->l, &tree, &s->cost, err);
}

/* `n` sorted and matched rows that fit one batch. The first is the whole prompt, to be kept as such, with `whole`. */
static int run_batch(scoring *s, const jp_row *rows, int n, bool whole, jopa_error *err) {
    jp_plan plan;
    int     status = jp_plan_build(&plan, rows, n, err);
    if (status) return status;
    status = decode_plan(s, &plan, whole, err);
    if (!status && !(s->rq->flags & JOPA_SCORE_FAST))
        jp_kept_take(&s->l->kept, rows, plan.row_of, n, s->l->row_ids, whole);
    jp_local_clear_rows(s->l, plan.n_rows);
    for (int i = 0; i < n && !status; i++) {
        size_t size = (size_t)s->width * sizeof *s->scratch;
        memcpy(s->rq->log_probs + (size_t)rows[i].tag * (size_t)s->width,
               s->scratch + (size_t)plan.row_of[i] * (size_t)s->width, size);
        s->tags[i] = rows[i].tag;
    }
    jp_plan_free(&plan);
    if (!status && s->rq->done && s->rq->done(s->rq->user, s->tags, n, &s->cost)) status = jp_fail_interrupted(err);
    return status;
}

int jp_local_keep_whole(jp_local *l, const int32_t *prompt, int n, jp_engine_cost *cost, jopa_error *err) {
    if (jp_kept_is_whole(&l->kept, prompt, n)) return JP_OK;
    jp_row  row = {prompt, n, n, 0, 0, -1};
    jp_plan plan;
    jp_kept_match(&l->kept, &row);
    int status = jp_plan_build(&plan, &row, 1, err);
    if (status) return status;
    jp_tree tree = {.nodes = plan.nodes, .n_nodes = plan.n_nodes, .n_rows = 1, .row_prompt = &n};
    l->probe.n = 0; /* another prompt's */
    status = jp_local_decode(l, &tree, cost, err);
    if (!status) jp_kept_take(&l->kept, &row, plan.row_of, 1, l->row_ids, true);
    jp_local_clear_rows(l, 1);
    jp_plan_free(&plan);
    return status;
}

/* Whether place 0 lacks the whole prompt, and it will pay to decode it once more. */
static bool needs_whole(const scoring *s) {
    enum { LEAST = 4 };
    const jopa_score_request *rq = s->rq;
    return rq->whole && rq->n_rows >= LEAST && s->l->kept.capacity > 0 &&
           !jp_kept_is_whole(&s->l->kept, rq->whole, rq->n_whole);
}

static bool is_whole(const jopa_score_request *rq) {
    return rq->n_rows == 1 && rq->whole && rq->n_prompt[0] == rq->n_whole &&
           !memcmp(rq->prompt[0], rq->whole, (size_t)rq->n_whole * sizeof *rq->whole);
}

static int score_rows(scoring *s, jopa_error *err) {
    const jopa_score_request *rq = s->rq;
    int                       status = JP_OK, count;
    if (rq->flags & JOPA_SCORE_BEGIN) {
        jp_kept_forget(&s->l->kept);
        s->l->probe.n = 0;
    } else if (needs_whole(s)) status = jp_local_keep_whole(s->l, rq->whole, rq->n_whole, &s->cost, err);
    for (int at = 0; at < rq->n_rows && !status; at += count) {
        count = next_batch(s, s->rows + at, rq->n_rows - at);
        s->l->ear.fraction = (double)at / rq->n_rows;
        status = run_batch(s, s->rows + at, count, is_whole(rq), err);
    }
    return status;
}

/* The longest row; every engine call that decodes sees to it that there is room. */
static int longest_row(const jopa_score_request *rq) {
    int longest = 1;
    for (int i = 0; i < rq->n_rows; i++)
        if (rq->n_prompt[i] > longest) longest = rq->n_prompt[i];
    return longest + rq->last;
}

int jp_local_score(void *self, const jopa_score_request *rq, jopa_error *err) {
    jp_local *l = self;
    scoring   s;
    int row = longest_row(rq), status = l->context && row <= l->max_row ? JP_OK : jp_local_reserve(l, row, NULL, err);
    if (status || !rq->n_rows) return status;
    status = scoring_init(&s, l, rq, err);
    if (status) return status;
    jp_local_listen(l, rq->stop);
    status = score_rows(&s, err);
    jp_local_end(l);
    scoring_free(&s);
    return status;
}
