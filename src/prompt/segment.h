/* Chat -> templated text -> where each message's content landed in it. */
#ifndef JP_SEGMENT_H
#define JP_SEGMENT_H

#include "prompt/prompt.h"
#include "prompt/source.h"

/* Apply the template to n messages and fill p->text, p->size and p->spans (p: zeroed before).
 *
 * Contents are found by probes: the template is applied again with message i's content replaced by a word that
 * occurs nowhere else; what is the same before and after that word is not message i. So it does not matter whether
 * a template trims, reorders or repeats contents, or whether a content equals another, or the template's own text.
 * Empty contents, and those of which the template leaves nothing, have no span; a repeated content has several.
 * (*message)[s] is the message of span s: malloc'd, the caller frees.
 * JOPA_ERROR_INPUT, naming the roles, when the template refuses the messages or leaves one out. */
int jp_segment_chat(jp_prompt *p, int **message, const jp_prompt_source *source, const char *const *roles,
                    const char *const *contents, int n, jopa_error *e);

/* No template: the whole text is one span of role "user". */
int jp_segment_raw(jp_prompt *p, int **message, const char *text, jopa_error *e);

/* The offset in `content` of the first byte of the span (a template may trim). False: the text was changed. */
bool jp_segment_offset(const jp_prompt *p, const jp_span *span, const char *content, size_t *offset);

#endif
