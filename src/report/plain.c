#include "report/plain.h"

#include <string.h>

#include "base/ascii.h"
#include "base/unseen.h"

static bool ends_with(const jp_buffer *out, const char *end) {
    size_t size = strlen(end);
    return out->size >= size && !out->failed && !memcmp(out->data + out->size - size, end, size);
}

/* A space after another, or before all else of a line, is not shown. */
static void put_space(jp_buffer *out) {
    bool lost = !out->size || ends_with(out, " ") || ends_with(out, "\n") || ends_with(out, "&nbsp;");
    jp_buffer_text(out, lost ? "&nbsp;" : " ");
}

/* GitHub makes a link of a mail address, its sign escaped or not: a comment parts it. */
static void put_at(jp_buffer *out, const char *text, size_t size, size_t i) {
    bool address = i && i + 1 < size && !jp_ascii_is_space(text[i - 1]) && !jp_ascii_is_space(text[i + 1]);
    jp_buffer_text(out, address ? "<!-- -->\\@" : "\\@");
}

static void put_line_end(jp_buffer *out, const char *text, size_t size, size_t i, bool quotation) {
    if (text[i] == '\r' && i + 1 < size && text[i + 1] == '\n') return;
    if (!quotation) put_space(out);
    else { /* at the very beginning it would begin a block of HTML */
        bool first = ends_with(out, "> ") && !ends_with(out, "<br>\n> ");
        jp_buffer_text(out, first ? "&nbsp;<br>\n> " : "<br>\n> ");
    }
}

static void put_markdown_character(jp_buffer *out, const char *text, size_t size, size_t i, bool quotation) {
    char c = text[i];
    if (c == '&') jp_buffer_text(out, "&amp;");
    else if (c == '<') jp_buffer_text(out, "&lt;");
    else if (c == '\n' || c == '\r') put_line_end(out, text, size, i, quotation);
    else if (c == '\t') jp_buffer_text(out, "&nbsp;&nbsp;&nbsp;&nbsp;");
    else if (c == ' ') put_space(out);
    else if (c == '@') put_at(out, text, size, i);
    else if (strchr("\\`*_{}[]()#+-.!|~>:$^=\"'", c)) jp_buffer_format(out, "\\%c", c);
    else jp_buffer_bytes(out, text + i, 1);
}

void jp_put_markdown(jp_buffer *out, const char *text, size_t size, bool quotation) {
    char mark[JP_UNSEEN_SIZE];
    for (size_t i = 0; i < size;) {
        size_t unseen = jp_unseen(text, size, i, mark);
        if (unseen) jp_buffer_text(out, mark);
        else put_markdown_character(out, text, size, i, quotation);
        i += unseen ? unseen : 1;
    }
}
