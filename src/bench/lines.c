#include "bench/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int jp_read_file(const char *file, jp_buffer *out, jopa_error *e) {
    char   chunk[16384];
    size_t size;
    FILE  *f = fopen(file, "rb");
    if (!f) return jp_fail(e, JOPA_ERROR_IO, "cannot read '%s': %s", file, strerror(errno));
    while ((size = fread(chunk, 1, sizeof chunk, f)) > 0) jp_buffer_bytes(out, chunk, size);
    int failed = ferror(f), reason = errno;
    fclose(f);
    if (failed) return jp_fail(e, JOPA_ERROR_IO, "cannot read '%s': %s", file, strerror(reason));
    if (out->failed) return jp_fail_memory(e);
    if (out->size && jp_utf8_is_utf16(out->data, out->size))
        return jp_fail(e, JOPA_ERROR_INPUT, "'%s' is UTF-16: save it as UTF-8", file);
    return JP_OK;
}

bool jp_next_line(const jp_buffer *text, jp_line *line) {
    if (!line->next && text->size) line->next = jp_utf8_mark(text->data, text->size);
    if (line->next >= text->size) return false;
    const char *start = text->data + line->next, *end = memchr(start, '\n', text->size - line->next);
    *line = (jp_line){.start = start,
                      .size = end ? (size_t)(end - start) : text->size - line->next,
                      .ended = end != NULL,
                      .blank = true};
    line->next = (size_t)(start - text->data) + line->size + line->ended;
    for (size_t i = 0; i < line->size; i++) line->blank &= strchr(" \t\r", start[i]) && start[i];
    return true;
}
