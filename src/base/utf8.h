#ifndef JP_UTF8_H
#define JP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the valid sequence that `text` (of `size` bytes) begins with: 1 to 4, 0 if there is none. */
size_t jp_utf8_sequence(const char *text, size_t size);
/* Bytes of the longest valid UTF-8 prefix; equals `size` when all of it is valid. */
size_t jp_utf8_valid(const char *text, size_t size);
/* Bytes of the byte order mark that `text` begins with: 3 or 0. */
size_t jp_utf8_mark(const char *text, size_t size);
/* Whether it begins with the mark of UTF-16. */
bool jp_utf8_is_utf16(const char *text, size_t size);
bool jp_utf8_is_boundary(const char *text, size_t size, size_t at);
/* malloc'd copy in which each invalid byte sequence is U+FFFD; NULL without memory. */
char *jp_utf8_repair(const char *text, size_t size);

#endif
