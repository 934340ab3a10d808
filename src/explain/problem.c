#include "explain/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "engine/template/template.h"
#include "explain/against.h"
#include "explain/before.h"
#include "explain/matrix.h"
#include "prompt/build.h"
#include "prompt/thinking.h"
#include "prompt/units.h"

/* ---- the engine as the prompt stage's source --------------------------------------------------------------- */

typedef struct {
    jp_engine   *engine;
    jp_template *t;
} jp_source_user;

static int source_template(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                           jopa_error *e) {
    jp_engine *engine = ((jp_source_user *)user)->engine;
    return engine->ops->apply_template(engine, roles, contents, n, true, text, e);
}

static int source_tokenize(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n,
                           jopa_error *e) {
    jp_engine *engine = ((jp_source_user *)user)->engine;
    return engine->ops->tokenize(engine, text, size, special, ids, n, e);
}

static int source_piece(void *user, int32_t id, bool special, char *out, int size) {
    jp_engine *engine = ((jp_source_user *)user)->engine;
    return engine->ops->piece(engine, id, special, out, size);
}

static int source_render(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e) {
    return jp_template_render(((jp_source_user *)user)->t, task, out, e);
}

static int build_with(jp_prompt *prompt, jp_engine *engine, const jp_question *q, jp_template *t, jopa_error *e);

int jp_explain_prompt(jp_prompt *prompt, jp_engine *engine, const jp_question *q, jopa_error *e) {
    jp_template t = {0};
    if (q->raw) return build_with(prompt, engine, q, &t, e);
    int status = jp_template_open(&t, engine, q->chat_template, q->template_args, q->tools, e);
    if (!status) status = build_with(prompt, engine, q, &t, e);
    if (!status && !prompt->template_name && !(prompt->template_name = strdup("engine"))) {
        jp_prompt_free(prompt);
        status = jp_fail_memory(e);
    }
    jp_template_close(&t);
    return status;
}

static int build_with(jp_prompt *prompt, jp_engine *engine, const jp_question *q, jp_template *t, jopa_error *e) {
    jp_prompt_options options = {.roles = q->roles,
                                 .contents = q->contents,
                                 .n = q->n_messages,
                                 .extras = q->extras,
                                 .tools = q->tools,
                                 .flat = q->command == JP_COMPRESS,
                                 .later = q->thinking || q->before,
                                 .raw = q->raw,
                                 .unit = jp_unit_kind_name((int)q->unit, NULL),
                                 .mask_roles = q->mask_roles,
                                 .keep = q->keep,
                                 .n_keep = q->n_keep,
                                 .keep_marked = q->marks,
                                 .whole_words = q->command == JP_COMPRESS};
    jp_source_user    user = {engine, t};
    jp_prompt_source  source = {&user,        source_template,      source_tokenize,
                                source_piece, jp_template_style(t), source_render};
    return jp_prompt_build(prompt, &source, &options, e);
}

/* ---- operator ------------------------------------------------------------------------------------------------ */

int jp_explain_operator(jp_operator *op, jp_engine *engine, const jp_operator_choice *choice, jopa_error *e) {
    *op = choice->op;
    if (op->kind != JP_OPERATOR_TOKEN) return JP_OK;
    int32_t *ids = NULL;
    int      n = 0, status = engine->ops->tokenize(engine, choice->text, strlen(choice->text), false, &ids, &n, e);
    if (!status && n != 1)
        status = jp_fail(e, JOPA_ERROR_USAGE, "`operator` token:%s: that is %d tokens to this model, one is needed",
                         choice->text, n);
    if (!status) op->token = ids[0];
    free(ids);
    return status;
}

/* ---- response -------------------------------------------------------------------------------------------------- */

static bool append_piece(jp_buffer *out, jp_engine *engine, int32_t token) {
    char small[64], *piece = small;
    int  size = engine->ops->piece(engine, token, true, small, sizeof small);
    if (size > (int)sizeof small) {
        piece = malloc((size_t)size);
        if (!piece) return false;
        engine->ops->piece(engine, token, true, piece, size);
    }
    jp_buffer_bytes(out, piece, (size_t)size);
    if (piece != small) free(piece);
    return !out->failed;
}

char *jp_detokenize(jp_engine *engine, const int32_t *tokens, int n, size_t **start) {
    jp_buffer text = {0};
    size_t   *at = malloc((size_t)(n + 1) * sizeof *at);
    bool      fine = at != NULL;
    for (int i = 0; i < n && fine; i++) {
        at[i] = text.size;
        fine = append_piece(&text, engine, tokens[i]);
    }
    if (fine) at[n] = text.size;
    char *out = fine ? jp_buffer_take(&text, NULL) : NULL;
    jp_buffer_free(&text);
    if (start && out) *start = at;
    else free(at);
    return out;
}

