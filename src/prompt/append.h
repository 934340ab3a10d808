/* More text behind a prompt. */
#ifndef JP_APPEND_H
#define JP_APPEND_H

#include "prompt/prompt.h"

/* Text, tokens, units and spans of `more` behind those of `p`. On success `more` is empty; otherwise both are as they
 * were. JOPA_ERROR_MEMORY. */
int jp_prompt_append(jp_prompt *p, jp_prompt *more, jopa_error *e);

#endif
