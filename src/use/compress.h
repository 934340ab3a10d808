/* What can go of a prompt while its answer stays. */
#ifndef JP_COMPRESS_H
#define JP_COMPRESS_H

#include "explain/watch.h"
#include "result/result.h"

/* The question's options are those of "compress". On success *out is owned by the caller: jopa_result_free. */
int jp_compress(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

#endif
