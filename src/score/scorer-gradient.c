/* Gradients and attention, on the scorer's bill. */
#include <stdlib.h>
#include <string.h>

#include "score/scorer-state.h"

static int gradient_of_answer(jp_scorer *s, jp_gradient_request *rq, const int32_t *response, int n, int first,
                              int last, jopa_error *e) {
    rq->response = response;
    rq->n_response = n;
    rq->target_first = first;
    rq->target_last = last;
    return jp_scorer_heard(s, s->engine->ops->gradient(s->engine, rq, e));
}

static void subtract(float *from, const float *what, size_t n) {
    for (size_t i = 0; i < n && from; i++) from[i] -= what[i];
}

/* The other answer's gradients off those that are there. */
static int subtract_other(jp_scorer *s, const jp_gradient_request *rq, jopa_error *e) {
    const jp_other     *o = &s->problem->other;
    jp_gradient_request other = *rq;
    size_t n = (size_t)rq->n_symbols, width = rq->d_embedding ? (size_t)s->engine->ops->n_embd(s->engine) : 0;
    other.log_probs = NULL;
    other.d_bias = rq->d_bias ? malloc((n + 1) * sizeof(float)) : NULL;
    other.d_embedding = rq->d_embedding ? malloc((n * width + 1) * sizeof(float)) : NULL;
    bool made = (other.d_bias || !rq->d_bias) && (other.d_embedding || !rq->d_embedding);
    int  status = made ? gradient_of_answer(s, &other, o->tokens, o->n, o->first, o->last, e) : jp_fail_memory(e);
    if (!status) subtract(rq->d_bias, other.d_bias, n);
    if (!status) subtract(rq->d_embedding, other.d_embedding, n * width);
    free(other.d_bias);
    free(other.d_embedding);
    return status;
}

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
    int status = gradient_of_answer(s, request, p->response, p->n_response, p->target_first, p->target_last, e);
    if (!status && p->other.tokens) status = subtract_other(s, request, e);
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
