#ifndef JP_REFUSAL_H
#define JP_REFUSAL_H

#include "base/error.h"
#include "prompt/range.h"

/* The sentence of a response in which it refuses: the first with one of the usual phrases ("I'm sorry", "I cannot", "As
 * an AI", ...: Zou et al. 2023, arXiv 2307.15043, appendix). *found: whether there is one; *out its bytes. */
int jp_refusal_find(const char *response, bool *found, jp_range *out, jopa_error *e);

#endif
