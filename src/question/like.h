/* What a result remembers of its question, and asking it again. */
#ifndef JP_LIKE_H
#define JP_LIKE_H

#include "question/question.h"
#include "result/result.h"

/* Note in x->options what was given, the prompt or chat included: enough to ask it again. */
int jp_question_record(const jp_question *q, jp_explanation *x, jopa_error *e);

/* Whether jopa_options_like takes the option from the result: it was not asked, nor anything that replaces it. */
bool jp_like_takes(const jopa_options *asked, const char *name);
/* Set what the explanation was asked. An option that the command has not is left out, and so is a value that only the
 * explanation's own command takes. */
int jp_like_set(jopa_options *o, const jp_explanation *x, const char *name, const char *value, jopa_error *e);
/* Ask again an explanation of before options were noted: what its members tell. */
int jp_like_members(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e);

#endif
