#include "prompt/append.h"

#include <stdlib.h>
#include <string.h>

/* Room for `more` behind `n` of *array; false: no memory. */
static bool grow_append(void **array, int n, int more, size_t size) {
    void *grown = realloc(*array, ((size_t)n + (size_t)more + 1) * size);
    if (grown) *array = grown;
    return grown;
}

static bool grow_prompt(jp_prompt *p, const jp_prompt *more) {
    char *text = realloc(p->text, p->size + more->size + 1);
    if (text) p->text = text;
    return text && grow_append((void **)&p->tokens, p->n_tokens, more->n_tokens, sizeof *p->tokens) &&
           grow_append((void **)&p->units, p->n_units, more->n_units, sizeof *p->units) &&
           grow_append((void **)&p->spans, p->n_spans, more->n_spans, sizeof *p->spans);
}

int jp_prompt_append(jp_prompt *p, jp_prompt *more, jopa_error *e) {
    if (!grow_prompt(p, more)) return jp_fail_memory(e);
    for (int i = 0; i < more->n_tokens; i++) {
        jp_token t = more->tokens[i];
        t.start += p->size;
        t.end += p->size;
        if (t.unit >= 0) t.unit += p->n_units;
        p->tokens[p->n_tokens + i] = t;
    }
    for (int i = 0; i < more->n_units; i++) {
        jp_unit u = more->units[i];
        p->units[p->n_units + i] = (jp_unit){.start = u.start + p->size,
                                             .end = u.end + p->size,
                                             .first = u.first + p->n_tokens,
                                             .last = u.last + p->n_tokens,
                                             .role = u.role + p->n_spans};
    }
    for (int i = 0; i < more->n_spans; i++) {
        p->spans[p->n_spans + i] = more->spans[i];
        p->spans[p->n_spans + i].start += p->size;
        p->spans[p->n_spans + i].end += p->size;
    }
    memcpy(p->text + p->size, more->text, more->size + 1);
    p->size += more->size;
    p->n_tokens += more->n_tokens;
    p->n_units += more->n_units;
    p->n_spans += more->n_spans;
    more->n_spans = 0; /* their roles have moved */
    jp_prompt_free(more);
    return JP_OK;
}
