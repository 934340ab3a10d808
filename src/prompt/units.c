#include "prompt/units.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/utf8.h"
#include "prompt/join.h"

/* ---- kinds and roles ------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *summary;
} kinds[] = {
    [JP_UNIT_TOKEN] = {"token", "each token; tokens that share one character are one unit"},
    [JP_UNIT_WORD] = {"word", "each word with the punctuation that touches it (UAX #29)"},
    [JP_UNIT_SENTENCE] = {"sentence", "each sentence (UAX #29)"},
    [JP_UNIT_LINE] = {"line", "each line that is not blank"},
    [JP_UNIT_PARAGRAPH] = {"paragraph", "lines up to a blank line"},
    [JP_UNIT_MARKED] = {"marked", "each span between {{ and }} in the text"},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

int jp_unit_kind_parse(const char *name, jp_unit_kind *kind, jopa_error *e) {
    for (int i = 0; i < N_KINDS; i++) {
        if (strcmp(name, kinds[i].name)) continue;
        *kind = (jp_unit_kind)i;
        return JP_OK;
    }
    return jp_fail(e, JOPA_ERROR_USAGE, "unknown unit '%s': use token, word, sentence, line, paragraph or marked",
                   name);
}

const char *jp_unit_kind_name(int index, const char **summary) {
    if (index < 0 || index >= N_KINDS) return NULL;
    if (summary) *summary = kinds[index].summary;
    return kinds[index].name;
}

static bool is_role(const char *item, size_t size, const char *role) {
    size_t length = strlen(role), family = strcspn(role, ":");
    if (size == 3 && !memcmp(item, "all", 3)) return true;
    if (size == 9 && !memcmp(item, "assistant", 9) && !strcmp(role, "thinking")) return true;
    return !memcmp(item, role, size < length ? size : length) &&
           (size == length || (size == family && role[size] == ':'));
}

bool jp_role_listed(const char *list, const char *role) {
    while (*list) {
        list += strspn(list, ", ");
        size_t size = strcspn(list, ", ");
        if (size && is_role(list, size, role)) return true;
        list += size;
    }
    return false;
}

/* ---- the work in hand ----------------------------------------------------------------------------------- */

/* Text that may be hidden: a message's content, cut at control tokens. */
typedef struct {
    jp_range range;
    int      span;
} area;

/* Tokens [first, last) that share characters, the bytes they cover, and the segment that they go to, or -1. */
typedef struct {
    jp_range range;
    int      first, last, segment;
} atom;

typedef struct {
    jp_prompt             *p;
    const jp_unit_options *o;
    area                  *areas;
    int                    n_areas;
    jp_range              *segments; /* pieces of text, ascending, disjoint; for the kind token the areas themselves */
    int                   *segment_area;
    int                    n_segments;
    atom                  *atoms;
    int                    n_atoms;
} builder;

static void builder_free(builder *b) {
    free(b->areas);
    free(b->segments);
    free(b->segment_area);
    free(b->atoms);
}

static bool is_fixed(const builder *b, int token) { return b->o->fixed && b->o->fixed[token]; }

/* ---- areas, segments, atoms -------------------------------------------------------------------------------- */

static void add_area(builder *b, size_t start, size_t end, int span) {
    if (start < end) b->areas[b->n_areas++] = (area){{start, end}, span};
}

static int find_areas(builder *b, jopa_error *e) {
    const jp_prompt *p = b->p;
    b->areas = calloc((size_t)p->n_spans + (size_t)p->n_tokens + 1, sizeof *b->areas);
    if (!b->areas) return jp_fail_memory(e);
    for (int s = 0, t = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        size_t         from = span->start;
        if (!jp_role_listed(b->o->mask_roles, span->role)) continue;
        while (t < p->n_tokens && p->tokens[t].end <= span->start) t++;
        for (int i = t; i < p->n_tokens && p->tokens[i].start < span->end; i++) {
            if (!is_fixed(b, i)) continue;
            add_area(b, from, p->tokens[i].start, s);
            from = p->tokens[i].end > from ? p->tokens[i].end : from;
        }
        add_area(b, from, span->end, s);
    }
    return JP_OK;
}

static int append_segment(builder *b, jp_range r, jopa_error *e) {
    jp_range *grown = realloc(b->segments, ((size_t)b->n_segments + 1) * sizeof *grown);
    if (!grown) return jp_fail_memory(e);
    b->segments = grown;
    grown[b->n_segments++] = r;
    return JP_OK;
}

