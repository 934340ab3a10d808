/* jopa_explain and jopa_compare: problem -> scorer -> method -> metrics -> result. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explain/explain.h"
#include "explain/fill.h"
#include "explain/measure.h"
#include "base/nearest.h"
#include "explain/progress.h"
#include "explain/trust.h"
#include "search/study.h"
#include "metric/metric.h"

void jopa_explain_options_init(jopa_explain_options *o) {
    *o = (jopa_explain_options){.max_tokens = 64,
                                .method = "jopa",
                                .sparsity = 0.1,
                                .unit = "token",
                                .roles = "user",
                                .op = "zero",
                                .levels = "auto",
                                .metrics = "prob,words"};
}

/* ---- methods by name ------------------------------------------------------------------------------------------ */

static const char *method_name(int index) {
    const jp_method *m = jp_method_at(index);
    return m ? m->name : NULL;
}

int jp_explain_find_method(const jp_method **out, const char *name, unsigned can, jopa_error *e) {
    *out = jp_method_find(name);
    if (!*out) {
        const char *nearest = jp_nearest(name, method_name);
        return nearest ? jp_fail(e, JOPA_ERROR_USAGE, "unknown method '%s': did you mean '%s'? See `jopa list methods`",
                                 name, nearest)
                       : jp_fail(e, JOPA_ERROR_USAGE, "unknown method '%s': see `jopa list methods`", name);
    }
    if ((*out)->needs & ~can)
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "the method %s needs what this engine does not offer for this model: see `jopa list engines --model FILE`",
            name);
    return JP_OK;
}

enum { JOINT_AFTER_LEVELS = 4 };

/* ---- one method ------------------------------------------------------------------------------------------------ */

const char *jp_stop_word(jp_stop_reason reason) {
    return reason == JP_STOP_BUDGET ? "budget"
           : reason == JP_STOP_TIME ? "time"
           : reason == JP_STOP_USER ? "interrupted"
                                    : "done";
}

/* By levels where the options say so and the method can. */
static int run_method(const jp_task *task, const jp_method *method, const jp_level_kinds *kinds, jp_selection *found,
                      jp_explanation *x, jopa_error *e) {
    jp_levels_report levels = {0};
    if (!kinds->n) return method->run(task, found, e);
    int status = jp_levels_run(task, method->name, kinds, found, &levels, e);
    int filled = status <= 0 ? jp_fill_levels(x, &levels, e) : JP_OK;
    jp_levels_report_free(&levels);
    return filled ? filled : status;
}

/* After a search by levels, which costs a few dozen evaluations, an analysis of a large set would cost far more. */
static bool joint_is_cheap(const jp_explanation *x) { return !x->n_levels || x->n_selected <= JOINT_AFTER_LEVELS; }

int jp_explain_run(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                   const jopa_explain_options *o, bool joint, bool *interrupted, jopa_error *e) {
    jp_run_progress progress = {o, method->name, jp_seconds()};
    jp_limits       limits = {
              .budget = o->budget, .seconds = o->seconds, .k = p->k, .progress = jp_run_forward, .user = &progress};
    jp_scorer     *s = NULL;
    jp_selection   found = {0};
    jp_level_kinds kinds = {0};
    int            status = jp_fill_question(x, m, p, o, method->name, e);
    if (!status && jp_levels_apply(method->name)) status = jp_levels_parse(&kinds, o->levels, o->unit, &p->prompt, e);
    if (!status && kinds.n && (o->repeat || o->min_drop > 0))
        status = jp_fail(e, JOPA_ERROR_USAGE,
                         "--repeat and --min-drop do not search by levels: add --levels none, or give a shorter prompt "
                         "or larger units");
    if (!status) status = jp_selection_init(&found, p->prompt.n_units, e);
    if (!status) status = jp_scorer_new(&s, m->engine, &p->problem, &limits, e);
    if (!status) {
        jp_task task = {.scorer = s, .n = p->prompt.n_units, .k = p->k, .budget = o->budget, .seed = o->seed};
        status = o->min_drop > 0 ? jp_study_smallest(&task, method, o->min_drop, &found, e)
                                 : run_method(&task, method, &kinds, &found, x, e);
    }
    if (!status || status == JP_STOP) {
        jp_cost cost;
        jp_scorer_cost(s, &cost);
        *interrupted = jp_scorer_stopped(s) == JP_STOP_USER;
        x->stopped = strdup(jp_stop_word(jp_scorer_stopped(s)));
        jp_scorer_relimit(s, &(jp_limits){.k = p->prompt.n_units});
        status = x->stopped ? jp_fill_answer(x, s, p, &found, &cost, e) : jp_fail_memory(e);
        if (!status && joint && !*interrupted && joint_is_cheap(x)) status = jp_fill_joint(x, s, &found.selected, e);
        if (!status && joint && !*interrupted) status = jp_trust_fill(x, m, p, method, &found.selected, &limits, o, e);
        if (!status && !*interrupted)
            status = jp_explain_measure(x, s, m, p, &found.selected, method->ranks ? found.score : NULL, o, e);
    }
    jp_selection_free(&found);
    jp_scorer_free(s);
    return status;
}

