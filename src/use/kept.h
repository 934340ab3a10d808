/* What is left of a text where parts of it are taken out. */
#ifndef JP_KEPT_H
#define JP_KEPT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "prompt/range.h"

/* Append text[kept] behind what is in `out` already, which ended where text[gap] was taken out. With `apart`, where two
 * words would be glued, white space of the gap comes between them: a line's end if it has one. */
void jp_put_kept(jp_buffer *out, const char *text, jp_range gap, jp_range kept, bool apart);

#endif
