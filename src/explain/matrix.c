#include "explain/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prompt/boundary.h"

/* Of the time that a question may take. */
static const double SEARCH_TIME = 0.75;

int jp_matrix_check(int n_units, int n_response, jopa_error *e) {
    if (n_units > JP_MATRIX_UNITS)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`matrix` scores each of the %d units alone, %d at most: choose a larger `unit`", n_units,
                       JP_MATRIX_UNITS);
    if ((int64_t)n_units * n_response > JP_MATRIX_CELLS)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`matrix` has %d units by %d response tokens, %d numbers at most: choose a larger `unit`, or "
                       "explain a shorter response",
                       n_units, n_response, JP_MATRIX_CELLS);
    return JP_OK;
}

double jp_matrix_search_seconds(const jp_question *q) { return q->matrix ? SEARCH_TIME * q->seconds : q->seconds; }

typedef struct {
    jp_explanation *x;
    const jp_run   *run;
    jp_scorer      *scorer;
    jp_bitset      *masks; /* [n] the units alone, then the sets that were found */
    int             n, n_units, n_sets;
    double         *drops; /* [n] of the score */
    const float    *full;  /* [n_response] log-probabilities with nothing hidden */
} making;

/* ---- scores -------------------------------------------------------------------------------------------------------
 */

static double sum_floats(const float *values, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)values[i];
    return sum;
}

/* The masks from `at` on, `count` of them, through the store. */
static int score_masks(making *m, int at, int count, jopa_error *e) {
    const jp_problem *p = jp_scorer_problem(m->scorer);
    int               width = p->target_last - p->target_first, others = jp_problem_others(p);
    float            *log_probs = malloc(((size_t)count * (size_t)(width + others) + 1) * sizeof *log_probs);
    if (!log_probs) return jp_fail_memory(e);
    float *other = log_probs + (size_t)count * (size_t)width;
    int    status = jp_scorer_both(m->scorer, m->masks + at, count, log_probs, other, e);
    for (int i = 0; i < count && !status; i++)
        m->drops[at + i] = jp_scorer_full(m->scorer) - (sum_floats(log_probs + (size_t)i * (size_t)width, width) -
                                                        sum_floats(other + (size_t)i * (size_t)others, others));
    free(log_probs);
    return status;
}

/* A batch at a time, as long as there is time. *whole: all of them. */
static int score_in_time(making *m, bool *whole, jopa_error *e) {
    double limit = m->run->question->seconds;
    int    step = limit > 0 && jp_scorer_batch(m->scorer) > 0 ? jp_scorer_batch(m->scorer) : m->n, status = JP_OK;
    for (int at = 0; at < m->n && !status; at += step) {
        if (limit > 0 && jp_scorer_seconds(m->scorer) >= limit) return JP_OK;
        status = score_masks(m, at, m->n - at < step ? m->n - at : step, e);
    }
    *whole = !status;
    return status;
}

/* Sets that the session knew and this run has not come upon. */
static int64_t count_recalled(const making *m) {
    int64_t n = 0;
    for (int i = 0; i < m->n; i++)
        n += jp_store_find(m->run->store, &m->masks[i]) && !jp_scorer_known(m->scorer, &m->masks[i], NULL);
    return n;
}

static void add_matrix_cost(jp_explanation *x, const jp_cost *before, const jp_cost *after, int64_t recalled,
                            double seconds) {
    x->cost.evaluations += after->evaluations - before->evaluations;
    x->cost.decoded_tokens += after->decoded_tokens - before->decoded_tokens;
    x->cost.naive_tokens += after->naive_tokens - before->naive_tokens;
    x->cost.recalled += recalled;
    x->cost.seconds += seconds;
    if (x->cost.seconds > 0) x->cost.evaluations_per_second = (double)x->cost.evaluations / x->cost.seconds;
}

/* *whole: there was time for all. */
static int score_all(making *m, bool *whole, jopa_error *e) {
    jp_cost   before, after;
    jp_limits limits = {.k = m->n_units, .progress = jp_watch_scores, .user = m->run->watch};
    double    started = jp_seconds();
    int64_t   recalled = count_recalled(m);
    int       status = jp_scorer_fast(m->scorer, false, e);
    *whole = false;
    jp_scorer_relimit(m->scorer, &limits);
    jp_scorer_cost(m->scorer, &before);
    if (!status) status = score_in_time(m, whole, e);
    jp_scorer_cost(m->scorer, &after);
    add_matrix_cost(m->x, &before, &after, recalled, jp_seconds() - started);
    return status;
}

/* ---- masks --------------------------------------------------------------------------------------------------------
 */

static void add_members(jp_bitset *mask, const int *units, int n) {
    for (int i = 0; i < n; i++) jp_bitset_add(mask, units[i]);
}

static int make_matrix_masks(making *m, jopa_error *e) {
    const jp_explanation *x = m->x;
    m->n_units = x->n_units;
    m->n_sets = x->n_targets ? x->n_targets : x->n_selected > 0;
    m->n = m->n_units + m->n_sets;
    m->masks = jp_bitset_array_new(m->n, m->n_units);
    m->drops = malloc(((size_t)m->n + 1) * sizeof *m->drops);
    if (!m->masks || !m->drops) return jp_fail_memory(e);
    for (int u = 0; u < m->n_units; u++) jp_bitset_add(&m->masks[u], u);
    for (int i = 0; i < m->n_sets; i++) {
        jp_bitset *mask = &m->masks[m->n_units + i];
        if (x->n_targets) add_members(mask, x->targets[i].selected, x->targets[i].n_selected);
        else add_members(mask, x->selected, x->n_selected);
    }
    return JP_OK;
}