/* ---- the public functions -------------------------------------------------------------------------------------- */

enum { MOST_TOKENS = 1 << 24 };

int jp_explain_check(const jopa_explain_options *o, jopa_error *e) {
    unsigned bits;
    if (!o->prompt && !o->messages) return jp_fail(e, JOPA_ERROR_USAGE, "no prompt: give its text, or --prompt-file");
    if (o->budget < 0)
        return jp_fail(e, JOPA_ERROR_USAGE, "--budget %d: a number of evaluations, or 0 for the method's own",
                       o->budget);
    if (o->max_tokens > MOST_TOKENS)
        return jp_fail(e, JOPA_ERROR_USAGE, "--max-tokens %d: at most %d", o->max_tokens, MOST_TOKENS);
    if (!(o->seconds >= 0))
        return jp_fail(e, JOPA_ERROR_USAGE, "--time %g: a number of seconds, or 0 for no limit", o->seconds);
    int status = jp_trust_check(o, e);
    return status ? status : jp_metric_parse(o->metrics ? o->metrics : "none", &bits, e);
}

static int run_all(jopa_result *r, jopa_model *m, const jopa_explain_options *o, const jp_method **methods, int n,
                   jopa_error *e) {
    jp_explain_problem p;
    int                status = jp_explain_problem_init(&p, m, o, e);
    if (status) return status;
    bool interrupted = false;
    int  done = 0;
    for (; done < n && !status && !interrupted; done++)
        status = jp_explain_run(r->items + done, m, &p, methods[done], o, n == 1, &interrupted, e);
    if (interrupted) { /* what was not begun is not in the result */
        for (int i = done; i < r->n_items; i++) jp_explanation_free(r->items + i);
        r->n_items = done;
    }
    jp_explain_problem_free(&p);
    return status;
}

int jopa_explain(jopa_result **out, jopa_model *m, const jopa_explain_options *o, jopa_error *e) {
    const jp_method *method;
    int              status = jp_explain_check(o, e);
    if (!status)
        status =
            jp_explain_find_method(&method, o->method ? o->method : "jopa", m->engine->ops->capabilities(m->engine), e);
    if (status) return status;
    jopa_result *r = jp_result_new("explain", 1);
    status = r ? run_all(r, m, o, &method, 1, e) : jp_fail_memory(e);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}

enum { MOST_METHODS = 32 };

/* The names of a comma-separated list. */
static int find_methods(const jp_method **methods, int *n, const char *list, unsigned can, jopa_error *e) {
    *n = 0;
    for (const char *at = list; *at;) {
        char   name[64];
        size_t size = strcspn(at, ",");
        if (size == 0 || size >= sizeof name)
            return jp_fail(e, JOPA_ERROR_USAGE, "'%s' is not a list of methods: see `jopa list methods`", list);
        memcpy(name, at, size);
        name[size] = '\0';
        if (*n == MOST_METHODS) return jp_fail(e, JOPA_ERROR_USAGE, "more than %d methods at once", MOST_METHODS);
        int status = jp_explain_find_method(methods + (*n)++, name, can, e);
        if (status) return status;
        at += size + (at[size] == ',');
    }
    return *n ? JP_OK : jp_fail(e, JOPA_ERROR_USAGE, "no method given: see `jopa list methods`");
}

int jopa_compare(jopa_result **out, jopa_model *m, const jopa_explain_options *o, const char *methods, jopa_error *e) {
    const jp_method *found[MOST_METHODS];
    int              n = 0, status = jp_explain_check(o, e);
    if (!status) status = find_methods(found, &n, methods, m->engine->ops->capabilities(m->engine), e);
    if (status) return status;
    jopa_result *r = jp_result_new("compare", n);
    status = r ? run_all(r, m, o, found, n, e) : jp_fail_memory(e);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}
