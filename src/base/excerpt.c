#include "base/excerpt.h"

#include <string.h>

#include "base/utf8.h"

jp_excerpt_text jp_excerpt_of(const char *text, size_t size, size_t limit) {
    jp_excerpt_text out;
    if (limit > JP_EXCERPT_MOST) limit = JP_EXCERPT_MOST;
    size_t kept = size;
    if (size > limit)
        for (kept = limit; kept && !jp_utf8_is_boundary(text, size, kept);) kept--;
    memcpy(out.text, text, kept);
    strcpy(out.text + kept, kept < size ? "\xe2\x80\xa6" : "");
    return out;
}

jp_excerpt_text jp_excerpt(const char *text, size_t limit) { return jp_excerpt_of(text, strlen(text), limit); }
