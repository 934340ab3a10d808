/* The smallest set of sentences whose hiding takes the response away, then the smallest set of words in it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "explain/run.h"
#include "explain/measure.h"
#include "metric/words.h"
#include "prompt/protect.h"
#include "prompt/segment.h"
#include "prompt/units.h"
#include "use/audit.h"
#include "use/common.h"
#include "use/refusal.h"
#include "use/smallest.h"

typedef struct {
    const jp_question        *q;
    jopa_model               *model;
    jp_explain_problem        p;       /* by sentences */
    jp_explain_problem        words;   /* the same response, by words of the set; its prompt is its own */
    const jp_explain_problem *current; /* the one that is searched */
    jp_watch                  watch;
    jp_limits                 limits;
} audit;

/* ---- the test of a set --------------------------------------------------------------------------------------------
 */

static int longest(const audit *a) { return a->p.n_response > a->q->max_tokens ? a->p.n_response : a->q->max_tokens; }

/* ROUGE-L between the response and what the model writes with `set` hidden, which is left in *text when asked for. */
static int similarity(audit *a, const jp_bitset *set, char **text, double *out, jopa_error *e) {
    char           *written = NULL;
    jp_rouge_scores scores;
    int             status = jp_explain_write(&written, &a->watch, a->current, set, longest(a), e);
    if (!status) status = jp_rouge(written, a->p.response_text, &scores, e);
    if (!status) *out = scores.rougeL;
    if (!status && text) *text = written;
    else free(written);
    return status;
}

static int turns_away(void *user, const jp_bitset *set, bool *yes, jopa_error *e) {
    audit *a = user;
    double value = 1;
    int    status = similarity(a, set, NULL, &value, e);
    *yes = !status && value < a->q->similarity;
    return status == JOPA_ERROR_INTERRUPTED ? JP_STOP : status;
}

/* Only what the model writes itself can be turned away. */
static int check_own_response(audit *a, jopa_error *e) {
    double value = 1;
    int    status = a->q->by_response && a->q->response ? similarity(a, NULL, NULL, &value, e) : JP_OK;
    if (!status && value < a->q->similarity)
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         "the model does not write this response by itself (ROUGE-L %.2f with what it writes): "
                         "set `until` to probability",
                         value);
    return status;
}

static int search_smallest(audit *a, jp_scorer *s, jp_selection *found, bool *reached, jopa_error *e) {
    jp_smallest_task task = {.scorer = s,
                             .user = a,
                             .seed = a->q->seed,
                             .enough = a->q->threshold * (a->p.problem.target_last - a->p.problem.target_first)};
    if (a->q->by_response) {
        task.suffices = turns_away;
        task.leave_one = a->current == &a->p;
    }
    return jp_smallest_set(&task, found, reached, e);
}

/* ---- what was found -------------------------------------------------------------------------------------------------
 */

/* The members of `found` with their places. */
static int list_triggers(const jp_explain_problem *p, const jp_selection *found, jp_result_trigger **out, int *n,
                         jopa_error *e) {
    *out = calloc((size_t)jp_bitset_count(&found->selected) + 1, sizeof **out);
    if (!*out) return jp_fail_memory(e);
    for (int u = jp_bitset_next(&found->selected, 0); u >= 0; u = jp_bitset_next(&found->selected, u + 1)) {
        const jp_unit     *unit = &p->prompt.units[u];
        const jp_span     *span = &p->prompt.spans[unit->role];
        jp_result_trigger *t = *out + (*n)++;
        *t = (jp_result_trigger){.message = span->message,
                                 .start = unit->start,
                                 .end = unit->end,
                                 .drop = found->score[u],
                                 .offset = jp_span_source(span, unit->start)};
        t->role = strdup(span->role);
        t->text = jp_utf8_repair(p->prompt.text + unit->start, unit->end - unit->start);
        if (!t->role || !t->text) return jp_fail_memory(e);
    }
    return JP_OK;
}

/* ---- words within the set -------------------------------------------------------------------------------------------
 */

static bool refines(jp_unit_kind unit) {
    return unit == JP_UNIT_SENTENCE || unit == JP_UNIT_LINE || unit == JP_UNIT_PARAGRAPH;
}

