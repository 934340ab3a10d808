/* Leave one out: hide each unit alone, take the k largest drops (Captum's FeatureAblation). n evaluations. */
#include "method/method.h"

static int run_ablation(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int status = jp_scorer_fast(task->scorer, true, e);
    if (!status) status = jp_single_drops(task->scorer, selection->score, e);
    if (status <= 0) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    int exact = jp_scorer_fast(task->scorer, false, e);
    return exact ? exact : status;
}

const jp_method jp_method_ablation = {.name = "ablation",
                                      .summary = "hide each unit alone, take the k largest drops",
                                      .ranks = true,
                                      .run = run_ablation};
