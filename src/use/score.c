#include "use/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explain/fill.h"
#include "explain/measure.h"
#include "explain/named-set.h"

/* The sets of the option `hide`; without it (`texts` NULL) they hide nothing. */
static int read_sets(const jopa_session *s, const char *const *texts, int n, jp_bitset **out, jopa_error *e) {
    jp_bitset *sets = jp_bitset_array_new(n, s->problem.prompt.n_units);
    int        status = sets ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < n && texts && !status; i++) status = jp_named_set(&sets[i], &s->problem.prompt, texts[i], e);
    if (status) jp_bitset_array_free(sets);
    else *out = sets;
    return status;
}

/* Log-probabilities with nothing hidden, and with the set. */
static void fill_tokens(jp_explanation *x, const float *full, const float *masked) {
    for (int t = 0; t < x->n_response_tokens; t++) {
        x->response_tokens[t].log_prob = (double)full[t];
        x->response_tokens[t].masked_log_prob = (double)masked[t];
    }
}

static int fill_set(jp_explanation *x, jopa_session *s, const jp_question *q, const jp_explain_problem *p,
                    const jp_bitset *set, const char *name, jopa_error *e) {
    int status = jp_fill_question(x, s->model, p, q, "given", e);
    if (!status) status = jp_fill_set(x, p, set, e);
    x->k = x->n_selected;
    x->id = name ? strdup(name) : NULL;
    x->stopped = strdup("done");
    x->cost.evaluations_per_second = NAN;
    return status ? status : (x->id || !name) && x->stopped ? JP_OK : jp_fail_memory(e);
}

/* The bill of all sets is the first one's: they were scored together. */
static void fill_cost(jp_explanation *x, const jp_cost *before, const jp_cost *after, double seconds) {
    x->cost.evaluations = after->evaluations - before->evaluations;
    x->cost.decoded_tokens = after->decoded_tokens - before->decoded_tokens;
    x->cost.naive_tokens = after->naive_tokens - before->naive_tokens;
    x->cost.seconds = seconds;
    if (seconds > 0) x->cost.evaluations_per_second = (double)x->cost.evaluations / seconds;
}

/* What the model writes with the set hidden, and how far that is from the response. */
static int measure_set(jp_explanation *x, jopa_session *s, const jp_question *q, const jp_explain_problem *p,
                       const jp_bitset *set, jopa_error *e) {
    jp_watch w;
    jp_watch_begin(&w, s->model, q);
    int status = q->metrics ? jp_explain_measure(x, s->scorer, &w, p, set, NULL, q, e) : JP_OK;
    return jp_explain_stopped(x, &w, status, e);
}

static int score_sets(jopa_result *r, jopa_session *s, const jp_question *q, const jp_explain_problem *p,
                      const jp_bitset *sets, const char *const *names, jopa_error *e) {
    int        n = r->n_items, width = p->n_response, others = jp_problem_others(&p->problem), status = JP_OK;
    double     started = jp_seconds();
    jp_bitset *all = jp_bitset_array_new(n + 1, p->prompt.n_units); /* the first hides nothing */
    float     *log_probs = malloc((size_t)(n + 1) * (size_t)(width + others) * sizeof *log_probs), *other;
    jp_cost    before, after;
    if (!all || !log_probs) status = jp_fail_memory(e);
    for (int i = 0; i < n && !status; i++) jp_bitset_copy(&all[i + 1], &sets[i]);
    jp_scorer_cost(s->scorer, &before);
    other = log_probs + (size_t)(n + 1) * (size_t)width;
    if (!status) status = jp_session_others(s, p, all, n + 1, other, NULL, e);
    if (!status) status = jp_session_log_probs(s, all, n + 1, log_probs, e);
    jp_scorer_cost(s->scorer, &after);
    for (int i = 0; i < n && !status; i++) {
        status = fill_set(&r->items[i], s, q, p, &sets[i], names ? names[i] : NULL, e);
        if (status) break;
        fill_tokens(&r->items[i], log_probs, log_probs + (size_t)(i + 1) * (size_t)width);
        jp_fill_score(&r->items[i], other, other + (size_t)(i + 1) * (size_t)others);
    }
    if (!status) fill_cost(&r->items[0], &before, &after, jp_seconds() - started);
    for (int i = 0; i < n && !status; i++) status = measure_set(&r->items[i], s, q, p, &sets[i], e);
    jp_bitset_array_free(all);
    free(log_probs);
    return status;
}

int jp_score_named(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e) {
    int                n, status;
    const char *const *names = jp_options_texts(o, "hide", &n);
    jopa_options      *complete = NULL;
    jp_question        q = {0};
    jp_explain_problem p = {0};
    jp_bitset         *sets = NULL;
    jopa_result       *r = NULL;
    status = jp_session_options(s, o, &complete, e);
    if (!n) n = 1;
    if (!status) status = jp_model_question(&q, s->model, complete, e);
    if (!status) status = jp_explain_problem_again(&p, &s->problem, &q, e);
    if (!status) status = read_sets(s, names, n, &sets, e);
    if (!status && !(r = jp_result_new("score", n))) status = jp_fail_memory(e);
    if (!status) status = score_sets(r, s, &q, &p, sets, names, e);
    jp_bitset_array_free(sets);
    jp_explain_problem_end(&p);
    jp_question_free(&q);
    jopa_options_free(complete);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}
