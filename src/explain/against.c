#include "explain/against.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"
#include "base/utf8.h"

void jp_against_free(jp_explain_problem *p) {
    free(p->other);
    free(p->other_text);
    free(p->other_start);
    p->other = NULL;
    p->other_text = NULL;
    p->other_start = NULL;
    p->n_other = 0;
}

/* ---- a text --------------------------------------------------------------------------------------------------------
 */

/* The bytes of response_text that the text stands for. */
static jp_range replaced_bytes(const jp_explain_problem *p) {
    const jp_target *t = &p->targets[0];
    if (!t->name) return (jp_range){p->response_start[t->first], p->response_start[t->last]};
    return (jp_range){t->bytes.start - p->before, t->bytes.end - p->before};
}

/* All of the other answer, up to where the target's last token ends; *own: where the target's first token begins. */
static char *write_other(const jp_explain_problem *p, const char *text, size_t *own) {
    jp_range    at = replaced_bytes(p);
    size_t      end = p->response_start[p->targets[0].last];
    jp_buffer   out = {0};
    const char *response = p->response_text;
    *own = p->response_start[p->targets[0].first];
    jp_buffer_bytes(&out, response, at.start);
    jp_buffer_text(&out, text);
    jp_buffer_bytes(&out, response + at.end, end - at.end);
    char *all = jp_buffer_take(&out, NULL);
    jp_buffer_free(&out);
    return all;
}

static int common_tokens(const int32_t *a, int n, const int32_t *b, int m) {
    int i = 0;
    while (i < n && i < m && a[i] == b[i]) i++;
    return i;
}

/* `n` tokens of the response, then those of the text. */
static int join_tokens(jp_explain_problem *p, int n, const char *text, jopa_error *e) {
    int32_t *ids = NULL;
    int      more = 0;
    int      status = p->engine->ops->tokenize(p->engine, text, strlen(text), false, &ids, &more, e);
    int32_t *all = status ? NULL : malloc(((size_t)n + (size_t)more + 1) * sizeof *all);
    if (all) {
        memcpy(all, p->response, (size_t)n * sizeof *all);
        if (more) memcpy(all + n, ids, (size_t)more * sizeof *all);
        p->other = all;
        p->n_other = n + more;
    } else if (!status) status = jp_fail_memory(e);
    free(ids);
    return status;
}

/* As one text, in which the response's tokens up to the target come out again as a rule; where not, these as they are,
 * and the rest by itself. */
static int tokenize_other(jp_explain_problem *p, const char *text, jopa_error *e) {
    size_t own;
    int    first = p->targets[0].first;
    char  *all = write_other(p, text, &own);
    if (!all) return jp_fail_memory(e);
    int status = join_tokens(p, 0, all, e);
    if (!status && first && common_tokens(p->other, p->n_other, p->response, p->n_response) < first) {
        free(p->other);
        p->other = NULL;
        status = join_tokens(p, first, all + own, e);
    }
    free(all);
    return status;
}

static int make_from_text(jp_explain_problem *p, const char *text, jopa_error *e) {
    size_t size = strlen(text), valid = jp_utf8_valid(text, size);
    if (valid != size)
        return jp_fail(e, JOPA_ERROR_INPUT, "`against`: it is not UTF-8 (byte %zu): convert it first", valid);
    jp_range at = replaced_bytes(p);
    if (at.end - at.start == size && !memcmp(p->response_text + at.start, text, size))
        return jp_fail(e, JOPA_ERROR_USAGE, "`against` %s: that is the answer itself; give another one, or next",
                       jp_excerpt(text, 100).text);
    return tokenize_other(p, text, e);
}

/* ---- the model's own second choice ----------------------------------------------------------------------------------
 */

/* Whether the answer itself begins with the token's text: then it is the same one cut otherwise. Control tokens have
 * none. */
static bool is_other(const jp_explain_problem *p, int32_t id, int first) {
    char        piece[256];
    int         size = p->engine->ops->piece(p->engine, id, false, piece, sizeof piece);
    const char *here = p->response_text + p->response_start[first];
    if (size < 1 || size > (int)sizeof piece) return false;
    return strncmp(here, piece, (size_t)size) != 0;
}

