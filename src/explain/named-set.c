#include "explain/named-set.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/excerpt.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/split.h"

/* ---- numbers -------------------------------------------------------------------------------------------------------
 */

static int add_range(jp_bitset *out, int first, int last, const char *part, jopa_error *e) {
    if (first > last || last >= out->n)
        return jp_fail(e, JOPA_ERROR_USAGE, "`hide` %s: the prompt has the units 0 to %d", part, out->n - 1);
    for (int u = first; u <= last; u++) jp_bitset_add(out, u);
    return JP_OK;
}

/* Whether the part is N or N-M. */
static bool read_unit_range(const char *part, int *first, int *last) {
    char   start[16] = "";
    size_t size = strcspn(part, "-");
    if (!size || size >= sizeof start || part[0] == '+') return false;
    memcpy(start, part, size);
    if (!jp_parse_integer(start, first)) return false;
    *last = *first;
    return !part[size] || (part[size + 1] != '-' && part[size + 1] != '+' && jp_parse_integer(part + size + 1, last));
}

/* ---- texts ---------------------------------------------------------------------------------------------------------
 */

static bool at_edge(char c) { return jp_ascii_is_space(c) || jp_ascii_is_punct(c); }

/* Whether unit text[0, size) is `part`, as it stands or without what is around its first and last letter. */
static bool is_unit_text(const char *text, size_t size, const char *part) {
    size_t wanted = strlen(part);
    if (size == wanted && !memcmp(text, part, wanted)) return true;
    while (size && at_edge(*text)) text++, size--;
    while (size && at_edge(text[size - 1])) size--;
    return size == wanted && !memcmp(text, part, wanted);
}

static int add_units_named(jp_bitset *out, const jp_prompt *p, const char *part) {
    int found = 0;
    for (int u = 0; u < p->n_units; u++) {
        const jp_unit *unit = &p->units[u];
        if (!is_unit_text(p->text + unit->start, unit->end - unit->start, part)) continue;
        jp_bitset_add(out, u);
        found++;
    }
    return found;
}

static int add_units_touched(jp_bitset *out, const jp_prompt *p, const char *part) {
    int    found = 0;
    size_t size = strlen(part);
    for (const char *at = p->text; size && (at = strstr(at, part)); at++) {
        size_t start = (size_t)(at - p->text), end = start + size;
        for (int u = 0; u < p->n_units; u++) {
            if (p->units[u].end <= start || p->units[u].start >= end) continue;
            jp_bitset_add(out, u);
            found++;
        }
    }
    return found;
}

static int refuse_text(const jp_prompt *p, const char *part, jopa_error *e) {
    int best = -1;
    int least = jp_edit_limit(strlen(part));
    for (int u = 0; u < p->n_units; u++) {
        const jp_unit *unit = &p->units[u];
        char          *text = strndup(p->text + unit->start, unit->end - unit->start);
        int            distance = text ? jp_edit_distance(part, text) : INT_MAX;
        free(text);
        if (distance >= least) continue;
        least = distance;
        best = u;
    }
    if (best < 0)
        return jp_fail(e, JOPA_ERROR_USAGE, "`hide` %s: the prompt has no such text that may be hidden",
                       jp_excerpt(part, 200).text);
    const jp_unit *unit = &p->units[best];
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "`hide` %s: the prompt has no such text that may be hidden; did you mean '%.*s'?", part,
                   (int)(unit->end - unit->start), p->text + unit->start);
}

static int add_part(jp_bitset *out, const jp_prompt *p, const char *part, jopa_error *e) {
    int         first, last;
    const char *text = *part == '=' ? part + 1 : part;
    if (read_unit_range(part, &first, &last)) return add_range(out, first, last, part, e);
    if (!*text) return jp_fail(e, JOPA_ERROR_USAGE, "`hide`: a part of the set is empty");
    if (add_units_named(out, p, text) || add_units_touched(out, p, text)) return JP_OK;
    return refuse_text(p, text, e);
}

int jp_named_set(jp_bitset *out, const jp_prompt *p, const char *text, jopa_error *e) {
    jp_parts parts;
    int      status = jp_split(&parts, text, e);
    if (status) return status;
    jp_bitset_clear(out);
    if (!parts.n) status = jp_fail(e, JOPA_ERROR_USAGE, "`hide`: the set is empty");
    for (int i = 0; i < parts.n && !status; i++) status = add_part(out, p, parts.at[i], e);
    jp_parts_free(&parts);
    return status;
}
