#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "base/unseen.h"
#include "base/utf8.h"

/* Whether the character at `c` (valid, of `size` bytes) moves the cursor or ends a line: C0, DEL, C1, U+2028, U+2029.
 */
static bool steers(const char *c, size_t size) {
    unsigned char first = (unsigned char)c[0];
    if (size == 1) return first < 0x20 || first == 0x7f;
    if (size == 2) return first == 0xc2 && (unsigned char)c[1] < 0xa0;
    return size == 3 && (!memcmp(c, "\xe2\x80\xa8", 3) || !memcmp(c, "\xe2\x80\xa9", 3));
}

/* What stands in a message for the *taken bytes at text + at, and its bytes at *size; it may be in mark[]. */
static const char *shown(const char *text, size_t length, size_t at, size_t *taken, size_t *size,
                         char mark[JP_UNSEEN_SIZE]) {
    *size = *taken = jp_utf8_sequence(text + at, length - at);
    bool steering = *taken && steers(text + at, *taken);
    if (*taken && !steering && !jp_unseen(text, length, at, mark)) return text + at;
    *size = steering ? 1 : strlen(mark);
    if (*taken) return steering ? " " : mark;
    for (*taken = 1; at + *taken < length && ((unsigned char)text[at + *taken] & 0xc0) == 0x80;) ++*taken;
    *size = 3;
    return "\xef\xbf\xbd";
}

static void put_line(char *out, size_t room, const char *text, size_t length) {
    char   mark[JP_UNSEEN_SIZE] = "";
    size_t used = 0;
    for (size_t at = 0, taken, size; at < length; at += taken) {
        const char *c = shown(text, length, at, &taken, &size, mark);
        if (used + size >= room) break;
        memcpy(out + used, c, size);
        used += size;
    }
    out[used] = '\0';
}

static void format_line(char *out, size_t room, const char *format, va_list args) {
    char        raw[1024];
    jp_c_locale l = jp_c_locale_enter();
    int         size = vsnprintf(raw, sizeof raw, format, args);
    jp_c_locale_leave(l);
    size_t length = size < 0 ? 0 : (size_t)size;
    if (length >= sizeof raw) /* drop the last character, which may be cut */
        for (length = sizeof raw - 2; length && ((unsigned char)raw[length] & 0xc0) == 0x80;) length--;
    put_line(out, room, raw, length);
}

void jp_one_line(char *out, size_t room, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_line(out, room, format, args);
    va_end(args);
}

int jp_fail(jopa_error *e, int code, const char *format, ...) {
    if (e) {
        va_list args;
        va_start(args, format);
        e->code = code;
        format_line(e->message, sizeof e->message, format, args);
        va_end(args);
    }
    return code;
}

int jp_fail_memory(jopa_error *e) {
    if (e) {
        e->code = JOPA_ERROR_MEMORY;
        strcpy(e->message, "out of memory: use a smaller model, a shorter prompt or a smaller `ctx`");
    }
    return JOPA_ERROR_MEMORY;
}
