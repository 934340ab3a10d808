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
    jp_token *tokens = malloc(((size_t)p->n_tokens + 1) * sizeof *tokens);
    if (!tokens) return jp_fail_memory(e);
    memcpy(tokens, p->tokens, (size_t)p->n_tokens * sizeof *tokens);
    *out = *p;
    out->tokens = tokens;
    out->units = NULL;
    out->n_units = 0;
    return JP_OK;
}

static int cut_recut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, jopa_error *e) {
    jp_prompt cut = {0};
    bool     *fixed = malloc(((size_t)p->n_tokens + 1) * sizeof *fixed);
    int       status = fixed ? copy_recut(&cut, p, e) : jp_fail_memory(e);
    for (int t = 0; t < p->n_tokens && !status; t++) fixed[t] = p->tokens[t].unit < 0;
    if (!status)
        status = jp_units_build(&cut, &(jp_unit_options){.kind = kind, .mask_roles = "all", .fixed = fixed}, e);
    free(fixed);
    if (status) jp_recut_free(&cut);
    else *out = cut;
    return status;
}

static int size_of(const jp_unit *u) { return u->last - u->first; }

/* Cut units of more than `longest` tokens along the units of `finer`, into runs of at most `run` tokens. */
static int cut_on(jp_prompt *p, const jp_prompt *finer, int longest, int run, jopa_error *e) {
    jp_unit *units = malloc(((size_t)p->n_units + (size_t)finer->n_units + 1) * sizeof *units);
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
    jp_prompt cut = {0}, sentences = {0};
    int       status = cut_recut(&cut, p, kind, e);
    bool      by_sentence = longest > 0 && kind == JP_UNIT_PARAGRAPH;
    if (!status && by_sentence) status = cut_recut(&sentences, p, JP_UNIT_SENTENCE, e);
    if (!status && by_sentence) status = cut_on(&cut, &sentences, longest, run, e);
    if (!status && longest > 0) status = cut_on(&cut, p, longest, run, e);
    jp_recut_free(&sentences);
    if (status) jp_recut_free(&cut);
    else *out = cut;
    return status;
}

int jp_recut_some(jp_prompt *out, const jp_prompt *p, const bool *keep, int **unit, jopa_error *e) {
    jp_prompt some = {0};
    int       status = copy_recut(&some, p, e), *of = malloc(((size_t)p->n_units + 1) * sizeof *of);
    some.units = malloc(((size_t)p->n_units + 1) * sizeof *some.units);
    if (!status && (!some.units || !of)) status = jp_fail_memory(e);
    if (status) {
        free(of);
        jp_recut_free(&some);
        return status;
    }
    for (int t = 0; t < some.n_tokens; t++) some.tokens[t].unit = -1;
    for (int u = 0; u < p->n_units; u++) {
        if (!keep[u]) continue;
        for (int t = p->units[u].first; t < p->units[u].last; t++)
            if (p->tokens[t].unit == u) some.tokens[t].unit = some.n_units;
        of[some.n_units] = u;
        some.units[some.n_units++] = p->units[u];
    }
    *out = some;
    *unit = of;
    return JP_OK;
}
