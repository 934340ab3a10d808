/* From the scorer's progress to the caller's callback. */
#ifndef JP_EXPLAIN_PROGRESS_H
#define JP_EXPLAIN_PROGRESS_H

#include "base/error.h"

typedef struct {
    const jopa_explain_options *o;
    const char                 *stage;
    double                      started; /* jp_seconds() */
} jp_run_progress;

/* jp_limits.progress; `user` is a jp_run_progress. Nonzero when the caller wants to stop. */
int jp_run_forward(void *user, int evaluations, int budget, double best_drop);

#endif
