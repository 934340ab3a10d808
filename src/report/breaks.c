#include "report/breaks.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

static UErrorCode mark(UBreakIteratorType kind, unsigned char flag, const char *text, size_t size,
                       unsigned char *flags) {
    UErrorCode      status = U_ZERO_ERROR;
    UText           source = UTEXT_INITIALIZER;
    UBreakIterator *breaks = ubrk_open(kind, "en", NULL, 0, &status);
    utext_openUTF8(&source, text, (int64_t)size, &status);
    if (U_SUCCESS(status)) {
        ubrk_setUText(breaks, &source, &status);
        for (int32_t at = ubrk_first(breaks); U_SUCCESS(status) && at != UBRK_DONE; at = ubrk_next(breaks))
            flags[at] |= flag;
    }
    utext_close(&source);
    ubrk_close(breaks);
    return status;
}

int jp_breaks(const char *text, size_t size, unsigned char **out, jopa_error *e) {
    if (size > INT32_MAX / 2) return jp_fail(e, JOPA_ERROR_INPUT, "the text is too long to show");
    unsigned char *flags = calloc(size + 1, 1);
    if (!flags) return jp_fail_memory(e);
    UErrorCode status = mark(UBRK_CHARACTER, JP_BREAK_CHARACTER, text, size, flags);
    if (U_SUCCESS(status)) status = mark(UBRK_LINE, JP_BREAK_LINE, text, size, flags);
    if (U_FAILURE(status)) {
        free(flags);
        return jp_fail(e, JOPA_ERROR_MEMORY, "the text cannot be split into characters: %s", u_errorName(status));
    }
    flags[0] |= JP_BREAK_CHARACTER;
    flags[size] |= JP_BREAK_CHARACTER;
    *out = flags;
    return JP_OK;
}

static int code_point_width(UChar32 c) {
    int type = u_charType(c);
    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return 0;
    int wide = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH || u_hasBinaryProperty(c, UCHAR_EMOJI_PRESENTATION) ? 2 : 1;
}

int jp_character_width(const char *text, size_t size) {
    int width = 0;
    for (int32_t at = 0; at < (int32_t)size;) {
        UChar32 c;
        U8_NEXT((const uint8_t *)text, at, (int32_t)size, c);
        if (c < 0) continue;
        if (c == 0xfe0f && width) return 2; /* variation selector 16: shown as a picture */
        int w = code_point_width(c);
        if (w > width) width = w;
    }
    return width;
}

int jp_flagged_width(const char *text, size_t size, const unsigned char *flags) {
    int width = 0;
    for (size_t at = 0, end; at < size; at = end) {
        for (end = at + 1; !(flags[end] & JP_BREAK_CHARACTER); end++) continue;
        width += jp_character_width(text + at, end - at);
    }
    return width;
}

int jp_text_width(const char *text, size_t size) {
    unsigned char *flags;
    if (jp_breaks(text, size, &flags, NULL)) return -1;
    int width = jp_flagged_width(text, size, flags);
    free(flags);
    return width;
}

void jp_trim(const char *text, size_t *start, size_t *end) {
    int32_t from = (int32_t)*start, to = (int32_t)*end, at;
    UChar32 c;
    while ((at = from) < to) {
        U8_NEXT((const uint8_t *)text, at, to, c);
        if (c < 0 || !u_isUWhiteSpace(c)) break;
        from = at;
    }
    if (from >= to) return;
    while ((at = to) > from) {
        U8_PREV(text, from, at, c);
        if (c < 0 || !u_isUWhiteSpace(c)) break;
        to = at;
    }
    *start = (size_t)from;
    *end = (size_t)to;
}
