/* Text that stays whatever a search would like: units lose their place among those that may be hidden. */
#ifndef JP_PROTECT_H
#define JP_PROTECT_H

#include "prompt/prompt.h"
#include "prompt/range.h"

/* Units that touch one of the byte ranges of p->text are no longer units: their tokens belong to none, the units that
 * are left are renumbered. */
void jp_units_protect(jp_prompt *p, const jp_range *ranges, int n);
/* Only units that touch one of the ranges stay units. */
void jp_units_restrict(jp_prompt *p, const jp_range *ranges, int n);

/* Append every occurrence of `text` in a message's content to (*out)[*n], which is grown with realloc and stays the
 * caller's. Occurrences do not overlap. JOPA_ERROR_INPUT when there is none, or `text` is empty. */
int jp_find_occurrences(const jp_prompt *p, const char *text, jp_range **out, int *n, jopa_error *e);

#endif
