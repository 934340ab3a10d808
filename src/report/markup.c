#include "report/markup.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "base/unseen.h"

static const char *entity(char c) {
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\r': return "&#13;"; /* parsers turn a bare one into a line feed */
    default: return NULL;
    }
}

/* U+FFFD, which stands for bytes which XML 1.0 forbids at `text`, and how many there are; NULL: none. */
static const char *xml_sign(const char *text, size_t size, size_t *length) {
    unsigned char c = (unsigned char)*text;
    *length = 1;
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return "\xef\xbf\xbd";
    *length = 3;
    bool last = size >= 3 && c == 0xef && (unsigned char)text[1] == 0xbf && (unsigned char)text[2] >= 0xbe;
    return last ? "\xef\xbf\xbd" : NULL;
}

static void put_markup(jp_buffer *out, const char *text, size_t size, bool xml) {
    char   mark[JP_UNSEEN_SIZE];
    size_t plain = 0, at = 0, unseen;
    while (at < size) {
        size_t      length = 1;
        const char *instead = entity(text[at]);
        if (!instead && xml) instead = xml_sign(text + at, size - at, &length);
        if (!instead && (unseen = jp_unseen(text, size, at, mark))) {
            instead = mark;
            length = unseen;
        }
        if (!instead) {
            at++;
            continue;
        }
        jp_buffer_bytes(out, text + plain, at - plain);
        jp_buffer_text(out, instead);
        plain = at += length;
    }
    jp_buffer_bytes(out, text + plain, size - plain);
}

void jp_put_html(jp_buffer *out, const char *text, size_t size) { put_markup(out, text, size, false); }

void jp_put_xml(jp_buffer *out, const char *text, size_t size) { put_markup(out, text, size, true); }

void jp_put_attribute(jp_buffer *out, const char *name, const char *value) {
    jp_buffer_format(out, " %s=\"", name);
    jp_put_xml(out, value, strlen(value));
    jp_buffer_text(out, "\"");
}

void jp_put_number_attribute(jp_buffer *out, const char *name, double value) {
    if (!isfinite(value)) return;
    jp_buffer_format(out, " %s=\"", name);
    jp_put_exact(out, value);
    jp_buffer_text(out, "\"");
}
