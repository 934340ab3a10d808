/* jopa_compress: the units that can be taken out of a prompt while its answer stays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explain/explain.h"
#include "explain/measure.h"
#include "explain/progress.h"
#include "prompt/units.h"
#include "use/common.h"
#include "use/paste.h"
#include "use/shorten.h"
#include "use/surprisal.h"

void jopa_compress_options_init(jopa_compress_options *o) {
    *o = (jopa_compress_options){.tolerance = 0.1};
    jopa_explain_options_init(&o->explain);
    o->explain.unit = "word";
    o->explain.op = "delete";
    o->explain.metrics = "words";
}

enum { RESTORED = 8 }; /* units put back at most where the pasted text costs more than its tokens did */

typedef struct {
    const jopa_compress_options *o;
    jopa_explain_options         explain;
    jopa_model                  *model;
    jp_explain_problem           p;
    const char                 **roles, **contents; /* [n_messages] the chat as it was given */
    int                          n_messages, targets;
    int                         *weight; /* [n_units] tokens */
    jp_run_progress              progress;
} compression;

/* ---- what to take out -------------------------------------------------------------------------------------------- */

static int by_chance(const jp_shorten_task *task, jp_selection *found, jopa_error *e) {
    jp_random random;
    jp_random_seed(&random, task->seed);
    for (int u = 0; u < jp_scorer_units(task->scorer); u++) found->score[u] = jp_random_unit(&random);
    return jp_shorten_in_order(task, found->score, &found->selected, e);
}

static int by_single_drops(const jp_shorten_task *task, jp_selection *found, jopa_error *e) {
    int status = jp_single_drops(task->scorer, found->score, e);
    return status ? status : jp_shorten_in_order(task, found->score, &found->selected, e);
}

static int by_surprisal(const jp_shorten_task *task, jp_selection *found, jopa_error *e) {
    int status =
        jp_unit_surprisal(jp_scorer_engine(task->scorer), jp_scorer_problem(task->scorer)->prompt, found->score, e);
    return status ? status : jp_shorten_in_order(task, found->score, &found->selected, e);
}

typedef struct {
    const char *name;
    int (*run)(const jp_shorten_task *task, jp_selection *found, jopa_error *e);
} rule;

/* The search, and the simple rules that it is compared with. */
static const rule rules[] = {
    {"jopa", jp_shorten},
    {"random", by_chance},
    {"ablation", by_single_drops},
    {"surprisal", by_surprisal},
};

static int find_rule(const rule **out, const char *name, jopa_error *e) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (strcmp(rules[i].name, name)) continue;
        *out = &rules[i];
        return JP_OK;
    }
    return jp_fail(e, JOPA_ERROR_USAGE, "--method %.100s: compress knows jopa, random, ablation and surprisal", name);
}

static jp_shorten_task make_task(const compression *c, jp_scorer *s) {
    jp_shorten_task task = {.scorer = s, .weight = c->weight, .budget = c->explain.budget, .seed = c->explain.seed};
    if (c->o->ratio > 0) task.want = (int)ceil(c->o->ratio * jp_prompt_maskable_tokens(&c->p.prompt) - 1e-9);
    else task.allowed = c->o->tolerance * c->targets;
    return task;
}

/* ---- the shorter prompt, as it would be pasted ------------------------------------------------------------------- */

static void free_turns(jp_result_compression *out) {
    for (int i = 0; i < out->n_turns; i++) {
        free(out->turns[i].role);
        free(out->turns[i].content);
    }
    free(out->turns);
    out->turns = NULL;
    out->n_turns = 0;
}

/* The turns as a prompt of their own, for the same response. */
static int pasted_problem(const compression *c, const jp_result_compression *out, jp_explain_problem *p,
                          jopa_error *e) {
    jopa_message        *messages = malloc((size_t)out->n_turns * sizeof *messages);
    jopa_explain_options x = c->explain;
    if (!messages) return jp_fail_memory(e);
    for (int i = 0; i < out->n_turns; i++) messages[i] = (jopa_message){out->turns[i].role, out->turns[i].content};
    x.prompt = x.system = NULL;
    x.messages = messages;
    x.n_messages = out->n_turns;
    x.unit = "token";
    x.roles = "all";
    *p = c->p;
    p->prompt = (jp_prompt){0};
    int status = jp_explain_prompt(&p->prompt, c->model->engine, &x, NULL, e);
    p->problem.prompt = &p->prompt;
    free(messages);
    return status;
}

