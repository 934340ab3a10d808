/* ASCII characters, the same in every locale: bytes from 0x80 on are no letters, digits or white space. */
#ifndef JP_ASCII_H
#define JP_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool jp_ascii_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool jp_ascii_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline char jp_ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }
static inline bool jp_ascii_is_alnum(char c) {
    return jp_ascii_is_digit(c) || (jp_ascii_lower(c) >= 'a' && jp_ascii_lower(c) <= 'z');
}

/* Whether the first `size` bytes are equal but for the case of ASCII letters. */
static inline bool jp_ascii_equal_nocase(const char *a, const char *b, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (jp_ascii_lower(a[i]) != jp_ascii_lower(b[i])) return false;
    return true;
}

#endif