static int word_problem(audit *a, const jp_selection *found, jopa_error *e) {
    jp_question q = *a->q;
    jp_range   *ranges = malloc((size_t)a->p.prompt.n_units * sizeof *ranges);
    int         n = 0;
    q.unit = JP_UNIT_WORD;
    if (!ranges) return jp_fail_memory(e);
    for (int u = jp_bitset_next(&found->selected, 0); u >= 0; u = jp_bitset_next(&found->selected, u + 1))
        ranges[n++] = (jp_range){a->p.prompt.units[u].start, a->p.prompt.units[u].end};
    a->words = a->p;
    a->words.prompt = (jp_prompt){0};
    int status = jp_explain_prompt(&a->words.prompt, a->model->engine, &q, e);
    if (!status) jp_units_restrict(&a->words.prompt, ranges, n);
    a->words.problem.prompt = &a->words.prompt;
    free(ranges);
    return status;
}

static int fill_words(audit *a, jp_scorer *s, const jp_selection *found, jp_result_audit *out, jopa_error *e) {
    double drop = NAN, unused;
    bool   writes = a->model->engine->ops->generate && !a->watch.stopped;
    jp_scorer_relimit(s, &(jp_limits){.k = a->words.prompt.n_units});
    int status = list_triggers(&a->words, found, &out->words, &out->n_words, e);
    if (!status) status = jp_scorer_drops(s, &found->selected, 1, &drop, e);
    if (!status) out->words_drop_per_token = drop / (a->p.problem.target_last - a->p.problem.target_first);
    if (!status && writes) status = similarity(a, &found->selected, &out->words_response, &unused, e);
    return status;
}

/* The bill of the second search is added to the first one's, and what stopped it stopped the audit. */
static int add_cost(jp_explanation *x, const jp_scorer *s, jopa_error *e) {
    jp_cost cost;
    jp_scorer_cost(s, &cost);
    x->cost.evaluations += cost.evaluations;
    x->cost.gradients += cost.gradients;
    x->cost.decoded_tokens += cost.decoded_tokens;
    x->cost.naive_tokens += cost.naive_tokens;
    x->cost.seconds += cost.seconds;
    x->cost.evaluations_per_second = x->cost.seconds > 0 ? (double)x->cost.evaluations / x->cost.seconds : NAN;
    if (jp_scorer_stopped(s) == JP_RUNNING) return JP_OK;
    free(x->stopped);
    x->stopped = strdup(jp_stop_word(jp_scorer_stopped(s)));
    return x->stopped ? JP_OK : jp_fail_memory(e);
}

/* What the first search left of the limits. False: nothing. */
static bool limits_left(audit *a, const jp_explanation *x, int units) {
    jp_limits *l = &a->limits;
    l->k = units;
    if (l->budget > 0 && (l->budget -= (int)x->cost.evaluations) < 2) return false;
    if (l->seconds > 0 && (l->seconds -= x->cost.seconds) <= 0) return false;
    return units > 0;
}

static int refine(audit *a, jp_explanation *x, const jp_selection *sentences, jopa_error *e) {
    jp_scorer   *s = NULL;
    jp_selection found = {0};
    int          status = word_problem(a, sentences, e), n = a->words.prompt.n_units;
    a->current = &a->words;
    if (!status && limits_left(a, x, n)) {
        status = jp_selection_init(&found, n, e);
        if (!status) status = jp_scorer_new(&s, a->model->engine, &a->words.problem, &a->limits, e);
        if (!status) status = search_smallest(a, s, &found, &x->audit.words_reached, e);
        int billed = s ? add_cost(x, s, e) : JP_OK;
        if (status <= 0) status = billed ? billed : fill_words(a, s, &found, &x->audit, e);
    }
    jp_scorer_free(s);
    jp_selection_free(&found);
    jp_prompt_free(&a->words.prompt);
    return status;
}

/* ---- one audit ----------------------------------------------------------------------------------------------------
 */

