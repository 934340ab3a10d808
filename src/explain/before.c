#include "explain/before.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "prompt/append.h"
#include "prompt/thinking.h"
#include "prompt/units.h"

/* The part of the response that joins the prompt: `size` bytes, of which [from, to) may be hidden. */
typedef struct {
    size_t      size, from, to;
    const char *role;
} part;

/* Where the target begins, or the first of several. */
static size_t first_target(const jp_explain_problem *p) {
    size_t start = p->targets[0].bytes.start;
    for (int i = 1; i < p->n_targets; i++)
        if (p->targets[i].bytes.start < start) start = p->targets[i].bytes.start;
    return start;
}

/* size 0: there is none. */
static part find_part(const jp_explain_problem *p, const jp_question *q) {
    part        found = {0};
    jp_thinking t;
    bool        has = jp_thinking_find(p->response_text, p->response_start[p->n_response], &t);
    if (q->before) {
        found = (part){.size = q->n_targets ? first_target(p) : has ? t.end : 0, .role = "response"};
        found.to = found.size;
    } else if (has) {
        found = (part){t.end, t.from, t.to, "thinking"};
    }
    if (q->n_targets && first_target(p) < found.size) found.size = first_target(p);
    return found;
}

/* The tokens that are all within the first `size` bytes, and cut no character. */
static int whole_tokens(const jp_explain_problem *p, size_t size) {
    int    n = 0;
    size_t all = p->response_start[p->n_response];
    while (n < p->n_response && p->response_start[n + 1] <= size) n++;
    while (n > 0 && !jp_utf8_is_boundary(p->response_text, all, p->response_start[n])) n--;
    return n;
}

static int make_span(jp_prompt *more, const part *found, jopa_error *e) {
    size_t end = found->to < more->size ? found->to : more->size;
    if (found->from >= end) return JP_OK;
    more->spans = calloc(1, sizeof *more->spans);
    char *role = strdup(found->role);
    if (!more->spans || !role) {
        free(role);
        return jp_fail_memory(e);
    }
    more->spans[more->n_spans++] = (jp_span){.start = found->from, .end = end, .role = role, .message = -1, .text = -1};
    return JP_OK;
}

static int make_tokens(jp_prompt *more, const jp_explain_problem *p, jp_engine *engine, int n, bool *fixed,
                       jopa_error *e) {
    char none[1];
    more->size = p->response_start[n];
    more->text = strndup(p->response_text, more->size);
    more->tokens = malloc((size_t)n * sizeof *more->tokens);
    if (!more->text || !more->tokens) return jp_fail_memory(e);
    for (int t = 0; t < n; t++) {
        more->tokens[t] = (jp_token){p->response[t], p->response_start[t], p->response_start[t + 1], -1};
        fixed[t] = !engine->ops->piece(engine, p->response[t], false, none, 0);
    }
    more->n_tokens = n;
    return JP_OK;
}

/* The response without its first n tokens. */
static void drop_tokens(jp_explain_problem *p, int n) {
    size_t bytes = p->response_start[n];
    memmove(p->response_text, p->response_text + bytes, p->response_start[p->n_response] - bytes + 1);
    p->n_response -= n;
    memmove(p->response, p->response + n, (size_t)p->n_response * sizeof *p->response);
    for (int t = 0; t <= p->n_response; t++) p->response_start[t] = p->response_start[t + n] - bytes;
    p->before += bytes;
}

static int move_part(jp_explain_problem *p, jp_engine *engine, const jp_question *q, const part *found, int n,
                     jopa_error *e) {
    jp_prompt more = {0};
    bool     *fixed = malloc((size_t)n * sizeof *fixed);
    int       status = fixed ? make_tokens(&more, p, engine, n, fixed, e) : jp_fail_memory(e);
    if (!status) status = make_span(&more, found, e);
    jp_unit_options options = {.kind = q->unit, .mask_roles = q->mask_roles, .fixed = fixed, .may_lack = true};
    if (!status) status = jp_units_build(&more, &options, e);
    if (!status) status = jp_prompt_append(&p->prompt, &more, e);
    if (!status) drop_tokens(p, n);
    jp_prompt_free(&more);
    free(fixed);
    return status;
}

int jp_explain_before(jp_explain_problem *p, jp_engine *engine, const jp_question *q, jopa_error *e) {
    if (!q->thinking && !q->before) return JP_OK;
    part found = find_part(p, q);
    int  n = whole_tokens(p, found.size), status = JP_OK;
    if (n && n == p->n_response)
        return jp_fail(
            e, JOPA_ERROR_INPUT,
            "the response ends with its thinking, so that nothing is left to be the target: let it be longer "
            "(`max_tokens`), or give the `response`");
    if (n) status = move_part(p, engine, q, &found, n, e);
    if (status || p->prompt.n_units) return status;
    return q->before && !q->n_targets
               ? jp_fail(e, JOPA_ERROR_INPUT, "nothing to hide: `roles` response is what stands before a `target`")
               : jp_fail(e, JOPA_ERROR_INPUT,
                         "nothing to hide: no text has a role in '%s', and the response has no "
                         "thinking such as <think>...</think>",
                         q->mask_roles);
}
