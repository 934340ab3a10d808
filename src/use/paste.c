#include "use/paste.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "prompt/boundary.h"
#include "prompt/marks.h"
#include "prompt/units.h"
#include "use/kept.h"

static bool is_out(const jp_prompt *p, const jp_bitset *out, int token) {
    return p->tokens[token].unit >= 0 && jp_bitset_has(out, p->tokens[token].unit);
}

/* Which bytes of the span's text are taken out, in gone[size]. */
static void mark_gone(const jp_prompt *p, const jp_span *span, const jp_bitset *out, bool *gone, size_t size) {
    for (int t = 0; t < p->n_tokens; t++) {
        const jp_token *token = &p->tokens[t];
        if (token->end <= span->start || token->start >= span->end || !is_out(p, out, t)) continue;
        size_t start = token->start > span->start ? token->start : span->start,
               end = token->end < span->end ? token->end : span->end;
        size_t last = start < end ? jp_span_source(span, end - 1) + 1 : 0;
        for (size_t i = jp_span_source(span, start); i < last && i < size; i++) gone[i] = true;
    }
}

/* content[first, last) without what is gone. *cut: whether anything is. */
static char *kept_of(const char *content, size_t first, size_t last, const bool *gone, bool whole_words, bool *cut) {
    jp_buffer text = {0};
    size_t    gap = first; /* [gap, at) was taken out since the text's last byte */
    *cut = false;
    for (size_t at = first, end; at < last; at = gap = end) {
        for (; at < last && gone[at]; at++) *cut = true;
        for (end = at; end < last && !gone[end]; end++) continue;
        jp_put_kept(&text, content, (jp_range){gap, at}, (jp_range){at, end}, whole_words);
    }
    return jp_buffer_take(&text, NULL);
}

/* Message i's content, as far as the template shows it, without what is out. *cut: whether there is any such. NULL: no
 * memory. */
static char *remains(const jp_prompt *p, int i, const char *content, const jp_bitset *out, bool whole_words,
                     bool *cut) {
    size_t size = strlen(content), first = size, last = 0;
    bool  *gone = calloc(size + 1, sizeof *gone);
    for (int s = 0; s < p->n_spans && gone; s++) {
        const jp_span *span = &p->spans[s];
        if (span->message != i || !span->content || span->start == span->end) continue;
        if (span->offset < first && !span->map) first = span->offset;
        if (span->map && span->map[0] < first) first = span->map[0];
        if (jp_span_source(span, span->end - 1) + 1 > last) last = jp_span_source(span, span->end - 1) + 1;
        mark_gone(p, span, out, gone, size);
    }
    if (first >= last) first = 0, last = size; /* the template shows nothing of it */
    char *text = gone ? kept_of(content, first, last < size ? last : size, gone, whole_words, cut) : NULL;
    free(gone);
    return text;
}

/* Without white space at its ends, in place. */
static void trim_paste(char *text) {
    size_t   size = strlen(text);
    jp_range r = jp_boundary_trim(text, (jp_range){0, size});
    if (strspn(text, " \t\r\n") == size) r.end = r.start;
    memmove(text, text + r.start, r.end - r.start);
    text[r.end - r.start] = '\0';
}

static int paste_turn(const jp_prompt *p, int i, const char *content, const jp_bitset *out, bool whole_words,
                      jp_result_turn *turn, jopa_error *e) {
    bool  cut = false;
    char *text = remains(p, i, content, out, whole_words, &cut);
    if (text && cut) trim_paste(text);
    turn->content = text;
    return text ? JP_OK : jp_fail_memory(e);
}

int jp_paste(const jp_prompt *p, const jp_bitset *out, const char *const *roles, const char *const *contents,
             int n_messages, const char *marked, bool whole_words, jp_result_turn *turns, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < n_messages && !status; i++) {
        jp_marks marks = {0};
        bool     has = marked && jp_role_listed(marked, roles[i]);
        turns[i].role = strdup(roles[i]);
        if (!turns[i].role) return jp_fail_memory(e);
        if (has) status = jp_marks_parse(&marks, contents[i], strlen(contents[i]), e);
        if (!status) status = paste_turn(p, i, has ? marks.text : contents[i], out, whole_words, &turns[i], e);
        jp_marks_free(&marks);
    }
    return status;
}