/* The most likely of them; -1: there is none. `log_p` is used up. */
static int32_t second_choice(const jp_explain_problem *p, float *log_p, int n_vocab, int first) {
    log_p[p->response[first]] = -INFINITY;
    for (;;) {
        int32_t best = 0;
        for (int32_t id = 1; id < n_vocab; id++)
            if (log_p[id] > log_p[best]) best = id;
        if (!(log_p[best] > -INFINITY)) return -1;
        if (is_other(p, best, first)) return best;
        log_p[best] = -INFINITY;
    }
}

static int ask_next(const jp_explain_problem *p, int first, float *log_p, jopa_error *e) {
    size_t            n = (size_t)p->prompt.n_tokens;
    int32_t          *symbols = malloc((n + (size_t)first + 1) * sizeof *symbols);
    jopa_next_request rq = {.size = sizeof rq, .symbols = symbols, .response = p->response + first, .n_response = 1};
    if (!symbols) return jp_fail_memory(e);
    rq.n_symbols = jp_mask_symbols(&p->prompt, &p->problem.op, NULL, symbols);
    memcpy(symbols + rq.n_symbols, p->response, (size_t)first * sizeof *symbols);
    rq.n_symbols += first;
    rq.out = log_p;
    int status = p->engine->ops->next(p->engine, &rq, e);
    free(symbols);
    return status;
}

static int make_next(jp_explain_problem *p, jopa_error *e) {
    jp_engine *engine = p->engine;
    int        first = p->targets[0].first;
    if (!engine->ops->next || !(engine->ops->capabilities(engine) & JP_CAN_NEXT))
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "the engine '%s' does not tell what the model would write second: give the other answer's text "
                       "as `against`",
                       engine->ops->name);
    int      n_vocab = engine->ops->n_vocab(engine);
    float   *log_p = malloc((size_t)n_vocab * sizeof *log_p);
    int32_t *all = malloc(((size_t)first + 1) * sizeof *all), id = -1;
    int      status = log_p && all ? ask_next(p, first, log_p, e) : jp_fail_memory(e);
    if (!status) id = second_choice(p, log_p, n_vocab, first);
    if (!status && id < 0)
        status = jp_fail(e, JOPA_ERROR_INPUT, "the model has no second choice there: give `against` as a text");
    free(log_p);
    if (status) {
        free(all);
        return status;
    }
    memcpy(all, p->response, (size_t)first * sizeof *all);
    all[first] = id;
    p->other = all;
    p->n_other = first + 1;
    p->targets[0].last = first + 1;
    return JP_OK;
}

/* ---- what differs ---------------------------------------------------------------------------------------------------
 */

static int place_difference(jp_explain_problem *p, jopa_error *e) {
    jp_target *t = &p->targets[0];
    int        same = common_tokens(p->other, p->n_other, p->response, t->last);
    if (same == t->last && same == p->n_other)
        return jp_fail(e, JOPA_ERROR_USAGE, "`against`: that is the answer itself; give another one, or next");
    if (same == t->last || same == p->n_other)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`against`: %s begins with %s, so that nothing stands against the rest: give another one, or a "
                       "`target`",
                       same == t->last ? "the other answer" : "the answer",
                       same == t->last ? "the answer" : "the other one");
    t->first = same;
    p->other_text = jp_detokenize(p->engine, p->other, p->n_other, &p->other_start);
    if (!p->other_text) return jp_fail_memory(e);
    p->problem.target_first = t->first;
    p->problem.target_last = t->last;
    p->problem.other = (jp_other){.tokens = p->other, .n = p->n_other, .first = same, .last = p->n_other};
    return JP_OK;
}

int jp_against_make(jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    if (!q->against) return JP_OK;
    int status = q->against_next ? make_next(p, e) : make_from_text(p, q->against, e);
    return status ? status : place_difference(p, e);
}
