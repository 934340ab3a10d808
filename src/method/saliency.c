/* Saliency (Simonyan et al. 2014): the norm of the gradient with respect to a unit's input embeddings, summed over its
 * tokens. One gradient. */
#include <math.h>
#include <stdlib.h>

#include "search/guide.h"
#include "method/method.h"

static int run_gradient(const jp_task *task, jp_selection *selection, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(task->scorer)->prompt;
    double          *norm = malloc((size_t)p->n_tokens * sizeof *norm);
    int              status = norm ? jp_token_gradients(task->scorer, NULL, NULL, NULL, norm, e) : jp_fail_memory(e);
    for (int u = 0; status && u < task->n; u++) selection->score[u] = NAN;
    if (!status) {
        jp_sum_units(p, norm, selection->score);
        jp_select_top(selection->score, task->n, task->k, &selection->selected);
    }
    free(norm);
    return status;
}

const jp_method jp_method_gradient = {.name = "gradient",
                                      .summary = "norm of the gradient by the input embeddings",
                                      .needs = JP_CAN_GRADIENT,
                                      .ranks = true,
                                      .run = run_gradient};
