#include "base/unseen.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum { ZWNJ = 0x200c, ZWJ = 0x200d, TEXT_STYLE = 0xfe0e, EMOJI_STYLE = 0xfe0f, KEYCAP = 0x20e3, VIRAMA_CLASS = 9 };

static UChar32 char_before(const char *text, size_t at) {
    int32_t        i = (int32_t)(at < 4 ? at : 4);
    const uint8_t *from = (const uint8_t *)text + at - i;
    UChar32        c = 0;
    if (i) U8_PREV(from, 0, i, c);
    return c;
}

static UChar32 char_at(const char *text, size_t size, size_t at) {
    UChar32 c = 0;
    if (at < size) U8_NEXT((const uint8_t *)text, at, size, c);
    return c;
}

/* ---- what joins and selects ----------------------------------------------------------------------------------------
 */

static bool is_pictograph(UChar32 c) { return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC); }

static bool ends_pictograph(const char *text, size_t at) {
    UChar32 c = char_before(text, at);
    if (c == EMOJI_STYLE) c = char_before(text, at - 3);
    return is_pictograph(c) || u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER);
}

/* A joiner that does what it is for: between pictographs, behind a virama, ZWNJ behind a letter that joins. */
static bool is_needed_joiner(const char *text, size_t size, size_t at, UChar32 c) {
    UChar32 before = char_before(text, at);
    if (c != ZWJ && c != ZWNJ) return false;
    if (u_getCombiningClass(before) == VIRAMA_CLASS) return true;
    if (c == ZWJ) return is_pictograph(char_at(text, size, at + 3)) && ends_pictograph(text, at);
    int joins = u_getIntPropertyValue(before, UCHAR_JOINING_TYPE);
    return joins == U_JT_DUAL_JOINING || joins == U_JT_RIGHT_JOINING || joins == U_JT_LEFT_JOINING;
}

/* The style of the emoji before it; of a digit only in a keycap. */
static bool is_needed_style(const char *text, size_t size, size_t at, UChar32 c) {
    UChar32 before = char_before(text, at);
    if ((c != EMOJI_STYLE && c != TEXT_STYLE) || !u_hasBinaryProperty(before, UCHAR_EMOJI)) return false;
    return before > 0x7f || char_at(text, size, at + 3) == KEYCAP;
}

/* ---- which are unseen
 * ------------------------------------------------------------------------------------------------ */

static bool is_blank_sign(UChar32 c) { return c == 0x2800 || c == 0x1d159; } /* they look like spaces */

static bool is_unseen_character(UChar32 c) {
    switch (u_charType(c)) {
    case U_CONTROL_CHAR: return c != '\t' && c != '\n' && c != '\r';
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
    case U_PRIVATE_USE_CHAR:
    case U_SURROGATE:
    case U_UNASSIGNED: return true;
    case U_FORMAT_CHAR: return !u_hasBinaryProperty(c, UCHAR_PREPENDED_CONCATENATION_MARK);
    default: return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || is_blank_sign(c);
    }
}

static const char *short_name(UChar32 c) {
    static const struct {
        UChar32     c;
        const char *name;
    } names[] = {{0xad, "SHY"},   {0x34f, "CGJ"},  {0x61c, "ALM"},  {0x180e, "MVS"}, {0x200b, "ZWSP"}, {ZWNJ, "ZWNJ"},
                 {ZWJ, "ZWJ"},    {0x200e, "LRM"}, {0x200f, "RLM"}, {0x2028, "LS"},  {0x2029, "PS"},   {0x202a, "LRE"},
                 {0x202b, "RLE"}, {0x202c, "PDF"}, {0x202d, "LRO"}, {0x202e, "RLO"}, {0x2060, "WJ"},   {0x2066, "LRI"},
                 {0x2067, "RLI"}, {0x2068, "FSI"}, {0x2069, "PDI"}, {0xfeff, "BOM"}, {0x1b, "ESC"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].c == c) return names[i].name;
    return NULL;
}

static void write_mark(UChar32 c, char mark[JP_UNSEEN_SIZE]) {
    const char *name = short_name(c);
    if (name) snprintf(mark, JP_UNSEEN_SIZE, "⟨%s⟩", name);
    else if (c > 0xe0020 && c < 0xe007f) snprintf(mark, JP_UNSEEN_SIZE, "⟨tag %c⟩", (int)(c - 0xe0000));
    else if (c == 0xe0020) strcpy(mark, "⟨tag space⟩");
    else snprintf(mark, JP_UNSEEN_SIZE, "⟨U+%04X⟩", (unsigned)c);
}

size_t jp_unseen(const char *text, size_t size, size_t at, char mark[JP_UNSEEN_SIZE]) {
    size_t  end = at;
    UChar32 c;
    if (at >= size || (text[at] >= ' ' && text[at] < 0x7f)) return 0;
    U8_NEXT((const uint8_t *)text, end, size, c);
    if (c < 0 || !is_unseen_character(c)) return 0;
    if (is_needed_joiner(text, size, at, c) || is_needed_style(text, size, at, c)) return 0;
    write_mark(c, mark);
    return end - at;
}

void jp_put_seen(jp_buffer *out, const char *text, size_t size) {
    char   mark[JP_UNSEEN_SIZE];
    size_t plain = 0;
    for (size_t at = 0; at < size;) {
        size_t length = jp_unseen(text, size, at, mark);
        if (length) {
            jp_buffer_bytes(out, text + plain, at - plain);
            jp_buffer_text(out, mark);
            plain = at + length;
        }
        at += length ? length : 1;
    }
    jp_buffer_bytes(out, text + plain, size - plain);
}
