/* Scores: rows are sorted, cut into batches, each a tree of shared prefixes, and prompts are kept for later ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"
#include "engine/llama/log-softmax.h"

void jp_local_visit_score(void *user, int row, int t, const float *logits, int n_vocab) {
    const jp_score_output *o = user;
    int                    width = o->last - o->first, other = o->other_last - o->other_first;
    double                 all = jp_log_sum_exp(logits, n_vocab);
    if (t >= o->first && t < o->last)
        o->log_probs[row * width + t - o->first] = (float)((double)logits[o->response[t]] - all);
    if (o->other && t >= o->other_first && t < o->other_last)
        o->other_log_probs[row * other + t - o->other_first] = (float)((double)logits[o->other[t]] - all);
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

typedef struct {
    jp_local                 *l;
    const jopa_score_request *rq;
    int                       width, other_width; /* log-probabilities of a row, for each response */
    int                       n;                  /* rows: with another response two for each of the request's */
    jp_row                   *rows;               /* [n]; tag: the request's row, or n_rows more for the other */
    int32_t                  *symbols;            /* of all rows */
    float                    *scratch, *other;    /* [max_rows * width], [max_rows * other_width] of one batch */
    int                      *tags;               /* [n_rows] of the rows that the batch completes */
    bool                     *half;               /* [n_rows] one of its two responses is done */
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
    for (int i = 0; i < s->n; i++) {
        bool           other = i >= rq->n_rows;
        int            row = other ? i - rq->n_rows : i, n = rq->n_prompt[row];
        int            last = other ? rq->other_last : rq->last;
        const int32_t *prompt = jp_local_begun(s->l, rq->prompt[row], &n);
        if (n) memcpy(to, prompt, (size_t)n * sizeof *to);
        memcpy(to + n, other ? rq->other : rq->response, (size_t)(last - 1) * sizeof *to);
        s->rows[i] = (jp_row){to, n + last - 1, n, i, 0, -1};
        to += s->rows[i].size;
    }
}

static void scoring_free(scoring *s) {
    free(s->rows);
    free(s->symbols);
    free(s->scratch);
    free(s->other);
    free(s->tags);
    free(s->half);
}

static int scoring_init(scoring *s, jp_local *l, const jopa_score_request *rq, jopa_error *err) {
    size_t n = (size_t)rq->n_rows, symbols = 1, rows = (size_t)l->max_rows;
    *s = (scoring){.l = l, .rq = rq, .width = rq->last - rq->first, .n = rq->other ? 2 * rq->n_rows : rq->n_rows};
    s->other_width = rq->other ? rq->other_last - rq->other_first : 0;
    for (size_t i = 0; i < n; i++) {
        symbols += (size_t)rq->n_prompt[i] + (size_t)rq->last;
        if (rq->other) symbols += (size_t)rq->n_prompt[i] + (size_t)rq->other_last;
    }
    s->rows = malloc(((size_t)s->n + 1) * sizeof *s->rows);
    s->symbols = malloc(symbols * sizeof *s->symbols);
    s->tags = malloc((n + 1) * sizeof *s->tags);
    s->half = calloc(n + 1, sizeof *s->half);
    s->scratch = malloc(rows * (size_t)s->width * sizeof *s->scratch);
    s->other = malloc((rows * (size_t)s->other_width + 1) * sizeof *s->other);
    if (s->rows && s->symbols && s->tags && s->half && s->scratch && s->other) {
        write_rows(s);
        jp_plan_sort(s->rows, s->n);
        return JP_OK;
    }
    scoring_free(s);
    return jp_fail_memory(err);
}

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* Whether this row and the next are one prompt with the two responses. */
static bool are_pair(const scoring *s, const jp_row *row) {
    return s->rq->other && row[0].tag % s->rq->n_rows == row[1].tag % s->rq->n_rows;
}

/* How many of the sorted rows make the next batch: a pair stays together. No more are matched than may be in it: the
 * next one finds others kept. */
static int next_batch(const scoring *s, jp_row *rows, int n) {
    const jp_local *l = s->l;
    int             matched = 0, count;
    do {
        int to = n - matched < l->max_rows ? n : matched + l->max_rows;
        for (; matched < to; matched++) jp_kept_match(&l->kept, rows + matched);
        count = jp_plan_cut(rows, matched, l->max_rows, l->max_tokens);
    } while (count == matched && matched < n); /* identical rows cost nothing */
    return count > 1 && count < n && are_pair(s, rows + count - 1) ? count - 1 : count;
}

