/* Gradient x input (Shrikumar et al. 2016): d f / d embedding at the prompt times what hiding takes away, the embedding
 * less the operator's baseline, summed over the unit; its size. One gradient. */
#include <math.h>

#include "search/embedding-path.h"
#include "method/method.h"

static int run_gradient_input(const jp_task *task, jp_selection *selection, jopa_error *e) {
    jp_embedding_path path;
    int               status = jp_embedding_path_init(&path, task->scorer, e);
    for (int u = 0; u < task->n; u++) selection->score[u] = 0;
    if (!status) status = jp_embedding_path_add(&path, task->scorer, 1, 1, selection->score, e);
    for (int u = 0; u < task->n; u++) selection->score[u] = status ? NAN : fabs(selection->score[u]);
    if (!status) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    jp_embedding_path_free(&path);
    return status;
}

const jp_method jp_method_gradient_input = {.name = "gradient-input",
                                            .summary = "gradient by the input embeddings times the embeddings",
                                            .needs = JP_CAN_GRADIENT,
                                            .ranks = true,
                                            .run = run_gradient_input};
