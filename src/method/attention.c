/* Attention rollout (Abnar and Zuidema 2020): the mean of the heads, half of it replaced by the residual connection,
 * multiplied through the layers, the last first; what the rows that predict the target draw from each token. A layer's
 * weights are n^2 numbers: where those of all layers would take more than 1 GiB, a forward pass shows as many layers as
 * that holds, at least one, and there are as many passes as it takes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/guide.h"
#include "method/method.h"

static const size_t MOST_BYTES = (size_t)1 << 30;

/* share [n] of the last layer's rows -> share of the first one's inputs: share <- share (A + I) / 2, last layer first.
 */
static void roll_out(const jp_attention_request *r, double *share, double *next) {
    size_t n = (size_t)r->n;
    for (int layer = r->n_layer - 1; layer >= 0; layer--) {
        const float *a = r->weights + (size_t)layer * n * n;
        memset(next, 0, n * sizeof *next);
        for (size_t i = 0; i < n; i++) {
            if (share[i] == 0) continue;
            next[i] += 0.5 * share[i];
            for (size_t j = 0; j <= i; j++) next[j] += 0.5 * share[i] * (double)a[i * n + j];
        }
        memcpy(share, next, n * sizeof *next);
    }
}

static int layers_at_once(size_t n, int layers) {
    size_t count = MOST_BYTES / (n * n * sizeof(float));
    return count < 1 ? 1 : count < (size_t)layers ? (int)count : layers;
}

static int attend_attention(jp_scorer *s, double *unit_score, jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(s);
    jp_engine        *engine = jp_scorer_engine(s);
    int               prompt = problem->prompt->n_tokens, n = prompt + problem->target_last - 1,
        layers = engine->ops->n_layer(engine);
    int                  at_once = layers_at_once((size_t)n, layers);
    jp_attention_request r = {.n = n, .weights = malloc((size_t)at_once * (size_t)n * (size_t)n * sizeof *r.weights)};
    double              *share = calloc(2 * (size_t)n, sizeof *share);
    int                  status = r.weights && share ? JP_OK : jp_fail_memory(e);
    for (int i = prompt + problem->target_first - 1; i < n && !status; i++)
        share[i] = 1.0 / (problem->target_last - problem->target_first);
    for (int end = layers; end > 0 && !status; end = r.first) {
        r.first = end > at_once ? end - at_once : 0;
        r.wanted = end - r.first;
        status = jp_scorer_attention(s, NULL, &r, e);
        if (!status) roll_out(&r, share, share + n);
    }
    if (!status) jp_sum_units(problem->prompt, share, unit_score);
    free(share);
    free(r.weights);
    return status;
}

static int run_attention(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int status = attend_attention(task->scorer, selection->score, e);
    for (int u = 0; status && u < task->n; u++) selection->score[u] = NAN;
    if (!status) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    return status;
}

const jp_method jp_method_attention = {.name = "attention",
                                       .summary = "attention rollout from the response's rows",
                                       .needs = JP_CAN_ATTENTION,
                                       .ranks = true,
                                       .run = run_attention};
