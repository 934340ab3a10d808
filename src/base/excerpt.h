/* Other people's texts inside messages. */
#ifndef JP_EXCERPT_H
#define JP_EXCERPT_H

#include <stddef.h>

enum { JP_EXCERPT_MOST = 300 };

typedef struct {
    char text[JP_EXCERPT_MOST + 4]; /* NUL-terminated */
} jp_excerpt_text;

/* The text, or of a longer one its first `limit` bytes (JP_EXCERPT_MOST at most), cut between characters, and an
 * ellipsis. Lives until the end of the full expression, which is what a message takes:
 *     jp_fail(e, JOPA_ERROR_INPUT, "'%s' is no number", jp_excerpt(text, 80).text) */
jp_excerpt_text jp_excerpt(const char *text, size_t limit);
/* The same of `size` bytes. */
jp_excerpt_text jp_excerpt_of(const char *text, size_t size, size_t limit);

#endif
