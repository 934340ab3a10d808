#include "explain/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "metric/metric.h"

/* As many tokens as the context has room for: at least the response's, which fits. */
static int room(jopa_model *m, const jp_explain_problem *p, int max_tokens) {
    return m->engine->ops->reserve(m->engine, p->prompt.n_tokens + max_tokens, NULL, NULL) ? p->n_response : max_tokens;
}

int jp_explain_write(char **out, jopa_model *m, const jp_explain_problem *p, const jp_bitset *mask, int max_tokens,
                     jopa_error *e) {
    int32_t *tokens = NULL;
    int      n = 0;
    int      status =
        jp_explain_generate(m->engine, &p->prompt, &p->problem.op, mask, room(m, p, max_tokens), &tokens, &n, e);
    if (status) return status;
    char *text = jp_detokenize(m->engine, tokens, n, NULL);
    char *repaired = text ? jp_utf8_repair(text, strlen(text)) : NULL;
    free(text);
    free(tokens);
    if (!repaired) return jp_fail_memory(e);
    *out = repaired;
    return JP_OK;
}

int jp_explain_measure(jp_explanation *x, jp_scorer *s, jopa_model *m, const jp_explain_problem *p,
                       const jp_bitset *selected, const double *score, const jp_question *q, jp_watch *w,
                       jopa_error *e) {
    int  longest = p->n_response > q->max_tokens ? p->n_response : q->max_tokens, status = JP_OK;
    bool writes = jp_metric_generates(q->metrics) && m->engine->ops->generate && !x->masked_response;
    if (writes && jp_watch_stage(w, JP_STAGE_REWRITING, NULL)) return JP_OK;
    if (writes) status = jp_explain_write(&x->masked_response, m, p, selected, longest, e);
    if (status || jp_watch_stage(w, JP_STAGE_MEASURING, NULL)) return status;
    jp_measured measured = {s, selected, score, x->response_text, x->masked_response, m->encoder};
    status = jp_metric_measure(q->metrics, &measured, x, e);
    return status == JP_STOP ? JP_OK : status;
}
