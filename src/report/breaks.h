/* Where a text may be cut, by Unicode: user-perceived characters (UAX #29) and lines (UAX #14), and how wide a
 * character is on a terminal. */
#ifndef JP_BREAKS_H
#define JP_BREAKS_H

#include <stddef.h>

#include "base/error.h"

enum { JP_BREAK_CHARACTER = 1, JP_BREAK_LINE = 2 };

/* One byte of flags for each position 0..size of the valid UTF-8 `text`; position 0 and `size` are characters'
 * borders. The caller frees *flags. */
int jp_breaks(const char *text, size_t size, unsigned char **flags, jopa_error *e);
/* Columns of one user-perceived character: 0, 1 or 2 (UAX #11, emoji presentation). */
int jp_character_width(const char *text, size_t size);
/* Columns of a text on one line, from its jp_breaks flags. */
int jp_flagged_width(const char *text, size_t size, const unsigned char *flags);
/* The same of a text alone; -1 without memory. */
int jp_text_width(const char *text, size_t size);
/* [*start, *end) without the white space around it; unchanged when it is all white space. */
void jp_trim(const char *text, size_t *start, size_t *end);

#endif
