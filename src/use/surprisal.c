#include "use/surprisal.h"

#include <stdlib.h>

/* log_probs[n - 1] of tokens 1..n-1: they are scored as the response to token 0. */
static int score_prompt(jp_engine *engine, const int32_t *ids, int n, float *log_probs, jopa_error *e) {
    int                prompt = 1, status = engine->ops->reserve(engine, n, NULL, e);
    jopa_score_request rq = {.size = sizeof rq,
                             .n_rows = 1,
                             .prompt = &ids,
                             .n_prompt = &prompt,
                             .response = ids + 1,
                             .n_response = n - 1,
                             .last = n - 1,
                             .log_probs = log_probs};
    return status ? status : engine->ops->score(engine, &rq, e);
}

int jp_unit_surprisal(jp_engine *engine, const jp_prompt *prompt, double *out, jopa_error *e) {
    int      n = prompt->n_tokens, status = JP_OK;
    int32_t *ids = malloc((size_t)n * sizeof *ids);
    float   *log_probs = malloc((size_t)n * sizeof *log_probs);
    if (!ids || !log_probs) status = jp_fail_memory(e);
    for (int t = 0; t < n && !status; t++) ids[t] = prompt->tokens[t].id;
    if (!status && n > 1) status = score_prompt(engine, ids, n, log_probs, e);
    for (int u = 0; u < prompt->n_units && !status; u++) {
        out[u] = 0;
        for (int t = prompt->units[u].first; t < prompt->units[u].last; t++)
            if (t > 0) out[u] -= (double)log_probs[t - 1];
    }
    free(ids);
    free(log_probs);
    return status;
}
