#include "prompt/recut.h"

#include <stdlib.h>
#include <string.h>

#include "prompt/units.h"

void jp_recut_free(jp_prompt *p) {
    free(p->tokens);
    free(p->units);
    *p = (jp_prompt){0};
}

/* Text and spans borrowed, the tokens copied, no units. */
static int copy_recut(jp_prompt *out, const jp_prompt *p, jopa_error *e) {
    *out = *p;
    out->units = NULL;
    out->n_units = 0;
    out->tokens = malloc((size_t)p->n_tokens * sizeof *out->tokens);
    if (!out->tokens) return jp_fail_memory(e);
    memcpy(out->tokens, p->tokens, (size_t)p->n_tokens * sizeof *out->tokens);
    return JP_OK;
}

static int cut_recut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, jopa_error *e) {
    bool *fixed = malloc((size_t)p->n_tokens * sizeof *fixed);
    int   status = fixed ? copy_recut(out, p, e) : jp_fail_memory(e);
    for (int t = 0; t < p->n_tokens && !status; t++) fixed[t] = p->tokens[t].unit < 0;
    if (!status) status = jp_units_build(out, &(jp_unit_options){.kind = kind, .mask_roles = "all", .fixed = fixed}, e);
    free(fixed);
    if (status) jp_recut_free(out);
    return status;
}

static int size_of(const jp_unit *u) { return u->last - u->first; }

/* Cut units of more than `longest` tokens along the units of `finer`, into runs of at most `run` tokens. */
static int cut_on(jp_prompt *p, const jp_prompt *finer, int longest, int run, jopa_error *e) {
    jp_unit *units = malloc((size_t)(p->n_units + finer->n_units) * sizeof *units);
    int      n = 0;
    if (!units) return jp_fail_memory(e);
    for (int u = 0, f = 0; u < p->n_units; u++) {
        const jp_unit *whole = p->units + u;
        while (f < finer->n_units && finer->units[f].first < whole->first) f++;
        if (size_of(whole) <= longest) {
            units[n++] = *whole;
            continue;
        }
        int from = n;
        for (; f < finer->n_units && finer->units[f].last <= whole->last; f++) {
            const jp_unit *part = finer->units + f;
            if (n > from && part->last - units[n - 1].first <= run) {
                units[n - 1].last = part->last;
                units[n - 1].end = part->end;
            } else units[n++] = *part;
        }
        if (n == from) units[n++] = *whole;
    }
    free(p->units);
    p->units = units;
    p->n_units = n;
    for (int t = 0; t < p->n_tokens; t++) p->tokens[t].unit = -1;
    for (int u = 0; u < n; u++)
        for (int t = units[u].first; t < units[u].last; t++) p->tokens[t].unit = u;
    return JP_OK;
}

int jp_recut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, int longest, int run, jopa_error *e) {
    int       status = cut_recut(out, p, kind, e);
    jp_prompt sentences;
    if (status || longest <= 0) return status;
    if (kind == JP_UNIT_PARAGRAPH && !(status = cut_recut(&sentences, p, JP_UNIT_SENTENCE, e))) {
        status = cut_on(out, &sentences, longest, run, e);
        jp_recut_free(&sentences);
    }
    if (!status) status = cut_on(out, p, longest, run, e);
    if (status) jp_recut_free(out);
    return status;
}

int jp_recut_some(jp_prompt *out, const jp_prompt *p, const bool *keep, int **unit, jopa_error *e) {
    int status = copy_recut(out, p, e);
    if (status) return status;
    out->units = malloc((size_t)(p->n_units + 1) * sizeof *out->units);
    *unit = malloc((size_t)(p->n_units + 1) * sizeof **unit);
    if (!out->units || !*unit) {
        free(*unit);
        *unit = NULL;
        jp_recut_free(out);
        return jp_fail_memory(e);
    }
    for (int t = 0; t < out->n_tokens; t++) out->tokens[t].unit = -1;
    for (int u = 0; u < p->n_units; u++) {
        if (!keep[u]) continue;
        for (int t = p->units[u].first; t < p->units[u].last; t++)
            if (p->tokens[t].unit == u) out->tokens[t].unit = out->n_units;
        (*unit)[out->n_units] = u;
        out->units[out->n_units++] = p->units[u];
    }
    return JP_OK;
}