/* What begins a text has no context. A model without a token for that says nothing of it: all are as likely. */
static void fill_unfed(const scoring *s, const jp_plan *plan) {
    float uniform = -logf((float)llama_vocab_n_tokens(s->l->vocab));
    for (int row = 0; row < plan->n_rows; row++)
        if (plan->row_prompt[row] == 0) {
            if (s->rq->first == 0) s->scratch[row * s->width] = uniform;
            if (s->rq->other && s->rq->other_first == 0) s->other[row * s->other_width] = uniform;
        }
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
    if (t == 0 && row == 0) jp_local_note_whole(w->s->l, logits, w->n);
}

static jp_score_output output_of(const scoring *s) {
    const jopa_score_request *rq = s->rq;
    return (jp_score_output){rq->response, rq->first,       rq->last,       s->scratch,
                             rq->other,    rq->other_first, rq->other_last, s->other};
}

/* Outputs of either response: a row ends where its own does. */
static int decode_plan(scoring *s, const jp_plan *plan, bool whole, jopa_error *err) {
    const jopa_score_request *rq = s->rq;
    jp_score_output           output = output_of(s);
    jp_tree                   tree = {.nodes = plan->nodes,
                                      .n_nodes = plan->n_nodes,
                                      .n_rows = plan->n_rows,
                                      .row_prompt = plan->row_prompt,
                                      .first = rq->other && rq->other_first < rq->first ? rq->other_first : rq->first,
                                      .last = rq->other && rq->other_last > rq->last ? rq->other_last : rq->last,
                                      .fast = rq->flags & JOPA_SCORE_FAST,
                                      .visit = jp_local_visit_score,
                                      .user = &output};
    whole_output              noted = {output, s, plan->row_prompt[0]};
    if (whole) {
        tree.visit = visit_whole;
        tree.user = &noted;
    }
    for (int i = 0; i < plan->n_rows * s->width; i++) s->scratch[i] = NAN;
    for (int i = 0; i < plan->n_rows * s->other_width; i++) s->other[i] = NAN;
    fill_unfed(s, plan);
    return jp_local_decode(s->l, &tree, &s->cost, err);
}

/* A row's numbers to the caller; true when that completes the request's row. */
static bool give_row(scoring *s, int tag, int row) {
    const jopa_score_request *rq = s->rq;
    bool                      other = tag >= rq->n_rows;
    int                       i = other ? tag - rq->n_rows : tag;
    size_t                    width = (size_t)(other ? s->other_width : s->width);
    memcpy((other ? rq->other_log_probs : rq->log_probs) + (size_t)i * width,
           (other ? s->other : s->scratch) + (size_t)row * width, width * sizeof(float));
    bool complete = !rq->other || s->half[i];
    s->half[i] = true;
    return complete;
}

/* `n` sorted and matched rows that fit one batch. The first is the whole prompt, to be kept as such, with `whole`. */
static int run_batch(scoring *s, const jp_row *rows, int n, bool whole, jopa_error *err) {
    jp_plan plan;
    int     complete = 0, status = jp_plan_build(&plan, rows, n, err);
    if (status) return status;
    status = decode_plan(s, &plan, whole, err);
    if (!status && !(s->rq->flags & JOPA_SCORE_FAST))
        jp_kept_take(&s->l->kept, rows, plan.row_of, n, s->l->row_ids, whole);
    jp_local_clear_rows(s->l, plan.n_rows);
    for (int i = 0; i < n && !status; i++)
        if (give_row(s, rows[i].tag, plan.row_of[i])) s->tags[complete++] = rows[i].tag % s->rq->n_rows;
    jp_plan_free(&plan);
    if (!status && complete && s->rq->done && s->rq->done(s->rq->user, s->tags, complete, &s->cost))
        status = jp_fail_interrupted(err);
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
    for (int at = 0; at < s->n && !status; at += count) {
        count = next_batch(s, s->rows + at, s->n - at);
        s->l->ear.fraction = (double)at / s->n;
        status = run_batch(s, s->rows + at, count, is_whole(rq), err);
    }
    return status;
}

/* The longest row; every engine call that decodes sees to it that there is room. */
static int longest_row(const jopa_score_request *rq) {
    int longest = 1;
    for (int i = 0; i < rq->n_rows; i++)
        if (rq->n_prompt[i] > longest) longest = rq->n_prompt[i];
    return longest + (rq->other && rq->other_last > rq->last ? rq->other_last : rq->last);
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
