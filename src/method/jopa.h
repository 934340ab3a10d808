/* What jopa and its ablations share. */
#ifndef JP_JOPA_H
#define JP_JOPA_H

#include "search/search.h"

/* A set never holds a unit whose return costs less than this share of its drop. */
#define JP_JOPA_RETURN_COST 0.02

/* Evaluations where the user gives no budget: 4 a unit; on small instances (at most 2,000 sets) 3 a unit or a fifth of
 * the sets, whichever is more. */
int jp_jopa_budget(const jp_task *task);

/* The search; `guided`: start from the gradient guide where it is cheap. */
int jp_jopa_run(const jp_task *task, bool guided, jp_selection *selection, jopa_error *e);

#endif
