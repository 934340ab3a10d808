/* Classes of ASCII characters, the same in every locale: <ctype.h> asks the process's. Bytes from 0x80 on are in no
 * class. */
#ifndef JP_ASCII_H
#define JP_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool jp_ascii_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool jp_ascii_is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool jp_ascii_is_alnum(char c) { return jp_ascii_is_alpha(c) || jp_ascii_is_digit(c); }
static inline bool jp_ascii_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline bool jp_ascii_is_punct(char c) { return c > ' ' && c < 0x7f && !jp_ascii_is_alnum(c); }
static inline char jp_ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Whether the first `size` bytes are the same but for the case of ASCII's letters. As strncasecmp, a NUL in both ends
 * the comparison. */
static inline bool jp_ascii_equal_nocase(const char *a, const char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (jp_ascii_lower(a[i]) != jp_ascii_lower(b[i])) return false;
        if (!a[i]) return true;
    }
    return true;
}

#endif
