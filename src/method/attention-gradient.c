/* The derivative of the score by an attention bias on a token's key column, in all layers and heads, averaged over a
 * path on which the biases of all units go down from 0: a soft gate on attention stands in for taking tokens away. */
#include <math.h>
#include <stdlib.h>

#include "search/guide.h"
#include "method/method.h"

static int run_attention_gradient(const jp_task *task, jp_selection *selection, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(task->scorer)->prompt;
    double          *slope = malloc((size_t)p->n_tokens * sizeof *slope);
    int steps = 0, status = slope ? jp_attention_path(task->scorer, NULL, JP_GUIDE_GRADIENTS, slope, NULL, &steps, e)
                                  : jp_fail_memory(e);
    for (int u = 0; u < task->n; u++) selection->score[u] = NAN;
    if (status <= 0 && steps) {
        for (int t = 0; t < p->n_tokens; t++) slope[t] /= steps;
        jp_sum_units(p, slope, selection->score);
        jp_select_top(selection->score, task->n, task->k, &selection->selected);
    }
    free(slope);
    return status;
}

const jp_method jp_method_attention_gradient = {.name = "attention-gradient",
                                                .summary =
                                                    "gradient by a bias on the attention to a token, along a path",
                                                .needs = JP_CAN_GRADIENT,
                                                .ranks = true,
                                                .run = run_attention_gradient};