/* The question with its answer, and the target narrowed to a refusal. */
static int ask_audit(audit *a, jopa_error *e) {
    jp_range refusal;
    bool     found = false;
    int      status = jp_explain_problem_init(&a->p, &a->watch, a->q, e);
    if (status || !a->q->refusal) return status;
    status = jp_refusal_find(a->p.response_text, &found, &refusal, e);
    if (!status && !found)
        status = jp_fail(e, JOPA_ERROR_INPUT, "the response is no refusal: \"%.80s\"; audit it without `refusal`",
                         a->p.response_text);
    if (!status) status = jp_explain_target(&a->p, refusal, e);
    if (status) jp_explain_problem_free(&a->p);
    return status;
}

/* What the model writes with and without the set. */
static int fill_texts(audit *a, jp_explanation *x, jp_scorer *s, const jp_selection *found, jopa_error *e) {
    jp_result_audit *out = &x->audit;
    if (!a->model->engine->ops->generate) return JP_OK;
    int status = similarity(a, &found->selected, &x->masked_response, &out->similarity, e);
    out->turned_away = !status && out->similarity < a->q->similarity;
    if (!status && a->q->response)
        status = jp_explain_write(&out->unmasked_response, &a->watch, &a->p, NULL, longest(a), e);
    else if (!status && !(out->unmasked_response = strdup(x->response_text))) status = jp_fail_memory(e);
    if (!status) status = jp_explain_measure(x, s, &a->watch, &a->p, &found->selected, found->score, a->q, e);
    return status;
}

static int fill_audit(audit *a, jp_explanation *x, jp_scorer *s, const jp_selection *found, bool reached,
                      jopa_error *e) {
    jp_result_audit *out = &x->audit;
    int              status = jp_use_fill(x, a->model, s, &a->p, found, a->q, "jopa", e);
    *out = (jp_result_audit){.present = true,
                             .threshold = a->q->threshold,
                             .refusal = a->q->refusal,
                             .reached = reached,
                             .similarity = NAN,
                             .words_drop_per_token = NAN};
    out->drop_per_token = x->log_prob.drop / (a->p.problem.target_last - a->p.problem.target_first);
    out->until = strdup(a->q->by_response ? "response" : "probability");
    if (!status && !out->until) status = jp_fail_memory(e);
    return status ? status : list_triggers(&a->p, found, &out->sentences, &out->n_sentences, e);
}

static int run_searches(audit *a, jp_explanation *x, jopa_error *e) {
    jp_scorer   *s = NULL;
    jp_selection found = {0};
    bool         reached = false;
    a->limits = (jp_limits){.budget = a->q->budget,
                            .seconds = a->q->seconds,
                            .k = a->p.prompt.n_units,
                            .progress = jp_watch_scores,
                            .user = &a->watch};
    a->current = &a->p;
    int status = jp_selection_init(&found, a->p.prompt.n_units, e);
    if (!status) status = check_own_response(a, e);
    if (!status) status = jp_scorer_new(&s, a->model->engine, &a->p.problem, &a->limits, e);
    if (!status) status = search_smallest(a, s, &found, &reached, e);
    bool stopped = status == JP_STOP;
    if (!status || stopped) status = fill_audit(a, x, s, &found, reached, e);
    if (!status && !a->watch.stopped) status = fill_texts(a, x, s, &found, e);
    jp_scorer_free(s);
    if (!status && !stopped && !a->watch.stopped && refines(a->q->unit)) status = refine(a, x, &found, e);
    jp_selection_free(&found);
    return x->response_text ? jp_explain_stopped(x, &a->watch, status, e) : status;
}

int jp_audit(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e) {
    audit a = {.q = q, .model = m};
    if (q->by_response && !m->engine->ops->generate)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "`until` response: this engine does not generate");
    jp_watch_begin(&a.watch, m, q);
    int status = ask_audit(&a, e);
    if (status) return status;
    jopa_result *r = jp_result_new("audit", 1);
    status = r ? run_searches(&a, &r->items[0], e) : jp_fail_memory(e);
    jp_explain_problem_free(&a.p);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}

int jopa_audit_join(jopa_result **list, jopa_result *more, jopa_error *e) {
    jopa_result *to = *list ? *list : jp_result_new("audit", 0);
    if (!to) return jp_fail_memory(e);
    *list = to;
    int status = jp_result_join(to, more, e);
    if (!status) jopa_result_free(more);
    return status;
}