static int append_marks(builder *b, jp_range within, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < b->o->n_marks && !status; i++) {
        jp_range r = b->o->marks[i];
        if (r.start < within.start) r.start = within.start;
        if (r.end > within.end) r.end = within.end;
        if (r.start < r.end) status = append_segment(b, r, e);
    }
    return status;
}

static int find_pieces(builder *b, jp_range r, jopa_error *e) {
    int before = b->n_segments, status = jp_boundary_find(b->o->kind, b->p->text, r, &b->segments, &b->n_segments, e);
    if (!status && b->o->whole && b->o->kind == JP_UNIT_WORD && b->n_segments > before)
        b->n_segments = before + jp_join_words(b->p->text, b->segments + before, b->n_segments - before);
    return status;
}

static int find_segments(builder *b, jopa_error *e) {
    int *ends = calloc((size_t)b->n_areas + 1, sizeof *ends), status = ends ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < b->n_areas && !status; i++) {
        jp_range r = b->areas[i].range;
        if (b->o->kind == JP_UNIT_TOKEN) status = append_segment(b, r, e);
        else if (b->o->kind == JP_UNIT_MARKED) status = append_marks(b, r, e);
        else status = find_pieces(b, r, e);
        ends[i] = b->n_segments;
    }
    if (!status && !(b->segment_area = calloc((size_t)b->n_segments + 1, sizeof *b->segment_area)))
        status = jp_fail_memory(e);
    for (int i = 0, s = 0; i < b->n_areas && !status; i++)
        while (s < ends[i]) b->segment_area[s++] = i;
    free(ends);
    return status;
}

static int find_atoms(builder *b, jopa_error *e) {
    const jp_prompt *p = b->p;
    b->atoms = calloc((size_t)p->n_tokens + 1, sizeof *b->atoms);
    if (!b->atoms) return jp_fail_memory(e);
    for (int i = 0; i < p->n_tokens;) {
        atom a = {.range = {p->tokens[i].start, p->tokens[i].end}, .first = i, .segment = -1};
        bool fixed = is_fixed(b, i++);
        while (!fixed && i < p->n_tokens && !is_fixed(b, i)) {
            const jp_token *t = &p->tokens[i];
            if (t->start >= a.range.end && jp_utf8_is_boundary(p->text, p->size, t->start)) break;
            if (t->end > a.range.end) a.range.end = t->end;
            i++;
        }
        a.last = i;
        b->atoms[b->n_atoms++] = a;
    }
    return JP_OK;
}

/* ---- which atom goes to which segment ------------------------------------------------------------------------ */

static jp_range overlap(jp_range a, jp_range b) {
    jp_range r = {a.start > b.start ? a.start : b.start, a.end < b.end ? a.end : b.end};
    if (r.end < r.start) r.end = r.start;
    return r;
}

static size_t weight_units(const builder *b, jp_range r, bool ink) {
    return ink ? jp_boundary_ink(b->p->text, r) : r.end - r.start;
}

/* The segment, from *from on, with most of the atom's bytes, if the segments together have more than half of them. */
static int choose_segment(const builder *b, const atom *a, int *from) {
    bool   ink = jp_boundary_ink(b->p->text, a->range) > 0;
    size_t all = weight_units(b, a->range, ink), inside = 0, most = 0;
    int    best = -1;
    while (*from < b->n_segments && b->segments[*from].end <= a->range.start) ++*from;
    for (int s = *from; s < b->n_segments && b->segments[s].start < a->range.end; s++) {
        size_t w = weight_units(b, overlap(a->range, b->segments[s]), ink);
        inside += w;
        if (w > most) {
            most = w;
            best = s;
        }
    }
    return 2 * inside > all ? best : -1;
}

static void assign_atoms(builder *b) {
    for (int i = 0, from = 0; i < b->n_atoms; i++)
        if (!is_fixed(b, b->atoms[i].first)) b->atoms[i].segment = choose_segment(b, &b->atoms[i], &from);
}

