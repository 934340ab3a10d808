/* A set of units as people write it. */
#ifndef JP_NAMED_SET_H
#define JP_NAMED_SET_H

#include "base/bitset.h"
#include "prompt/prompt.h"

/* Parts with commas: unit numbers from 0 ("3"), ranges of them ("5-7"), and texts: every unit with that text,
 * punctuation around it aside, or else every unit that an occurrence of the text touches; "=7" is the text 7. `out` is
 * cleared first and has the prompt's units. JOPA_ERROR_USAGE: a number that is no unit, or a text that is nowhere, with
 * the nearest. */
int jp_named_set(jp_bitset *out, const jp_prompt *p, const char *text, jopa_error *e);

#endif
