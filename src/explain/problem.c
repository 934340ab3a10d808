#include "explain/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "prompt/build.h"

/* ---- the engine as the prompt stage's source --------------------------------------------------------------- */

static int source_template(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                           jopa_error *e) {
    jp_engine *engine = user;
    return engine->ops->apply_template(engine, roles, contents, n, true, text, e);
}

static int source_tokenize(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n,
                           jopa_error *e) {
    jp_engine *engine = user;
    return engine->ops->tokenize(engine, text, size, special, ids, n, e);
}

static int source_piece(void *user, int32_t id, bool special, char *out, int size) {
    jp_engine *engine = user;
    return engine->ops->piece(engine, id, special, out, size);
}

int jp_explain_prompt(jp_prompt *prompt, jp_engine *engine, const jopa_explain_options *o, const jp_keep *keep,
                      jopa_error *e) {
    int          n = o->messages ? o->n_messages : o->system ? 2 : 1;
    const char **roles = malloc((size_t)(n + 1) * sizeof *roles),
               **contents = malloc((size_t)(n + 1) * sizeof *contents);
    int status = roles && contents ? JP_OK : jp_fail_memory(e);
    if (!status && o->messages) {
        for (int i = 0; i < n; i++) {
            roles[i] = o->messages[i].role;
            contents[i] = o->messages[i].content;
        }
    } else if (!status) {
        roles[0] = "system";
        contents[0] = o->system;
        roles[n - 1] = "user";
        contents[n - 1] = o->prompt ? o->prompt : "";
    }
    jp_prompt_options options = {
        .roles = roles, .contents = contents, .n = n, .raw = o->raw, .unit = o->unit, .mask_roles = o->roles};
    if (keep) {
        options.keep = keep->texts;
        options.n_keep = keep->n;
        options.keep_marked = keep->marked;
    }
    jp_prompt_source source = {engine, source_template, source_tokenize, source_piece};
    if (!status && o->raw && n != 1)
        status = jp_fail(e, JOPA_ERROR_USAGE,
                         "--raw takes one text: put the system text into the prompt, or leave --raw out");
    if (!status) status = jp_prompt_build(prompt, &source, &options, e);
    free(roles);
    free(contents);
    return status;
}

/* ---- operator ------------------------------------------------------------------------------------------------ */

int jp_explain_operator(jp_operator *op, jp_engine *engine, const char *name, jopa_error *e) {
    const char *text = NULL;
    int         status = jp_operator_parse(name ? name : "zero", op, &text, e);
    if (status || op->kind != JP_OPERATOR_TOKEN) return status;
    int32_t *ids = NULL;
    int      n = 0;
    status = engine->ops->tokenize(engine, text, strlen(text), false, &ids, &n, e);
    if (!status && n != 1)
        status = jp_fail(e, JOPA_ERROR_USAGE, "--operator token:%s: that is %d tokens to this model, one is needed",
                         text, n);
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
                        int max_tokens, int32_t **tokens, int *n, jopa_error *e) {
    if (!engine->ops->generate)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "this engine does not generate: give the response with --response");
    int32_t *symbols = malloc((size_t)prompt->n_tokens * sizeof *symbols),
            *out = malloc((size_t)(max_tokens + 1) * sizeof *out);
    int            status = symbols && out ? JP_OK : jp_fail_memory(e);
    jp_engine_cost cost = {0};
    if (!status) {
        int size = jp_mask_symbols(prompt, op, mask, symbols);
        status = engine->ops->generate(engine, symbols, size, out, max_tokens, n, &cost, e);
    }
    free(symbols);
    if (status) free(out);
    else *tokens = out;
    return status;
}

