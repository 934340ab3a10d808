/* Explain, and compare: a question's methods on its problem. */
#ifndef JP_EXPLAIN_H
#define JP_EXPLAIN_H

#include "explain/run.h"

/* On success *out is owned by the caller: jopa_result_free. With several methods one that the model cannot run is an
 * explanation that says so. */
int jp_explain(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

#endif
