#include "prompt/protect.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"

static bool touches(const jp_unit *u, const jp_range *ranges, int n) {
    for (int i = 0; i < n; i++)
        if (u->start < ranges[i].end && ranges[i].start < u->end) return true;
    return false;
}

/* Keep the units of which touches() is `wanted`. */
static void filter(jp_prompt *p, const jp_range *ranges, int n, bool wanted) {
    int kept = 0;
    for (int u = 0; u < p->n_units; u++) {
        jp_unit unit = p->units[u];
        bool    stays = touches(&unit, ranges, n) == wanted;
        for (int t = unit.first; t < unit.last; t++) p->tokens[t].unit = stays ? kept : -1;
        if (stays) p->units[kept++] = unit;
    }
    p->n_units = kept;
}

void jp_units_protect(jp_prompt *p, const jp_range *ranges, int n) { filter(p, ranges, n, false); }
void jp_units_restrict(jp_prompt *p, const jp_range *ranges, int n) { filter(p, ranges, n, true); }

static int append_protect(jp_range **out, int *n, jp_range r, jopa_error *e) {
    jp_range *grown = realloc(*out, ((size_t)*n + 1) * sizeof *grown);
    if (!grown) return jp_fail_memory(e);
    *out = grown;
    grown[(*n)++] = r;
    return JP_OK;
}

int jp_find_occurrences(const jp_prompt *p, const char *text, jp_range **out, int *n, jopa_error *e) {
    size_t size = strlen(text);
    int    before = *n;
    if (!size) return jp_fail(e, JOPA_ERROR_INPUT, "an empty text cannot be kept");
    for (int s = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        for (size_t at = span->start; at + size <= span->end;) {
            bool found = !memcmp(p->text + at, text, size);
            int  status = found ? append_protect(out, n, (jp_range){at, at + size}, e) : JP_OK;
            if (status) return status;
            at += found ? size : 1;
        }
    }
    return *n > before ? JP_OK
                       : jp_fail(e, JOPA_ERROR_INPUT, "'%s' does not occur in the prompt: it cannot be kept",
                                 jp_excerpt(text, 200).text);
}
