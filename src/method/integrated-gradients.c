/* Integrated gradients (Sundararajan et al. 2017): gradient x input averaged over the straight path from the operator's
 * baseline to the prompt, at the middles of equal steps; the scores add up to about f(prompt) - f(baseline). */
#include <math.h>

#include "search/embedding-path.h"
#include "method/method.h"

enum { STEPS = 16 };

/* As many steps as the budget pays for. */
static int affordable_integrated(const jp_task *task) {
    int steps = task->budget > 0 ? task->budget / jp_scorer_gradient_price(task->scorer) : STEPS;
    return steps < 1 ? 1 : steps > STEPS ? STEPS : steps;
}

static int run_integrated_gradients(const jp_task *task, jp_selection *selection, jopa_error *e) {
    jp_embedding_path path;
    int status = jp_embedding_path_init(&path, task->scorer, e), steps = affordable_integrated(task), done = 0;
    for (int u = 0; u < task->n; u++) selection->score[u] = 0;
    while (done < steps && !status) {
        status = jp_embedding_path_add(&path, task->scorer, (done + 0.5) / steps, 1.0 / steps, selection->score, e);
        done += !status;
    }
    for (int u = 0; u < task->n && (!done || status > 0); u++) selection->score[u] = NAN;
    if (status <= 0 && done) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    jp_embedding_path_free(&path);
    return status;
}

const jp_method jp_method_integrated_gradients = {
    .name = "integrated-gradients",
    .summary = "gradients along the path from the operator's baseline to the prompt",
    .needs = JP_CAN_GRADIENT,
    .ranks = true,
    .run = run_integrated_gradients};