/* What the writer marked has to be a unit: a mark without atoms takes the ones that it touches. */
static int assign_marks(builder *b, jopa_error *e) {
    for (int s = 0, from = 0; s < b->n_segments; s++) {
        jp_range mark = b->segments[s];
        bool     has = false, free_atom = false;
        while (from < b->n_atoms && b->atoms[from].range.end <= mark.start) from++;
        for (int i = from; i < b->n_atoms && b->atoms[i].range.start < mark.end; i++) has |= b->atoms[i].segment == s;
        for (int i = from; i < b->n_atoms && b->atoms[i].range.start < mark.end && !has; i++) {
            atom *a = &b->atoms[i];
            if (a->segment >= 0 || is_fixed(b, a->first) || a->range.start == a->range.end) continue;
            a->segment = s;
            free_atom = true;
        }
        if (!has && !free_atom)
            return jp_fail(e, JOPA_ERROR_INPUT,
                           "the mark at byte %zu of the templated text shares its only token with another mark: mark "
                           "them together",
                           mark.start);
    }
    return JP_OK;
}

/* ---- units ---------------------------------------------------------------------------------------------------- */

/* A token that is never hidden may hold the rest of a character: the range has all of it. */
static jp_range whole_characters(const jp_prompt *p, jp_range r) {
    while (r.start && !jp_utf8_is_boundary(p->text, p->size, r.start)) r.start--;
    while (r.end < p->size && !jp_utf8_is_boundary(p->text, p->size, r.end)) r.end++;
    return r;
}

static int make_units(builder *b, jopa_error *e) {
    jp_prompt *p = b->p;
    int        n = 0;
    jp_unit   *units = calloc((size_t)b->n_atoms + 1, sizeof *units);
    if (!units) return jp_fail_memory(e);
    for (int i = 0; i < p->n_tokens; i++) p->tokens[i].unit = -1;
    for (int i = 0; i < b->n_atoms; i++) {
        const atom *a = &b->atoms[i];
        if (a->segment < 0) continue;
        bool same = i && b->atoms[i - 1].segment == a->segment && b->o->kind != JP_UNIT_TOKEN;
        if (!same)
            units[n++] = (jp_unit){
                .start = a->range.start, .first = a->first, .role = b->areas[b->segment_area[a->segment]].span};
        units[n - 1].end = a->range.end;
        units[n - 1].last = a->last;
        for (int t = a->first; t < a->last; t++) p->tokens[t].unit = n - 1;
    }
    for (int u = 0; u < n; u++) {
        const jp_span *span = &p->spans[units[u].role];
        jp_range       r = whole_characters(p, (jp_range){units[u].start, units[u].end});
        if (b->o->kind != JP_UNIT_TOKEN) r = jp_boundary_trim(p->text, overlap(r, (jp_range){span->start, span->end}));
        units[u].start = r.start;
        units[u].end = r.end;
    }
    free(p->units);
    p->units = units;
    p->n_units = n;
    return JP_OK;
}

static int nothing_units(const builder *b, jopa_error *e) {
    const jp_prompt *p = b->p;
    const char      *roles = b->o->mask_roles;
    bool             present = false;
    for (int s = 0; s < p->n_spans; s++) present |= jp_role_listed(roles, p->spans[s].role);
    if (!present)
        return jp_fail(e, JOPA_ERROR_INPUT, "nothing to hide: no message with text has a role in '%s'",
                       jp_excerpt(roles, 200).text);
    if (b->o->kind == JP_UNIT_MARKED)
        return jp_fail(e, JOPA_ERROR_INPUT, "nothing to hide: put {{ and }} around spans in the text of '%s'",
                       jp_excerpt(roles, 200).text);
    return jp_fail(e, JOPA_ERROR_INPUT, "nothing to hide: the text of '%s' has no %s", jp_excerpt(roles, 200).text,
                   kinds[b->o->kind].name);
}

int jp_units_build(jp_prompt *p, const jp_unit_options *options, jopa_error *e) {
    builder b = {.p = p, .o = options};
    int     status = find_areas(&b, e);
    if (!status) status = find_segments(&b, e);
    if (!status && !b.n_segments && !options->may_lack) status = nothing_units(&b, e);
    if (!status) status = find_atoms(&b, e);
    if (!status) assign_atoms(&b);
    if (!status && options->kind == JP_UNIT_MARKED) status = assign_marks(&b, e);
    if (!status) status = make_units(&b, e);
    if (!status && !p->n_units && !options->may_lack) status = nothing_units(&b, e);
    builder_free(&b);
    return status;
}
