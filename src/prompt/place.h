/* The rendered text as a prompt: which of it is whose. */
#ifndef JP_PLACE_H
#define JP_PLACE_H

#include "prompt/chat.h"

/* Fill p->text, spans, persons and the template's members (p: zeroed before); takes *r, which is freed.
 *
 * Neighbouring runs of one text are one span, also with white space between them that the template put in. The text
 * ends with the last message where c->begun. JOPA_ERROR_INPUT, naming the message, where the template leaves out what
 * it says: a content that is not all there, but for white space, words that the template itself names in quotes, and
 * an assistant's thinking; a tool call or the tools of which nothing is there. */
int jp_place(jp_prompt *p, jp_rendered *r, const jp_chat *c, jopa_error *e);

void jp_rendered_free(jp_rendered *r); /* safe on a zeroed struct */

/* What of the span came from bytes `r` of its text. */
jp_range jp_span_place(const jp_span *span, jp_range r);

#endif
