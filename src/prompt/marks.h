/* Marked text: `{{` and `}}` enclose what is to be one unit (unit kind "marked"). Four braces are an escape:
 * `{{{{` stands for a literal `{{` and `}}}}` for a literal `}}`. Marks do not nest. */
#ifndef JP_MARKS_H
#define JP_MARKS_H

#include "base/error.h"
#include "prompt/range.h"

typedef struct {
    char     *text; /* owned, NUL-terminated: the input without its markers */
    size_t    size;
    jp_range *ranges; /* owned: what was marked, byte ranges of `text`, ascending, none empty */
    int       n_ranges;
} jp_marks;

/* Parse `text`. Unbalanced, nested and empty marks are JOPA_ERROR_INPUT with the byte offset in `text`.
 * On success the caller frees *out with jp_marks_free. */
int  jp_marks_parse(jp_marks *out, const char *text, size_t size, jopa_error *e);
void jp_marks_free(jp_marks *m); /* safe on a zeroed struct */

#endif
