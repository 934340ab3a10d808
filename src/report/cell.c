#include "report/cell.h"

#include <stdbool.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

/* The signs that formulas begin with; some spreadsheets take the full-width ones as well. */
static bool begins_formula(UChar32 c) {
    static const UChar32 signs[] = {'=', '+', '-', '@', 0xff1d, 0xff0b, 0xff0d, 0xff20, 0x2212};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (c == signs[i]) return true;
    return false;
}

static bool is_formula(const char *text) {
    size_t size = strlen(text), at = 0;
    if (*text == '\t' || *text == '\r') return true;
    while (at < size) {
        UChar32 c;
        U8_NEXT((const uint8_t *)text, at, size, c);
        if (c < 0) return false;
        if (u_isUWhiteSpace(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || u_iscntrl(c)) continue;
        return begins_formula(c);
    }
    return false;
}

void jp_put_cell(jp_buffer *out, const char *text) {
    bool formula = is_formula(text), quoted = strpbrk(text, ",;\"\r\n\t") || formula;
    jp_buffer_text(out, quoted ? "\"" : "");
    jp_buffer_text(out, formula ? "'" : "");
    for (const char *p = text; *p; p++) jp_buffer_bytes(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    jp_buffer_text(out, quoted ? "\"" : "");
}
