/* Which levels a prompt is searched by. */
#include <string.h>

#include "base/excerpt.h"
#include "levels/levels.h"
#include "prompt/recut.h"
#include "prompt/units.h"

static const jp_unit_kind COARSE[] = {JP_UNIT_PARAGRAPH, JP_UNIT_SENTENCE};
static const double       FINER = 1.5; /* a level has to have this many times the units of the coarser one */
enum { LEAST_UNITS = 4 };

/* From coarse to fine; lines and sentences are as coarse as one another. */
static int coarseness(jp_unit_kind kind) {
    switch (kind) {
    case JP_UNIT_PARAGRAPH: return 4;
    case JP_UNIT_LINE:
    case JP_UNIT_SENTENCE: return 3;
    case JP_UNIT_WORD: return 2;
    case JP_UNIT_TOKEN: return 1;
    default: return 0;
    }
}

static int parse_list(jp_level_kinds *out, const char *list, jp_unit_kind finest, jopa_error *e) {
    for (const char *at = list; *at;) {
        char         name[32];
        size_t       size = strcspn(at, ",");
        jp_unit_kind kind;
        if (size == 0 || size >= sizeof name)
            return jp_fail(
                e, JOPA_ERROR_USAGE,
                "`levels` '%s': auto, none, or kinds of units from coarse to fine, such as paragraph,sentence,word",
                jp_excerpt(list, 100).text);
        memcpy(name, at, size);
        name[size] = '\0';
        if (jp_unit_kind_parse(name, &kind, NULL))
            return jp_fail(e, JOPA_ERROR_USAGE, "`levels` '%s': unknown unit '%s'; see `jopa list units`",
                           jp_excerpt(list, 100).text, name);
        bool finer = !out->n || coarseness(kind) < coarseness(out->kinds[out->n - 1]);
        if (!finer || out->n == JP_LEVELS_MOST - 1 || (kind != finest && coarseness(kind) <= coarseness(finest)))
            return jp_fail(e, JOPA_ERROR_USAGE,
                           "`levels` '%s': %s is out of place: from coarse to fine, down to `unit` %s",
                           jp_excerpt(list, 100).text, name, jp_unit_kind_name((int)finest, NULL));
        out->kinds[out->n++] = kind;
        at += size + (at[size] == ',');
    }
    if (out->n && out->kinds[out->n - 1] != finest) out->kinds[out->n++] = finest;
    return JP_OK;
}

static int choose_level_kinds(jp_level_kinds *out, jp_unit_kind finest, const jp_prompt *p, jopa_error *e) {
    double units = LEAST_UNITS / FINER;
    if (finest == JP_UNIT_MARKED || jp_prompt_maskable_tokens(p) < JP_LEVELS_FROM) return JP_OK;
    for (size_t i = 0; i < sizeof COARSE / sizeof *COARSE; i++) {
        jp_prompt cut;
        if (coarseness(COARSE[i]) <= coarseness(finest)) continue;
        int status = jp_level_cut(&cut, p, COARSE[i], e);
        if (status) return status;
        bool cuts = cut.n_units >= FINER * units && p->n_units >= FINER * cut.n_units;
        if (cuts) {
            units = cut.n_units;
            out->kinds[out->n++] = COARSE[i];
        }
        jp_recut_free(&cut);
    }
    if (out->n) out->kinds[out->n++] = finest;
    return JP_OK;
}

int jp_levels_parse(jp_level_wish *out, const char *list, jp_unit_kind unit, jopa_error *e) {
    *out = (jp_level_wish){.automatic = !strcmp(list, "auto")};
    return out->automatic || !strcmp(list, "none") ? JP_OK : parse_list(&out->given, list, unit, e);
}

int jp_levels_choose(jp_level_kinds *out, const jp_level_wish *wish, jp_unit_kind unit, const jp_prompt *p,
                     jopa_error *e) {
    *out = wish->given;
    int status = wish->automatic ? choose_level_kinds(out, unit, p, e) : JP_OK;
    if (out->n < 2) out->n = 0;
    return status;
}

int jp_level_cut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, jopa_error *e) {
    bool paragraph = kind == JP_UNIT_PARAGRAPH;
    return jp_recut(out, p, kind, paragraph ? JP_LEVEL_PARAGRAPH : JP_LEVEL_SENTENCE,
                    paragraph ? JP_LEVEL_RUN : JP_LEVEL_SENTENCE / 2, e);
}