/* Paste without `selected` into `out`: text, tokens and the drop. *text (may be NULL): what the model answers. */
static int paste(const compression *c, const jp_bitset *selected, double full, jp_result_compression *out, char **text,
                 jopa_error *e) {
    jp_explain_problem p = {0};
    jp_scorer         *s = NULL;
    free_turns(out);
    out->turns = calloc((size_t)c->n_messages, sizeof *out->turns);
    out->n_turns = out->turns ? c->n_messages : 0;
    int status = out->turns ? jp_paste(&c->p.prompt, selected, c->roles, c->contents, c->n_messages, out->turns, e)
                            : jp_fail_memory(e);
    if (!status) status = pasted_problem(c, out, &p, e);
    if (!status) status = jp_scorer_new(&s, c->model->engine, &p.problem, &(jp_limits){.k = 1}, e);
    if (!status) {
        out->tokens_left = p.prompt.n_tokens;
        out->drop = full - jp_scorer_full(s);
        out->drop_per_token = out->drop / c->targets;
    }
    jp_scorer_free(s);
    int longest = c->p.n_response > c->explain.max_tokens ? c->p.n_response : c->explain.max_tokens;
    if (!status && text && c->model->engine->ops->generate)
        status = jp_explain_write(text, c->model, &p, NULL, longest, e);
    jp_prompt_free(&p.prompt);
    return status;
}

static bool reached(const compression *c, const jp_bitset *selected, const jp_result_compression *out) {
    int maskable = jp_prompt_maskable_tokens(&c->p.prompt);
    if (c->o->ratio > 0) return jp_prompt_hidden_tokens(&c->p.prompt, selected) >= c->o->ratio * maskable - 1e-9;
    return out->drop_per_token <= c->o->tolerance;
}

/* A text may be cut into other tokens than the search measured: units go back, those that cost most alone first, until
 * the pasted text keeps the tolerance. */
static int restore(const compression *c, jp_selection *found, double full, jp_result_compression *out, jopa_error *e) {
    int status = JP_OK;
    for (int tries = 0; tries < RESTORED && !status && c->o->ratio <= 0 && !reached(c, &found->selected, out);
         tries++) {
        int worst = -1;
        for (int u = jp_bitset_next(&found->selected, 0); u >= 0; u = jp_bitset_next(&found->selected, u + 1))
            if (worst < 0 || found->score[u] > found->score[worst]) worst = u;
        if (worst < 0) break;
        jp_bitset_remove(&found->selected, worst);
        status = paste(c, &found->selected, full, out, NULL, e);
    }
    return status;
}

/* The last message from which units could be taken. */
static const char *pasted_text(const compression *c, const jp_result_compression *out) {
    const jp_prompt *p = &c->p.prompt;
    return out->turns[p->spans[p->units[p->n_units - 1].role].message].content;
}

/* ---- one compression -----------------------------------------------------------------------------------------------
 */

static int fill_compress(compression *c, jp_explanation *x, jp_scorer *s, jp_selection *found, const char *method,
                         bool interrupted, jopa_error *e) {
    jp_result_compression *out = &x->compression;
    jp_result_compression  pasted = {
         .present = true, .tokens = c->p.prompt.n_tokens, .tolerance = c->o->ratio > 0 ? NAN : c->o->tolerance};
    double full = jp_scorer_full(s);
    int    status = paste(c, &found->selected, full, &pasted, NULL, e);
    if (!status) status = restore(c, found, full, &pasted, e);
    if (!status) status = jp_use_fill(x, c->model, s, &c->p, found, &c->explain, "compress", method, e);
    *out = pasted;
    out->ratio = x->sparsity;
    if (!status && !interrupted) status = paste(c, &found->selected, full, out, &x->masked_response, e);
    if (!status) out->reached = reached(c, &found->selected, out);
    if (!status && !(out->text = strdup(pasted_text(c, out)))) status = jp_fail_memory(e);
    if (!status && !interrupted)
        status = jp_explain_measure(x, s, c->model, &c->p, &found->selected, NULL, &c->explain, e);
    return status;
}