static int make_response(jp_explain_problem *p, jp_engine *engine, const jopa_explain_options *o, jopa_error *e) {
    int status;
    if (o->response) {
        size_t size = strlen(o->response), valid = jp_utf8_valid(o->response, size);
        if (valid != size)
            return jp_fail(e, JOPA_ERROR_INPUT, "the response is not UTF-8 (byte %zu): convert it first", valid);
        status = engine->ops->tokenize(engine, o->response, size, false, &p->response, &p->n_response, e);
    } else {
        if (o->max_tokens < 1) return jp_fail(e, JOPA_ERROR_USAGE, "--max-tokens must be at least 1");
        jopa_progress progress = {.best_drop = NAN, .seconds_left = -1, .stage = "writing the response"};
        if (o->progress && o->progress(o->user, &progress))
            return jp_fail(e, JOPA_ERROR_INPUT, "interrupted before there was a response to explain");
        status = jp_explain_generate(engine, &p->prompt, &p->problem.op, NULL, o->max_tokens, &p->response,
                                     &p->n_response, e);
    }
    if (!status && p->n_response == 0)
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         o->response ? "the response is empty: there is nothing to explain"
                                     : "the model answers with nothing: give the response to explain with --response");
    if (status) return status;
    p->response_text = jp_detokenize(engine, p->response, p->n_response, &p->response_start);
    return p->response_text ? JP_OK : jp_fail_memory(e);
}

/* Bytes to tokens: every token that has a byte of the span. */
int jp_explain_target(jp_explain_problem *p, const jopa_explain_options *o, jopa_error *e) {
    size_t size = p->response_start[p->n_response];
    p->problem.target_first = 0;
    p->problem.target_last = p->n_response;
    if (o->target_start == 0 && o->target_end == 0) return JP_OK;
    if (o->target_start >= o->target_end || o->target_end > size)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "--target %zu:%zu: the response has %zu bytes, and the start has to be before the end",
                       o->target_start, o->target_end, size);
    while (p->problem.target_first < p->n_response && p->response_start[p->problem.target_first + 1] <= o->target_start)
        p->problem.target_first++;
    while (p->problem.target_last > 0 && p->response_start[p->problem.target_last - 1] >= o->target_end)
        p->problem.target_last--;
    return JP_OK;
}

int jp_explain_choose_k(jp_explain_problem *p, const jopa_explain_options *o, jopa_error *e) {
    int n = p->prompt.n_units;
    if (n == 0) return jp_fail(e, JOPA_ERROR_INPUT, "no unit of the prompt may be hidden: see --roles and --unit");
    if (o->k < 0) return jp_fail(e, JOPA_ERROR_USAGE, "--units %d: at least 1 is needed", o->k);
    if (o->k > n)
        return jp_fail(e, JOPA_ERROR_USAGE, "--units %d: the prompt has only %d units that may be hidden", o->k, n);
    if (o->k > 0 || o->min_drop > 0) {
        p->k = o->k > 0 ? o->k : n;
        return JP_OK;
    }
    if (!(o->sparsity > 0 && o->sparsity <= 1))
        return jp_fail(e, JOPA_ERROR_USAGE, "--sparsity %g: a number above 0, at most 1, is needed", o->sparsity);
    p->sparsity = o->sparsity;
    p->k = (int)ceil(o->sparsity * n - 1e-9);
    if (p->k < 1) p->k = 1;
    return JP_OK;
}

/* ---- all of it ------------------------------------------------------------------------------------------------ */

int jp_explain_problem_init(jp_explain_problem *p, jopa_model *m, const jopa_explain_options *o, jopa_error *e) {
    return jp_explain_problem_keeping(p, m, o, NULL, e);
}

int jp_explain_problem_keeping(jp_explain_problem *p, jopa_model *m, const jopa_explain_options *o, const jp_keep *keep,
                               jopa_error *e) {
    *p = (jp_explain_problem){0};
    int status = jp_explain_prompt(&p->prompt, m->engine, o, keep, e);
    p->problem.prompt = &p->prompt;
    if (!status) status = jp_explain_operator(&p->problem.op, m->engine, o->op, e);
    if (!status) status = jp_explain_choose_k(p, o, e);
    if (!status) status = make_response(p, m->engine, o, e);
    p->problem.response = p->response;
    p->problem.n_response = p->n_response;
    if (!status) status = jp_explain_target(p, o, e);
    if (status) jp_explain_problem_free(p);
    return status;
}

void jp_explain_problem_free(jp_explain_problem *p) {
    jp_prompt_free(&p->prompt);
    free(p->response);
    free(p->response_start);
    free(p->response_text);
    *p = (jp_explain_problem){0};
}
