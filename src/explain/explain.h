/* Explain, and compare: a question's methods on its problem. */
#ifndef JP_EXPLAIN_H
#define JP_EXPLAIN_H

#include "explain/run.h"

/* On success *out is owned by the caller: jopa_result_free. With several methods one that the model cannot run is an
 * explanation that says so. */
int jp_explain(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

/* The same on a problem that is open. `store` (may be NULL) holds what is known of its sets, and learns. */
int jp_explain_problem_by(jopa_result **out, jp_watch *w, const jp_question *q, const jp_explain_problem *p,
                          jp_store *store, jopa_error *e);

#endif
