/* Which part of a prompt makes the model say this. */
#ifndef JP_AUDIT_H
#define JP_AUDIT_H

#include "explain/watch.h"
#include "result/result.h"

/* The question's options are those of "audit". On success *out is owned by the caller: jopa_result_free. */
int jp_audit(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

#endif
