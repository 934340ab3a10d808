/* Documents and citations as plain data. */
#ifndef JP_CITE_FILL_H
#define JP_CITE_FILL_H

#include "explain/problem.h"
#include "result/result.h"
#include "use/cite-search.h"

int jp_cite_fill_documents(jp_explanation *x, const jp_documents *d, jopa_error *e);
/* One more of x->citations: what was found for a target of the response. */
int jp_cite_fill(jp_explanation *x, const jp_explain_problem *p, const jp_documents *d, const jp_target *target,
                 const jp_cited *found, jopa_error *e);

#endif
