#include "prompt/thinking.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *begin, *end;
    bool        control;
} marks[] = {
    {"<think>", "</think>", false},
    {"<|channel|>analysis<|message|>", "<|channel|>final<|message|>", true},
    {"<|channel>thought", "<channel|>", true},
    {"<|START_THINKING|>", "<|END_THINKING|>", true},
    {"[THINK]", "[/THINK]", false},
    {"<seed:think>", "</seed:think>", false},
    {"<thinking>", "</thinking>", false},
    {"<reasoning>", "</reasoning>", false},
};

static const char *find_word(const char *text, size_t size, const char *word) {
    return memmem(text, size, word, strlen(word));
}

bool jp_thinking_find(const char *text, size_t size, jp_thinking *out) {
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *end = find_word(text, size, marks[i].end);
        if (!end) continue;
        const char *begin = find_word(text, (size_t)(end - text), marks[i].begin);
        size_t      after = (size_t)(end - text) + strlen(marks[i].end);
        *out = (jp_thinking){.start = begin ? (size_t)(begin - text) : 0, .to = (size_t)(end - text)};
        out->from = begin ? out->start + strlen(marks[i].begin) : 0;
        const char *closed = find_word(text + out->from, out->to - out->from, "<|end|>");
        if (marks[i].control && closed) out->to = (size_t)(closed - text);
        while (after < size && strchr(" \t\r\n", text[after])) after++;
        out->end = after;
        out->control = marks[i].control;
        return true;
    }
    return false;
}

/* The part [from, to) of span s as a span of its own behind it, which keeps what is before `from`. */
static int split_span(jp_prompt *p, int s, size_t at, jopa_error *e) {
    jp_span *span = &p->spans[s], rest = *span;
    rest.role = strdup(span->role);
    rest.start = at;
    rest.offset = span->offset + (at - span->start);
    if (span->map) {
        rest.map = malloc((span->end - at) * sizeof *rest.map);
        if (rest.map) memcpy(rest.map, span->map + (at - span->start), (span->end - at) * sizeof *rest.map);
    }
    if (!rest.role || (span->map && !rest.map)) {
        free(rest.role);
        if (span->map) free(rest.map);
        return jp_fail_memory(e);
    }
    memmove(span + 2, span + 1, (size_t)(p->n_spans - s - 1) * sizeof *span);
    p->n_spans++;
    span->end = at;
    span[1] = rest;
    return JP_OK;
}

static int rename_span(jp_span *span, const char *role, jopa_error *e) {
    char *copy = strdup(role);
    if (!copy) return jp_fail_memory(e);
    free(span->role);
    span->role = copy;
    return JP_OK;
}

int jp_thinking_split(jp_prompt *p, jopa_error *e) {
    jp_thinking t;
    int         status = JP_OK;
    for (int s = 0; s < p->n_spans && !status; s++) {
        size_t start = p->spans[s].start, size = p->spans[s].end - start;
        if (strcmp(p->spans[s].role, "assistant") || !jp_thinking_find(p->text + start, size, &t) || t.from >= t.to)
            continue;
        if (t.to < size) status = split_span(p, s, start + t.to, e);
        if (!status && t.from) status = split_span(p, s, start + t.from, e);
        s += t.from > 0;
        if (!status) status = rename_span(&p->spans[s], "thinking", e);
    }
    return status;
}