int jp_explain_generate(jp_engine *engine, const jp_prompt *prompt, const jp_operator *op, const jp_bitset *mask,
                        int max_tokens, const jopa_stop *stop, int32_t **tokens, int *n, jopa_error *e) {
    if (!engine->ops->generate)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "this engine does not generate: give the `response`");
    int32_t *symbols = malloc((size_t)prompt->n_tokens * sizeof *symbols),
            *out = malloc((size_t)(max_tokens + 1) * sizeof *out);
    int                   status = symbols && out ? JP_OK : jp_fail_memory(e);
    jopa_generate_request rq = {.size = sizeof rq, .symbols = symbols, .max = max_tokens, .out = out, .stop = stop};
    if (!status) {
        rq.n_symbols = jp_mask_symbols(prompt, op, mask, symbols);
        status = engine->ops->generate(engine, &rq, e);
    }
    if (!status) *n = rq.n;
    free(symbols);
    if (status) free(out);
    else *tokens = out;
    return status;
}

/* The token that begins a text, which is the prompt's. */
static void drop_begin(jp_explain_problem *p, jp_engine *engine) {
    int32_t bos = engine->ops->token_called ? engine->ops->token_called(engine, "bos") : -1;
    if (!p->n_response || bos < 0 || p->response[0] != bos) return;
    memmove(p->response, p->response + 1, (size_t)--p->n_response * sizeof *p->response);
}

static int given_response(jp_explain_problem *p, jp_engine *engine, const char *text, jopa_error *e) {
    size_t size = strlen(text), valid = jp_utf8_valid(text, size);
    if (valid != size)
        return jp_fail(e, JOPA_ERROR_INPUT, "the response is not UTF-8 (byte %zu): convert it first", valid);
    jp_thinking thinking;
    bool        control = jp_thinking_find(text, size, &thinking) && thinking.control;
    int         status = engine->ops->tokenize(engine, text, size, control, &p->response, &p->n_response, e);
    if (!status && control) drop_begin(p, engine);
    return status;
}

static int make_response(jp_explain_problem *p, jp_watch *w, const jp_question *q, jopa_error *e) {
    jp_engine *engine = w->model->engine;
    int        status;
    if (q->response) status = given_response(p, engine, q->response, e);
    else if (jp_watch_stage(w, JP_STAGE_RESPONDING, NULL)) return jp_watch_fail(w, e);
    else
        status = jp_explain_generate(engine, &p->prompt, &p->problem.op, NULL, q->max_tokens, &w->stop, &p->response,
                                     &p->n_response, e);
    if (status == JOPA_ERROR_INTERRUPTED) return jp_watch_fail(w, e);
    if (!status && p->n_response == 0)
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         q->response ? "the response is empty: there is nothing to explain"
                                     : "the model answers with nothing: give the `response` to explain");
    if (status) return status;
    p->response_text = jp_detokenize(engine, p->response, p->n_response, &p->response_start);
    return p->response_text ? JP_OK : jp_fail_memory(e);
}

/* ---- targets -------------------------------------------------------------------------------------------------- */

/* Bytes to tokens: every token that has a byte of the span. */
static int place_target(const jp_explain_problem *p, jp_target *t, jopa_error *e) {
    size_t size = p->response_start[p->n_response], start = t->bytes.start, end = t->bytes.end;
    t->first = 0;
    t->last = p->n_response;
    if (!t->name) return JP_OK;
    if (start < p->before)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`target` %zu:%zu: the first %zu bytes of the response stand before the target, by `roles`",
                       start, end, p->before);
    start -= p->before;
    end -= p->before;
    if (start >= end || end > size)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`target` %zu:%zu: the response has %zu bytes, and the start has to be before the end", start,
                       end, size);
    while (t->first < p->n_response && p->response_start[t->first + 1] <= start) t->first++;
    while (t->last > 0 && p->response_start[t->last - 1] >= end) t->last--;
    return JP_OK;
}

static int place_targets(jp_explain_problem *p, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < p->n_targets && !status; i++) status = place_target(p, &p->targets[i], e);
    p->problem.target_first = p->targets[0].first;
    p->problem.target_last = p->targets[0].last;
    return status;
}

int jp_explain_target(jp_explain_problem *p, jp_range bytes, jopa_error *e) {
    jp_target t = {.bytes = bytes, .name = ""};
    int       status = place_target(p, &t, e);
    p->problem.target_first = t.first;
    p->problem.target_last = t.last;
    return status;
}

