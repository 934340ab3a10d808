#include "use/paste.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "prompt/boundary.h"

static bool is_out(const jp_prompt *p, const jp_bitset *out, int token) {
    return p->tokens[token].unit >= 0 && jp_bitset_has(out, p->tokens[token].unit);
}

/* The bytes of the span outside tokens that are out. *cut: whether there are such tokens. */
static char *remains(const jp_prompt *p, const jp_span *span, const jp_bitset *out, bool *cut) {
    jp_buffer text = {0};
    size_t    at = span->start;
    *cut = false;
    for (int t = 0; t < p->n_tokens; t++) {
        const jp_token *token = &p->tokens[t];
        if (token->end <= at || token->start >= span->end || !is_out(p, out, t)) continue;
        *cut = true;
        if (token->start > at) jp_buffer_bytes(&text, p->text + at, token->start - at);
        at = token->end < span->end ? token->end : span->end;
    }
    jp_buffer_bytes(&text, p->text + at, span->end - at);
    return jp_buffer_take(&text, NULL);
}

/* Without white space at its ends, in place. */
static void trim_paste(char *text) {
    size_t   size = strlen(text);
    jp_range r = jp_boundary_trim(text, (jp_range){0, size});
    if (strspn(text, " \t\r\n") == size) r.end = r.start;
    memmove(text, text + r.start, r.end - r.start);
    text[r.end - r.start] = '\0';
}

int jp_paste(const jp_prompt *p, const jp_bitset *out, const char *const *roles, const char *const *contents,
             int n_messages, jp_result_turn *turns, jopa_error *e) {
    for (int i = 0; i < n_messages; i++) {
        int s = 0;
        while (s < p->n_spans && p->spans[s].message != i) s++;
        bool  cut = false;
        char *text = s < p->n_spans ? remains(p, &p->spans[s], out, &cut) : strdup(contents[i]);
        if (text && cut) trim_paste(text);
        turns[i].role = strdup(roles[i]);
        turns[i].content = text;
        if (!text || !turns[i].role) return jp_fail_memory(e);
    }
    return JP_OK;
}
