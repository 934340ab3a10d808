/* Gradients and attention, on the scorer's bill. */
#include <stdlib.h>
#include <string.h>

#include "score/scorer-state.h"

int jp_scorer_gradient(jp_scorer *s, const jp_bitset *mask, jp_gradient_request *request, jopa_error *e) {
    if (!s->engine->ops->gradient || !(s->engine->ops->capabilities(s->engine) & JP_CAN_GRADIENT))
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "this engine has no gradients for this model: choose a method that needs none, such as jopa or ablation");
    if (jp_scorer_limit_reached(s)) return JP_STOP;
    if (s->limits.budget > 0 && jp_scorer_spent(s) + s->gradient_price > s->limits.budget) {
        s->stopped = JP_STOP_BUDGET;
        return JP_STOP;
    }
    int32_t *symbols = malloc((size_t)jp_scorer_row(s) * sizeof *symbols);
    if (!symbols) return jp_fail_memory(e);
    const jp_problem *p = s->problem;
    jopa_stop         stop = jp_scorer_listening(s);
    request->size = sizeof *request;
    request->stop = &stop;
    request->symbols = symbols;
    request->n_symbols = jp_mask_symbols(p->prompt, &p->op, mask, symbols);
    request->response = p->response;
    request->n_response = p->n_response;
    request->target_first = p->target_first;
    request->target_last = p->target_last;
    int status = jp_scorer_heard(s, s->engine->ops->gradient(s->engine, request, e));
    request->symbols = NULL;
    request->stop = NULL;
    free(symbols);
    s->cost.gradients += status != JP_STOP;
    return status;
}

int jp_scorer_gradient_price(const jp_scorer *s) { return s->gradient_price; }

int jp_scorer_attention(jp_scorer *s, const jp_bitset *mask, jp_attention_request *request, jopa_error *e) {
    if (!s->engine->ops->attention || !(s->engine->ops->capabilities(s->engine) & JP_CAN_ATTENTION))
        return jp_fail(
            e, JOPA_ERROR_UNSUPPORTED,
            "this engine shows no attention for this model: choose another method, such as jopa or ablation");
    if (jp_scorer_limit_reached(s)) return JP_STOP;
    int32_t *symbols = malloc((size_t)jp_scorer_row(s) * sizeof *symbols);
    if (!symbols) return jp_fail_memory(e);
    const jp_problem *p = s->problem;
    jopa_stop         stop = jp_scorer_listening(s);
    int               n = jp_mask_symbols(p->prompt, &p->op, mask, symbols);
    memcpy(symbols + n, p->response, (size_t)(p->target_last - 1) * sizeof *symbols);
    request->size = sizeof *request;
    request->stop = &stop;
    request->symbols = symbols;
    request->n = n += p->target_last - 1;
    int status = jp_scorer_heard(s, s->engine->ops->attention(s->engine, request, e));
    request->symbols = NULL;
    request->stop = NULL;
    free(symbols);
    if (status == JP_STOP) return status;
    s->cost.evaluations++;
    s->cost.decoded_tokens += n;
    s->cost.naive_tokens += n;
    return status;
}
