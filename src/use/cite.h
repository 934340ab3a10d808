/* Where an answer comes from: each of its sentences with the sentences of the documents that carry it. */
#ifndef JP_CITE_H
#define JP_CITE_H

#include "explain/model.h"
#include "question/question.h"
#include "result/result.h"

/* The question's options are those of "cite". On success *out is owned by the caller: jopa_result_free. */
int jp_cite(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

#endif
