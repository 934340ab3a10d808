/* The same prompt cut into other units: coarser ones over the tokens that may be hidden, or some of its own. */
#ifndef JP_RECUT_H
#define JP_RECUT_H

#include "prompt/boundary.h"
#include "prompt/prompt.h"

/* The tokens of `p` that have a unit, cut into units of `kind`: sentence, line, paragraph, word or token. A unit of
 * more than `longest` tokens (0: any) is cut on: a paragraph into runs of sentences, what is still too long into runs
 * of p's own units, each of at most `run` tokens. *out borrows p's text and spans; free with jp_recut_free. */
int jp_recut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, int longest, int run, jopa_error *e);
/* The units with keep[u] alone; (*unit)[i] is the unit of `p` that unit i is (malloc'd, the caller frees). */
int  jp_recut_some(jp_prompt *out, const jp_prompt *p, const bool *keep, int **unit, jopa_error *e);
void jp_recut_free(jp_prompt *p);

#endif