/* In the whole response, before a part of it moves. */
static int find_targets(jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    jp_thinking t;
    size_t      size = p->response_start[p->n_response];
    if ((q->thinking || q->before) && jp_thinking_find(p->response_text, size, &t)) p->from = t.end;
    p->written = strdup(p->response_text);
    return p->written ? jp_targets_find(&p->targets, &p->n_targets, q, p->written, p->from, e) : jp_fail_memory(e);
}

int jp_explain_choose_k(jp_explain_problem *p, int k, double sparsity, bool smallest, jopa_error *e) {
    int n = p->prompt.n_units;
    if (n == 0) return jp_fail(e, JOPA_ERROR_INPUT, "no unit of the prompt may be hidden: see `roles` and `unit`");
    p->sparsity = 0;
    p->k = k > 0 && k < n ? k : n;
    if (k > 0 || smallest) return JP_OK;
    p->sparsity = sparsity;
    p->k = (int)ceil(sparsity * n - 1e-9);
    if (p->k < 1) p->k = 1;
    return JP_OK;
}

/* ---- all of it ------------------------------------------------------------------------------------------------ */

/* By levels, where one of the methods can; what cannot go with that is known now, before the model writes. */
static int choose_levels(jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    bool applies = false;
    for (int i = 0; i < q->n_methods; i++) applies |= jp_levels_apply(q->methods[i].method->name);
    int status = applies ? jp_levels_choose(&p->levels, &q->levels, q->unit, &p->prompt, e) : JP_OK;
    if (!status && p->levels.n && (q->repeat || q->min_drop > 0))
        status = jp_fail(e, JOPA_ERROR_USAGE,
                         "`repeat` and `min_drop` do not search by levels: set `levels` to none, or give a shorter "
                         "prompt or larger units");
    return status;
}

/* The other operators that the set is tried under: what this model cannot do is known before the model writes. */
static int check_operators(jp_engine *engine, const jp_question *q, jopa_error *e) {
    jp_operator op;
    int         status = JP_OK;
    for (int i = 0; i < q->n_operators && !status; i++) status = jp_explain_operator(&op, engine, &q->operators[i], e);
    return status;
}

static int check_matrix_size(const jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    return q->matrix ? jp_matrix_check(p->prompt.n_units, p->n_response, e) : JP_OK;
}

static int choose_sizes(jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    int status = jp_explain_choose_k(p, q->k, q->sparsity, q->min_drop > 0, e);
    if (!status) status = choose_levels(p, q, e);
    return status ? status : check_matrix_size(p, q, e);
}

int jp_explain_problem_init(jp_explain_problem *p, jp_watch *w, const jp_question *q, jopa_error *e) {
    jp_engine *engine = w->model->engine;
    bool       moves = q->thinking || q->before;
    *p = (jp_explain_problem){.engine = engine};
    int status = jp_explain_prompt(&p->prompt, engine, q, e);
    p->problem.prompt = &p->prompt;
    if (!status) status = jp_explain_operator(&p->problem.op, engine, &q->op, e);
    if (!status) status = check_operators(engine, q, e);
    if (!status && !moves) status = choose_sizes(p, q, e);
    if (!status) status = make_response(p, w, q, e);
    if (!status) status = find_targets(p, q, e);
    if (!status) status = jp_explain_before(p, engine, q, e);
    if (!status && moves) status = choose_sizes(p, q, e);
    if (!status) status = check_matrix_size(p, q, e);
    p->problem.response = p->response;
    p->problem.n_response = p->n_response;
    if (!status) status = place_targets(p, e);
    if (!status) status = jp_against_make(p, q, e);
    if (status) jp_explain_problem_free(p);
    return status;
}

int jp_explain_problem_again(jp_explain_problem *p, const jp_explain_problem *from, const jp_question *q,
                             jopa_error *e) {
    *p = *from;
    p->problem.prompt = &p->prompt;
    p->problem.other = (jp_other){0};
    p->targets = NULL;
    p->n_targets = p->n_other = 0;
    p->other = NULL;
    p->other_text = NULL;
    p->other_start = NULL;
    int status = choose_sizes(p, q, e);
    if (!status) status = jp_targets_find(&p->targets, &p->n_targets, q, p->written, p->from, e);
    if (!status) status = place_targets(p, e);
    return status ? status : jp_against_make(p, q, e);
}

void jp_explain_problem_end(jp_explain_problem *p) {
    jp_against_free(p);
    jp_targets_free(p->targets, p->n_targets);
    *p = (jp_explain_problem){0};
}

void jp_explain_problem_free(jp_explain_problem *p) {
    jp_against_free(p);
    jp_targets_free(p->targets, p->n_targets);
    free(p->written);
    jp_prompt_free(&p->prompt);
    free(p->response);
    free(p->response_start);
    free(p->response_text);
    *p = (jp_explain_problem){0};
}
