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
                       const jp_bitset *selected, const double *score, const jopa_explain_options *o, jopa_error *e) {
    unsigned bits = 0;
    int      longest = p->n_response > o->max_tokens ? p->n_response : o->max_tokens;
    int      status = jp_metric_parse(o->metrics ? o->metrics : "none", &bits, e);
    if (!status && jp_metric_generates(bits) && m->engine->ops->generate && !x->masked_response)
        status = jp_explain_write(&x->masked_response, m, p, selected, longest, e);
    jp_measured measured = {s, selected, score, x->response_text, x->masked_response, m->encoder};
    if (!status) status = jp_metric_measure(bits, &measured, x, e);
    return status == JP_STOP ? JP_OK : status;
}
