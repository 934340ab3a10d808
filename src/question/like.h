/* What a result remembers of its question. */
#ifndef JP_LIKE_H
#define JP_LIKE_H

#include "question/question.h"
#include "result/result.h"

/* Note in x->options what was given, the prompt or chat included: enough to ask it again. */
int jp_question_record(const jp_question *q, jp_explanation *x, jopa_error *e);

#endif
