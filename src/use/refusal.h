#ifndef JP_REFUSAL_H
#define JP_REFUSAL_H

#include "base/error.h"
#include "prompt/range.h"

/* The sentence of a response in which it refuses: the first that says that the writer cannot or will not do what was
 * asked (refusal-rules.h; the English phrases go back to Zou et al. 2023, arXiv 2307.15043, appendix), in some thirty
 * languages. *found: whether there is one; *out its bytes. JOPA_ERROR_UNSUPPORTED when ICU lacks its data. */
int jp_refusal_find(const char *response, bool *found, jp_range *out, jopa_error *e);

#endif