/* ---- sentences ----------------------------------------------------------------------------------------------------
 */

/* Where a token's own text begins: white space before it is no part of a sentence. */
static size_t ink_of_token(const jp_explain_problem *p, int t) {
    return jp_boundary_trim(p->response_text, (jp_range){p->response_start[t], p->response_start[t + 1]}).start;
}

static int fill_sentences(making *m, jopa_error *e) {
    const jp_explain_problem *p = m->run->problem;
    jp_explanation           *x = m->x;
    jp_range                 *found = NULL;
    int                       n = 0, t = 0;
    jp_range                  all = {0, p->response_start[p->n_response]};
    int                       status = jp_boundary_find(JP_UNIT_SENTENCE, p->response_text, all, &found, &n, e);
    x->matrix.sentences = calloc((size_t)n + 1, sizeof *x->matrix.sentences);
    if (!status && !x->matrix.sentences) status = jp_fail_memory(e);
    for (int i = 0; i < n && !status; i++) {
        jp_result_sentence *s = &x->matrix.sentences[x->matrix.n_sentences++];
        s->first = t;
        while (t < p->n_response && (i + 1 == n || ink_of_token(p, t) < found[i].end)) t++;
        s->last = t;
    }
    free(found);
    return status;
}

/* ---- the result ---------------------------------------------------------------------------------------------------
 */

/* To a millionth of a nat, which scores are not exact to: fewer digits in a file of many. */
static double rounded_cell(double value) { return isfinite(value) ? round(value * 1e6) / 1e6 : value; }

static int fill_loss(making *m, jp_result_loss *to, const jp_bitset *mask, double drop, const char *target,
                     jopa_error *e) {
    int          n = m->run->problem->n_response, n_sentences = m->x->matrix.n_sentences;
    const float *masked = jp_store_find(m->run->store, mask);
    *to = (jp_result_loss){.drop = drop};
    to->units = malloc(((size_t)mask->n + 1) * sizeof *to->units);
    to->tokens = malloc(((size_t)n + 1) * sizeof *to->tokens);
    to->sentences = calloc((size_t)n_sentences + 1, sizeof *to->sentences);
    to->target = target ? strdup(target) : NULL;
    if (!masked || !to->units || !to->tokens || !to->sentences || (target && !to->target)) return jp_fail_memory(e);
    to->n_units = jp_bitset_members(mask, to->units);
    to->n_tokens = n;
    to->n_sentences = n_sentences;
    for (int i = 0; i < n_sentences; i++) {
        const jp_result_sentence *s = &m->x->matrix.sentences[i];
        for (int t = s->first; t < s->last; t++) to->sentences[i] += (double)m->full[t] - (double)masked[t];
        to->sentences[i] = rounded_cell(to->sentences[i]);
    }
    for (int t = 0; t < n; t++) to->tokens[t] = rounded_cell((double)m->full[t] - (double)masked[t]);
    return JP_OK;
}

/* The sets' drops are those that the explanation and its targets have. */
static int fill_sets(making *m, jopa_error *e) {
    jp_explanation *x = m->x;
    int             status = JP_OK;
    for (int i = 0; i < m->n_sets && !status; i++) {
        const jp_result_target *t = x->n_targets ? &x->targets[i] : NULL;
        status = fill_loss(m, &x->matrix.sets[x->matrix.n_sets++], &m->masks[m->n_units + i],
                           t ? t->drop : x->log_prob.drop, t ? t->name : NULL, e);
    }
    return status;
}

static int fill_matrix(making *m, jopa_error *e) {
    jp_explanation *x = m->x;
    jp_bitset       none = {0};
    int             status = jp_bitset_init(&none, m->n_units) ? jp_fail_memory(e) : JP_OK;
    if (!status) m->full = jp_store_find(m->run->store, &none);
    jp_bitset_free(&none);
    x->matrix.rows = calloc((size_t)m->n_units + 1, sizeof *x->matrix.rows);
    x->matrix.sets = calloc((size_t)m->n_sets + 1, sizeof *x->matrix.sets);
    if (!status && (!m->full || !x->matrix.rows || !x->matrix.sets)) status = jp_fail_memory(e);
    if (!status) status = fill_sentences(m, e);
    for (int u = 0; u < m->n_units && !status; u++)
        status = fill_loss(m, &x->matrix.rows[x->matrix.n_rows++], &m->masks[u], rounded_cell(m->drops[u]), NULL, e);
    if (!status) status = fill_sets(m, e);
    x->matrix.present = !status;
    return status;
}

int jp_matrix_fill(jp_explanation *x, const jp_run *run, jp_scorer *s, jopa_error *e) {
    making m = {.x = x, .run = run, .scorer = s};
    bool   whole = false;
    int status = jp_watch_stage(run->watch, JP_STAGE_ANALYSING, run->method->name) ? JP_STOP : make_matrix_masks(&m, e);
    if (!status) status = score_all(&m, &whole, e);
    if (!status && whole) status = fill_matrix(&m, e);
    jp_bitset_array_free(m.masks);
    free(m.drops);
    return status;
}