static int run_rule(compression *c, jp_explanation *x, const rule *r, jopa_error *e) {
    jp_limits    limits = {.budget = c->explain.budget,
                           .seconds = c->explain.seconds,
                           .k = c->p.prompt.n_units,
                           .progress = jp_run_forward,
                           .user = &c->progress};
    jp_selection found = {0};
    jp_scorer   *s = NULL;
    int          status = jp_selection_init(&found, c->p.prompt.n_units, e);
    if (!status) status = jp_scorer_new(&s, c->model->engine, &c->p.problem, &limits, e);
    if (!status) {
        jp_shorten_task task = make_task(c, s);
        status = r->run(&task, &found, e);
    }
    if (!status || status == JP_STOP)
        status = fill_compress(c, x, s, &found, r->name, jp_scorer_stopped(s) == JP_STOP_USER, e);
    jp_scorer_free(s);
    jp_selection_free(&found);
    return status;
}

static int check_compress(const jopa_compress_options *o, jopa_error *e) {
    int status = jp_explain_check(&o->explain, e);
    if (status) return status;
    if (!(o->ratio >= 0 && o->ratio < 1))
        return jp_fail(e, JOPA_ERROR_USAGE, "--ratio %g: a fraction above 0, below 1, is needed", o->ratio);
    if (!(o->tolerance >= 0) || isinf(o->tolerance))
        return jp_fail(e, JOPA_ERROR_USAGE, "--tolerance %g: a number of nats per token, at least 0, is needed",
                       o->tolerance);
    return JP_OK;
}

/* The chat as it was given, and how many tokens each unit has. */
static int prepare_compress(compression *c, jopa_error *e) {
    const jopa_explain_options *x = &c->explain;
    const jp_prompt            *p = &c->p.prompt;
    c->n_messages = x->messages ? x->n_messages : x->system ? 2 : 1;
    c->roles = malloc((size_t)c->n_messages * sizeof *c->roles);
    c->contents = malloc((size_t)c->n_messages * sizeof *c->contents);
    c->weight = malloc((size_t)p->n_units * sizeof *c->weight);
    if (!c->roles || !c->contents || !c->weight) return jp_fail_memory(e);
    for (int i = 0; i < c->n_messages; i++) {
        c->roles[i] = x->messages ? x->messages[i].role : i == c->n_messages - 1 ? "user" : "system";
        c->contents[i] = jp_use_content(x, i);
    }
    for (int u = 0; u < p->n_units; u++) c->weight[u] = p->units[u].last - p->units[u].first;
    c->targets = c->p.problem.target_last - c->p.problem.target_first;
    return p->n_units > 1
               ? JP_OK
               : jp_fail(e, JOPA_ERROR_INPUT, "there is only one unit that could go, and a prompt has to be left");
}

int jopa_compress(jopa_result **out, jopa_model *m, const jopa_compress_options *o, jopa_error *e) {
    compression c = {.o = o, .explain = o->explain, .model = m};
    jp_keep     keep = {o->keep, o->n_keep, true};
    const rule *r = NULL;
    c.explain.k = 0;
    c.explain.sparsity = 1;
    c.explain.op = "delete";
    if (!c.explain.unit) c.explain.unit = "word";
    c.progress = (jp_run_progress){&c.explain, "compress", jp_seconds()};
    int status = check_compress(o, e);
    if (!status) status = find_rule(&r, o->explain.method ? o->explain.method : "jopa", e);
    if (!status) status = jp_explain_problem_keeping(&c.p, m, &c.explain, &keep, e);
    if (status) return status;
    status = prepare_compress(&c, e);
    jopa_result *result = status ? NULL : jp_result_new("compress", 1);
    if (!status) status = result ? run_rule(&c, &result->items[0], r, e) : jp_fail_memory(e);
    free(c.roles);
    free(c.contents);
    free(c.weight);
    jp_explain_problem_free(&c.p);
    if (status) jopa_result_free(result);
    else *out = result;
    return status;
}
