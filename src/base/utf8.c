#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* Unicode table 3-7. */
size_t jp_utf8_sequence(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (!size) return 0;
    if (s[0] < 0x80) return 1;
    size_t        length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                           : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                           : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                          : 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (!length || length > size || s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return length;
}

size_t jp_utf8_valid(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        size_t length = jp_utf8_sequence(text + at, size - at);
        if (!length) break;
        at += length;
    }
    return at;
}

size_t jp_utf8_mark(const char *text, size_t size) { return size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; }

bool jp_utf8_is_utf16(const char *text, size_t size) {
    return size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2));
}

bool jp_utf8_is_boundary(const char *text, size_t size, size_t at) {
    return at == size || (at < size && ((unsigned char)text[at] & 0xc0) != 0x80);
}

char *jp_utf8_repair(const char *text, size_t size) {
    jp_buffer out = {0};
    for (size_t at = 0; at < size;) {
        size_t good = jp_utf8_valid(text + at, size - at);
        jp_buffer_bytes(&out, text + at, good);
        at += good;
        if (at < size) {
            jp_buffer_text(&out, "\xef\xbf\xbd");
            at++;
            while (at < size && ((unsigned char)text[at] & 0xc0) == 0x80) at++;
        }
    }
    return jp_buffer_take(&out, NULL);
}
