/* Whether a result that is there answers a question. */
#ifndef JP_ANSWERS_H
#define JP_ANSWERS_H

#include "explain/model.h"
#include "question/question.h"
#include "result/result.h"

/* JP_OK, or JOPA_ERROR_USAGE, which says what differs: an option that changes answers, the chat, the model. */
int jp_answers(const jp_explanation *there, const jopa_model *m, const jp_question *q, jopa_error *e);

#endif
