/* The derivative of the score by an attention bias on a token's key column, in all layers and heads, averaged over a path
 * on which the biases of all units go from 0 down: a soft gate on attention stands in for taking tokens away. */
#include <math.h>
#include <stdlib.h>

#include "method/guide.h"
#include "method/method.h"

static const float PATH[] = {0, -1, -2, -4};
enum { STEPS = sizeof PATH / sizeof *PATH };

/* Adds d f / d bias at `at` on every token that belongs to a unit. */
static int add_step(jp_scorer *s, float at, float *bias, double *d, double *total, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    for (int t = 0; t < p->n_tokens; t++) bias[t] = p->tokens[t].unit >= 0 ? at : 0;
    int status = jp_token_gradients(s, NULL, bias, d, NULL, e);
    for (int t = 0; t < p->n_tokens && !status; t++) total[t] += d[t] / STEPS;
    return status;
}

static int run_attention_gradient(const jp_task *task, jp_selection *selection, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(task->scorer)->prompt;
    float           *bias = malloc((size_t)p->n_tokens * sizeof *bias);
    double          *d = calloc((size_t)p->n_tokens * 2, sizeof *d), *total = d + p->n_tokens;
    int              status = bias && d ? JP_OK : jp_fail_memory(e), done = 0;
    while (done < STEPS && !status) {
        status = add_step(task->scorer, PATH[done], bias, d, total, e);
        done += !status;
    }
    for (int u = 0; u < task->n; u++) selection->score[u] = NAN;
    if (status <= 0 && done) {
        jp_sum_units(p, total, selection->score);
        jp_select_top(selection->score, task->n, task->k, &selection->selected);
    }
    free(bias);
    free(d);
    return status;
}

const jp_method jp_method_attention_gradient = {.name = "attention-gradient",
                                                .summary = "gradient by a bias on the attention to a token, along a path",
                                                .needs = JP_CAN_GRADIENT,
                                                .ranks = true,
                                                .run = run_attention_gradient};
