#include "prompt/prompt.h"

#include <stdlib.h>

void jp_prompt_free(jp_prompt *p) {
    for (int i = 0; i < p->n_spans; i++) {
        free(p->spans[i].role);
        free(p->spans[i].map);
    }
    free(p->persons);
    free(p->template_name);
    free(p->template_hash);
    free(p->template_date);
    free(p->spans);
    free(p->units);
    free(p->tokens);
    free(p->text);
    *p = (jp_prompt){0};
}

int jp_prompt_hidden_tokens(const jp_prompt *p, const jp_bitset *mask) {
    int count = 0;
    for (int u = jp_bitset_next(mask, 0); u >= 0; u = jp_bitset_next(mask, u + 1))
        count += p->units[u].last - p->units[u].first;
    return count;
}

size_t jp_span_source(const jp_span *span, size_t at) {
    size_t size = span->end - span->start, i = at - span->start;
    if (!span->map) return span->offset + i;
    return i < size ? span->map[i] : size ? span->map[size - 1] + 1 : span->offset;
}

int jp_prompt_maskable_tokens(const jp_prompt *p) {
    int count = 0;
    for (int i = 0; i < p->n_tokens; i++) count += p->tokens[i].unit >= 0;
    return count;
}
