/* The units that can be taken out of a prompt while its answer stays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/run.h"
#include "explain/measure.h"
#include "prompt/units.h"
#include "use/common.h"
#include "use/compress.h"
#include "use/paste.h"
#include "use/shorten.h"
#include "use/surprisal.h"

enum { RESTORED = 8 }; /* units put back at most where the pasted text costs more than its tokens did */

typedef struct {
    const jp_question *q;
    jopa_model        *model;
    jp_explain_problem p;
    int                targets;
    int               *weight; /* [n_units] tokens */
    jp_watch           watch;
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

/* The search, and the simple rules that it is compared with: the names that the option `method` takes. */
static const rule rules[] = {
    {"jopa", jp_shorten},
    {"random", by_chance},
    {"ablation", by_single_drops},
    {"surprisal", by_surprisal},
};

static const rule *find_rule(const char *name) {
    size_t i = 0;
    while (strcmp(rules[i].name, name)) i++;
    return &rules[i];
}

static jp_shorten_task make_task(const compression *c, jp_scorer *s) {
    jp_shorten_task task = {.scorer = s, .weight = c->weight, .budget = c->q->budget, .seed = c->q->seed};
    if (c->q->ratio > 0) task.want = (int)ceil(c->q->ratio * jp_prompt_maskable_tokens(&c->p.prompt) - 1e-9);
    else task.allowed = c->q->tolerance * c->targets;
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
    const char **texts = malloc(2 * (size_t)out->n_turns * sizeof *texts);
    jp_question  q = *c->q;
    if (!texts) return jp_fail_memory(e);
    for (int i = 0; i < out->n_turns; i++) {
        texts[i] = out->turns[i].role;
        texts[out->n_turns + i] = out->turns[i].content;
    }
    q.roles = texts;
    q.contents = texts + out->n_turns;
    q.n_messages = out->n_turns;
    q.unit = JP_UNIT_TOKEN;
    q.mask_roles = "all";
    q.n_keep = 0;
    q.marks = false;
    *p = c->p;
    p->prompt = (jp_prompt){0};
    int status = jp_explain_prompt(&p->prompt, c->model->engine, &q, e);
    p->problem.prompt = &p->prompt;
    free(texts);
    return status;
}

/* Paste without `selected` into `out`: text, tokens and the drop. *text (may be NULL): what the model answers. */
static int paste(compression *c, const jp_bitset *selected, double full, jp_result_compression *out, char **text,
                 jopa_error *e) {
    jp_explain_problem p = {0};
    jp_scorer         *s = NULL;
    free_turns(out);
    out->turns = calloc((size_t)c->q->n_messages, sizeof *out->turns);
    out->n_turns = out->turns ? c->q->n_messages : 0;
    int status = out->turns
                     ? jp_paste(&c->p.prompt, selected, c->q->roles, c->q->contents, c->q->n_messages,
                                c->q->marks ? c->q->mask_roles : NULL, c->q->unit != JP_UNIT_TOKEN, out->turns, e)
                     : jp_fail_memory(e);
    if (!status) status = pasted_problem(c, out, &p, e);
    if (!status) status = jp_scorer_new(&s, c->model->engine, &p.problem, &(jp_limits){.k = 1}, e);
    if (!status) {
        out->tokens_left = p.prompt.n_tokens;
        out->drop = full - jp_scorer_full(s);
        out->drop_per_token = out->drop / c->targets;
    }
    jp_scorer_free(s);
    int longest = c->p.n_response > c->q->max_tokens ? c->p.n_response : c->q->max_tokens;
    if (!status && text && c->model->engine->ops->generate)
        status = jp_explain_write(text, &c->watch, &p, NULL, longest, e);
    jp_prompt_free(&p.prompt);
    return status;
}

static bool reached(const compression *c, const jp_bitset *selected, const jp_result_compression *out) {
    int maskable = jp_prompt_maskable_tokens(&c->p.prompt);
    if (c->q->ratio > 0) return jp_prompt_hidden_tokens(&c->p.prompt, selected) >= c->q->ratio * maskable - 1e-9;
    return out->drop_per_token <= c->q->tolerance;
}

/* A text may be cut into other tokens than the search measured: units go back, those that cost most alone first, until
 * the pasted text keeps the tolerance. */
static int restore(compression *c, jp_selection *found, double full, jp_result_compression *out, jopa_error *e) {
    int status = JP_OK;
    for (int tries = 0; tries < RESTORED && !status && c->q->ratio <= 0 && !reached(c, &found->selected, out);
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
                         jopa_error *e) {
    jp_result_compression *out = &x->compression;
    jp_result_compression  pasted = {
         .present = true, .tokens = c->p.prompt.n_tokens, .tolerance = c->q->ratio > 0 ? NAN : c->q->tolerance};
    double full = jp_scorer_full(s);
    int    status = paste(c, &found->selected, full, &pasted, NULL, e);
    if (!status) status = restore(c, found, full, &pasted, e);
    if (!status) status = jp_use_fill(x, c->model, s, &c->p, found, c->q, method, e);
    *out = pasted;
    out->ratio = x->sparsity;
    if (!status && !c->watch.stopped) status = paste(c, &found->selected, full, out, &x->masked_response, e);
    status = jp_explain_stopped(x, &c->watch, status, e);
    if (!status) out->reached = reached(c, &found->selected, out);
    if (!status && !(out->text = strdup(pasted_text(c, out)))) status = jp_fail_memory(e);
    if (!status && !c->watch.stopped)
        status = jp_explain_measure(x, s, &c->watch, &c->p, &found->selected, NULL, c->q, e);
    return jp_explain_stopped(x, &c->watch, status, e);
}

static int run_rule(compression *c, jp_explanation *x, const rule *r, jopa_error *e) {
    jp_limits    limits = {.budget = c->q->budget,
                           .seconds = c->q->seconds,
                           .k = c->p.prompt.n_units,
                           .progress = jp_watch_scores,
                           .user = &c->watch};
    jp_selection found = {0};
    jp_scorer   *s = NULL;
    int          status = jp_selection_init(&found, c->p.prompt.n_units, e);
    if (!status) status = jp_scorer_new(&s, c->model->engine, &c->p.problem, &limits, e);
    if (!status) {
        jp_shorten_task task = make_task(c, s);
        status = r->run(&task, &found, e);
    }
    if (!status || status == JP_STOP) status = fill_compress(c, x, s, &found, r->name, e);
    jp_scorer_free(s);
    jp_selection_free(&found);
    return status;
}

/* How many tokens each unit has. */
static int prepare_compress(compression *c, jopa_error *e) {
    const jp_prompt *p = &c->p.prompt;
    c->weight = malloc((size_t)p->n_units * sizeof *c->weight);
    if (!c->weight) return jp_fail_memory(e);
    for (int u = 0; u < p->n_units; u++) c->weight[u] = p->units[u].last - p->units[u].first;
    c->targets = c->p.problem.target_last - c->p.problem.target_first;
    return p->n_units > 1
               ? JP_OK
               : jp_fail(e, JOPA_ERROR_INPUT, "there is only one unit that could go, and a prompt has to be left");
}

int jp_compress(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e) {
    compression c = {.q = q, .model = m};
    jp_watch_begin(&c.watch, m, q);
    int status = jp_explain_problem_init(&c.p, &c.watch, q, e);
    if (status) return status;
    status = prepare_compress(&c, e);
    jopa_result *result = status ? NULL : jp_result_new("compress", 1);
    if (!status) status = result ? run_rule(&c, &result->items[0], find_rule(q->rule), e) : jp_fail_memory(e);
    free(c.weight);
    jp_explain_problem_free(&c.p);
    if (status) jopa_result_free(result);
    else *out = result;
    return status;
}
