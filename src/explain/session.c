#include "explain/session.h"

#include <stdlib.h>
#include <string.h>

/* ---- life -------------------------------------------------------------------------------------------------------- */

static int ask_session(jopa_session *s, jopa_error *e) {
    jp_watch_begin(&s->watch, s->model, &s->question);
    int status = jp_explain_problem_init(&s->problem, &s->watch, &s->question, e);
    if (status) return status;
    s->problem.problem.target_first = 0;
    s->problem.problem.target_last = s->problem.n_response;
    s->problem.problem.other = (jp_other){0};
    status = jp_store_new(&s->store, s->problem.prompt.n_units, s->problem.n_response, e);
    jp_limits limits = {.k = s->problem.prompt.n_units, .progress = jp_watch_scores, .user = &s->watch};
    if (!status) status = jp_scorer_stored(&s->scorer, s->model->engine, &s->problem.problem, &limits, s->store, e);
    return status;
}

int jp_session_open(jopa_session **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    jopa_session *s = calloc(1, sizeof *s);
    if (!s) return jp_fail_memory(e);
    s->model = m;
    int status = jopa_options_copy(&s->options, o, e);
    if (!status) status = jp_model_question(&s->question, s->model, s->options, e);
    if (!status) status = ask_session(s, e);
    if (status) jp_session_close(s);
    else *out = s;
    return status;
}

void jp_session_close(jopa_session *s) {
    if (!s) return;
    jp_scorer_free(s->scorer);
    jp_store_free(s->store);
    jp_explain_problem_free(&s->problem);
    jp_question_free(&s->question);
    jopa_options_free(s->options);
    free(s);
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

int jp_session_log_probs(jopa_session *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e) {
    s->watch.stopped = false;
    if (jp_watch_stage(&s->watch, JP_STAGE_SEARCHING, NULL)) return jp_watch_fail(&s->watch, e);
    int status = jp_scorer_log_probs(s->scorer, masks, n, log_probs, e);
    return status == JP_STOP ? jp_watch_fail(&s->watch, e) : status;
}

int jp_session_others(jopa_session *s, const jp_explain_problem *asked, const jp_bitset *masks, int n, float *others,
                      double *drops, jopa_error *e) {
    const jp_problem *p = &asked->problem;
    jp_limits         limits = {.k = p->prompt->n_units, .progress = jp_watch_scores, .user = &s->watch};
    size_t            width = (size_t)(p->target_last - p->target_first);
    jp_scorer        *both = NULL;
    float            *log_probs = NULL;
    jp_cost           cost;
    if (!p->other.tokens) return JP_OK;
    s->watch.stopped = false;
    int status = jp_scorer_stored(&both, s->model->engine, p, &limits, s->store, e);
    if (!status && !(log_probs = malloc(((size_t)n * width + 1) * sizeof *log_probs))) status = jp_fail_memory(e);
    if (!status) status = jp_scorer_both(both, masks, n, log_probs, others, e);
    if (!status && drops) status = jp_scorer_drops(both, masks, n, drops, e);
    if (both) {
        jp_scorer_cost(both, &cost);
        jp_scorer_charge(s->scorer, &cost);
    }
    jp_scorer_free(both);
    free(log_probs);
    return status == JP_STOP ? jp_watch_fail(&s->watch, e) : status;
}

/* ---- other questions ------------------------------------------------------------------------------------------------
 */

/* What a session has settled: a question may repeat it, not change it. */
static const char *const settled[] = {"model",      "engine",     "encoder",  "threads",      "ctx",
                                      "gpu_layers", "rpc",        "prompt",   "system",       "raw",
                                      "response",   "max_tokens", "unit",     "roles",        "operator",
                                      "precise",    "tools",      "template", "template_args"};

static bool is_settled(const char *name) {
    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++)
        if (!strcmp(settled[i], name)) return true;
    return false;
}

static bool same_text(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static bool same_chat(const jopa_options *a, const jopa_options *b) {
    if (a->n_messages != b->n_messages) return false;
    for (int i = 0; i < a->n_messages; i++)
        if (!same_text(a->roles[i], b->roles[i]) || !same_text(a->contents[i], b->contents[i]) ||
            !same_text(a->extras[i], b->extras[i]))
            return false;
    return true;
}

static int check_settled(const jopa_session *s, const jopa_options *o, jopa_error *e) {
    for (int i = 0; i < o->n_set; i++) {
        const char *name = o->set[i].option->info.name, *mine = jp_options_text(s->options, name);
        if (is_settled(name) && (!mine || strcmp(mine, o->set[i].values[0])))
            return jp_fail(e, JOPA_ERROR_USAGE, "`%s` is the session's: open another session to change it", name);
    }
    if (o->n_messages && !same_chat(o, s->options))
        return jp_fail(e, JOPA_ERROR_USAGE, "the chat is the session's: open another session to change it");
    return JP_OK;
}

bool jp_session_is_about(const jopa_session *s, const jopa_options *o) {
    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++)
        if (!same_text(jp_options_text(s->options, settled[i]), jp_options_text(o, settled[i]))) return false;
    return same_chat(s->options, o);
}

int jp_session_options(const jopa_session *s, const jopa_options *o, jopa_options **out, jopa_error *e) {
    jopa_options *made = NULL;
    int           status = check_settled(s, o, e);
    if (!status) status = jopa_options_copy(&made, o, e);
    for (int i = 0; i < s->options->n_set && !status; i++) {
        const jp_option_value *v = &s->options->set[i];
        bool mine = is_settled(v->option->info.name) && jp_option_find(o->command, v->option->info.name);
        if (mine) status = jopa_options_set(made, v->option->info.name, v->values[0], e);
    }
    if (!status) jopa_options_clear_messages(made); /* the same chat again */
    for (int i = 0; i < s->options->n_messages && !status; i++)
        status = jp_options_add(made, s->options->roles[i], s->options->contents[i], s->options->extras[i], e);
    if (status) jopa_options_free(made);
    else *out = made;
    return status;
}

static int explain_resolved(jopa_result **out, jopa_session *s, const jp_question *q, jopa_error *e) {
    jp_explain_problem p;
    jp_watch           w;
    jp_watch_begin(&w, s->model, q);
    int status = jp_explain_problem_again(&p, &s->problem, q, e);
    if (!status) status = jp_explain_problem_by(out, &w, q, &p, s->store, e);
    jp_explain_problem_end(&p);
    return status;
}

int jp_session_explain(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e) {
    jopa_options *complete = NULL;
    jp_question   q = {0};
    int           status = jp_session_options(s, o, &complete, e);
    if (status) return status;
    status = jp_model_question(&q, s->model, complete, e);
    if (!status) status = explain_resolved(out, s, &q, e);
    jp_question_free(&q);
    jopa_options_free(complete);
    return status;
}
