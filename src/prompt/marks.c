#include "prompt/marks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

void jp_marks_free(jp_marks *m) {
    free(m->text);
    free(m->ranges);
    *m = (jp_marks){0};
}

static bool repeats(const char *text, size_t size, size_t at, char c, size_t times) {
    if (size - at < times) return false;
    for (size_t i = 0; i < times; i++)
        if (text[at + i] != c) return false;
    return true;
}

static size_t count_pairs(const char *text, size_t size) {
    size_t count = 0;
    for (size_t at = 0; at + 1 < size; at++) count += text[at] == '{' && text[at + 1] == '{';
    return count;
}

/* The state between two bytes: where the open mark began (in the input), if one is open. */
typedef struct {
    jp_buffer text;
    jp_range *ranges;
    int       n_ranges;
    bool      open;
    size_t    opened_at;
} parser;

static int open_mark(parser *p, size_t at, jopa_error *e) {
    if (p->open)
        return jp_fail(e, JOPA_ERROR_INPUT,
                       "'{{' at byte %zu opens inside the mark that began at byte %zu; write {{{{ for a literal {{", at,
                       p->opened_at);
    p->open = true;
    p->opened_at = at;
    p->ranges[p->n_ranges].start = p->text.size;
    return JP_OK;
}

static int close_mark(parser *p, size_t at, jopa_error *e) {
    if (!p->open)
        return jp_fail(e, JOPA_ERROR_INPUT, "'}}' at byte %zu closes no mark; write }}}} for a literal }}", at);
    if (p->text.failed) return jp_fail_memory(e);
    if (p->ranges[p->n_ranges].start == p->text.size)
        return jp_fail(e, JOPA_ERROR_INPUT, "the mark at byte %zu is empty", p->opened_at);
    p->open = false;
    p->ranges[p->n_ranges++].end = p->text.size;
    return JP_OK;
}

static int parse_marks(parser *p, const char *text, size_t size, jopa_error *e) {
    for (size_t at = 0; at < size;) {
        char c = text[at];
        bool brace = c == '{' || c == '}';
        if (brace && repeats(text, size, at, c, 4)) {
            jp_buffer_bytes(&p->text, text + at, 2);
            at += 4;
        } else if (brace && repeats(text, size, at, c, 2)) {
            int status = c == '{' ? open_mark(p, at, e) : close_mark(p, at, e);
            if (status) return status;
            at += 2;
        } else {
            jp_buffer_bytes(&p->text, text + at, 1);
            at++;
        }
    }
    if (p->text.failed) return jp_fail_memory(e);
    if (p->open) return jp_fail(e, JOPA_ERROR_INPUT, "the mark '{{' at byte %zu is never closed by '}}'", p->opened_at);
    return JP_OK;
}

int jp_marks_parse(jp_marks *out, const char *text, size_t size, jopa_error *e) {
    parser p = {0};
    p.ranges = calloc(count_pairs(text, size) + 1, sizeof *p.ranges);
    if (!p.ranges) return jp_fail_memory(e);
    int    status = parse_marks(&p, text, size, e);
    size_t stripped = 0;
    char  *copy = status ? NULL : jp_buffer_take(&p.text, &stripped);
    if (!status && !copy) status = jp_fail_memory(e);
    jp_buffer_free(&p.text);
    if (status) {
        free(p.ranges);
        return status;
    }
    *out = (jp_marks){.text = copy, .size = stripped, .ranges = p.ranges, .n_ranges = p.n_ranges};
    return JP_OK;
}
