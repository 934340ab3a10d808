#include "explain/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "metric/metric.h"

/* As many tokens as the context has room for: at least the response's, which fits. */
static int room(jopa_model *m, const jp_explain_problem *p, int max_tokens) {
    return m->engine->ops->reserve(m->engine, p->prompt.n_tokens + max_tokens, NULL, NULL) ? p->n_response : max_tokens;
}

int jp_explain_write(char **out, jp_watch *w, const jp_explain_problem *p, const jp_bitset *mask, int max_tokens,
                     jopa_error *e) {
    jp_engine *engine = w->model->engine;
    int32_t   *tokens = NULL;
    int        n = 0;
    int status = jp_explain_generate(engine, &p->prompt, &p->problem.op, mask, room(w->model, p, max_tokens), &w->stop,
                                     &tokens, &n, e);
    if (status) return status;
    char *text = jp_detokenize(engine, tokens, n, NULL);
    char *repaired = text ? jp_utf8_repair(text, strlen(text)) : NULL;
    free(text);
    free(tokens);
    if (!repaired) return jp_fail_memory(e);
    *out = repaired;
    return JP_OK;
}

int jp_explain_measure(jp_explanation *x, jp_scorer *s, jp_watch *w, const jp_explain_problem *p,
                       const jp_bitset *selected, const double *score, const jp_question *q, jopa_error *e) {
    int  longest = p->n_response > q->max_tokens ? p->n_response : q->max_tokens, status = JP_OK;
    bool writes = jp_metric_generates(q->metrics) && w->model->engine->ops->generate && !x->masked_response;
    if (writes && jp_watch_stage(w, JP_STAGE_REWRITING, NULL)) return JP_OK;
    if (writes) status = jp_explain_write(&x->masked_response, w, p, selected, longest, e);
    if (status || jp_watch_stage(w, JP_STAGE_MEASURING, NULL)) return status;
    jp_measured measured = {.scorer = s,
                            .selected = selected,
                            .score = score,
                            .response = x->response_text,
                            .masked_response = x->masked_response,
                            .encoder = w->model->encoder,
                            .stop = &w->stop,
                            .seed = q->seed};
    status = jp_metric_measure(q->metrics, &measured, x, e);
    return status == JP_STOP ? JP_OK : status;
}

int jp_explain_stopped(jp_explanation *x, const jp_watch *w, int status, jopa_error *e) {
    if (status && status != JOPA_ERROR_INTERRUPTED) return status;
    if (!w->stopped) return status;
    free(x->stopped);
    x->stopped = strdup("interrupted");
    return x->stopped ? JP_OK : jp_fail_memory(e);
}
