#include "prompt/boundary.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

/* ---- characters ----------------------------------------------------------------------------------------- */

static UChar32 next_char(const char *text, size_t end, size_t *at) {
    const uint8_t *s = (const uint8_t *)text;
    UChar32        c;
    size_t         i = *at;
    U8_NEXT(s, i, end, c);
    *at = i;
    return c;
}

size_t jp_boundary_ink(const char *text, jp_range range) {
    size_t ink = 0;
    for (size_t at = range.start; at < range.end;) {
        size_t from = at;
        if (!u_isUWhiteSpace(next_char(text, range.end, &at))) ink += at - from;
    }
    return ink;
}

jp_range jp_boundary_trim(const char *text, jp_range range) {
    jp_range kept = {range.end, range.start};
    for (size_t at = range.start; at < range.end;) {
        size_t from = at;
        if (u_isUWhiteSpace(next_char(text, range.end, &at))) continue;
        if (kept.start > from) kept.start = from;
        kept.end = at;
    }
    return kept.start < kept.end ? kept : range;
}

/* ---- raw pieces and who owns them ------------------------------------------------------------------------- */

typedef enum { SPACE, PUNCTUATION, WORD } piece_class;

/* A raw piece; `owner` is the index of the piece that it becomes one with. */
typedef struct {
    jp_range range;
    piece_class class;
    bool newline; /* ends a line */
    bool letters;
    int  owner;
} piece;

typedef struct {
    piece *items;
    int    n, capacity;
} piece_list;

static void classify(const char *text, piece *p) {
    bool ink = false, word = false;
    for (size_t at = p->range.start; at < p->range.end;) {
        UChar32  c = next_char(text, p->range.end, &at);
        uint32_t category = U_GET_GC_MASK(c);
        ink |= !u_isUWhiteSpace(c);
        word |=
            (category & (U_GC_L_MASK | U_GC_N_MASK)) || u_hasBinaryProperty(c, UCHAR_EMOJI_PRESENTATION) || c == 0xfe0f;
        p->letters |= (category & U_GC_L_MASK) != 0;
        p->newline = c == '\n';
    }
    p->class = word ? WORD : ink ? PUNCTUATION : SPACE;
}

static int add_piece_boundary(piece_list *l, const char *text, size_t start, size_t end, jopa_error *e) {
    if (start >= end) return JP_OK;
    if (l->n == l->capacity) {
        int    capacity = l->capacity ? 2 * l->capacity : 64;
        piece *items = realloc(l->items, (size_t)capacity * sizeof *items);
        if (!items) return jp_fail_memory(e);
        l->items = items;
        l->capacity = capacity;
    }
    piece *p = &l->items[l->n];
    *p = (piece){.range = {start, end}, .owner = l->n};
    classify(text, p);
    l->n++;
    return JP_OK;
}

static int cut_icu(piece_list *l, UBreakIteratorType type, const char *locale, const char *text, jp_range range,
                   jopa_error *e) {
    UErrorCode      code = U_ZERO_ERROR;
    UText           view = UTEXT_INITIALIZER;
    UBreakIterator *it = ubrk_open(type, locale, NULL, 0, &code);
    utext_openUTF8(&view, text + range.start, (int64_t)(range.end - range.start), &code);
    if (it) ubrk_setUText(it, &view, &code);
    int status =
        U_FAILURE(code) ? jp_fail(e, JOPA_ERROR_UNSUPPORTED, "ICU cannot cut the text: %s", u_errorName(code)) : JP_OK;
    int32_t from = 0;
    for (int32_t to; !status && (to = ubrk_next(it)) != UBRK_DONE; from = to)
        status = add_piece_boundary(l, text, range.start + (size_t)from, range.start + (size_t)to, e);
    if (it) ubrk_close(it);
    utext_close(&view);
    return status;
}

static int cut_lines(piece_list *l, const char *text, jp_range range, jopa_error *e) {
    int status = JP_OK;
    for (size_t from = range.start; from < range.end && !status;) {
        const char *end = memchr(text + from, '\n', range.end - from);
        size_t      to = end ? (size_t)(end - text) + 1 : range.end;
        status = add_piece_boundary(l, text, from, to, e);
        from = to;
    }
    return status;
}

/* ---- owners: always non-decreasing, so that what has one owner is contiguous ------------------------------ */

static int next_of(const piece_list *l, int from, piece_class at_least) {
    while (from < l->n && l->items[from].class < at_least) from++;
    return from < l->n ? from : -1;
}

/* The word that the run [i, j) of punctuation joins. `word`, `following`: the words before and after it, or -1;
 * `newline`: a line has ended since `word`. */
static int punctuation_owner(const piece_list *l, int i, int j, int word, int following, bool newline) {
    if (word < 0 && following < 0) return next_of(l, 0, PUNCTUATION);
    if (word >= 0 && word == i - 1) return word;
    if (following >= 0 && (following == j || newline || word < 0)) return following;
    return word;
}

static void own_words(piece_list *l) {
    int  word = -1, following = next_of(l, 0, WORD);
    bool newline = false;
    for (int i = 0; i < l->n; i++) {
        piece *p = &l->items[i];
        if (p->class == SPACE) newline |= p->newline;
        if (p->class == WORD) {
            word = i;
            newline = false;
        }
        if (p->class != PUNCTUATION) continue;
        int j = i;
        while (j < l->n && l->items[j].class == PUNCTUATION) j++;
        if (following >= 0 && following < j) following = next_of(l, j, WORD);
        int owner = punctuation_owner(l, i, j, word, following, newline);
        for (; i < j; i++) l->items[i].owner = owner;
        i--;
    }
    for (int i = 0; i < l->n; i++) { /* then each run [i, j) of white space */
        int j = i;
        newline = false;
        for (; j < l->n && l->items[j].class == SPACE; j++) newline |= l->items[j].newline;
        bool back = i > 0 && (newline || j == l->n);
        int  owner = back ? l->items[i - 1].owner : j < l->n ? l->items[j].owner : i;
        for (; i < j; i++) l->items[i].owner = owner;
    }
}

/* Blank pieces join what precedes them, or what follows when nothing does. */
static void own_blanks(piece_list *l) {
    int first = next_of(l, 0, PUNCTUATION);
    for (int i = 0; i < l->n; i++)
        if (l->items[i].class == SPACE) l->items[i].owner = i > first && i ? l->items[i - 1].owner : first;
}

/* "1. ", "(2) ", "* " at the start of a line */
static bool is_enumerator(const piece_list *l, int i) {
    const piece *p = &l->items[i];
    bool         line_start = i == 0 || l->items[i - 1].newline;
    return line_start && p->class != SPACE && !p->letters && !p->newline && p->range.end - p->range.start <= 6;
}

/* Ends in a title that stands before a name and that CLDR leaves out of its abbreviations. */
static bool ends_in_title(const char *text, const piece *p) {
    static const char *const titles[] = {"Dr.",  "Ms.",  "St.",  "Mt.",  "Lt.",  "Col.", "Gen.",
                                         "Sgt.", "Rev.", "Hon.", "Sen.", "Rep.", "Gov."};
    jp_range                 r = jp_boundary_trim(text, p->range);
    if (p->newline) return false;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        size_t length = strlen(titles[i]), at = r.end - length;
        if (r.end - r.start < length || memcmp(text + at, titles[i], length)) continue;
        if (at == r.start || strchr(" \t\n(\"'", text[at - 1])) return true;
    }
    return false;
}

enum { LONGEST_ABBREVIATION = 24 };

/* Whether a sentence goes on after `word` (ASCII, with its full stop), by CLDR's list of abbreviations. */
static bool goes_on(UBreakIterator *cldr, const char *word, size_t size) {
    UChar      text[LONGEST_ABBREVIATION + 3];
    UErrorCode code = U_ZERO_ERROR;
    for (size_t i = 0; i < size; i++) text[i] = (UChar)(unsigned char)word[i];
    text[size] = ' ';
    text[size + 1] = text[size + 2] = 'A';
    ubrk_setText(cldr, text, (int32_t)size + 3, &code);
    return U_SUCCESS(code) && ubrk_next(cldr) == (int32_t)size + 3;
}

static bool is_letter_boundary(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Ends in an abbreviation: the whole word is one. ICU matches ends of words too, so that "G." makes one of "ZORG.":
 * a word whose rest without its first letters is one already is none itself. */
static bool ends_in_abbreviation(UBreakIterator *cldr, const char *text, const piece *p) {
    jp_range r = jp_boundary_trim(text, p->range);
    size_t   from = r.end;
    if (p->newline || text[r.end - 1] != '.') return false;
    while (from > r.start && (is_letter_boundary(text[from - 1]) || text[from - 1] == '.')) from--;
    if (r.end - from > LONGEST_ABBREVIATION || !goes_on(cldr, text + from, r.end - from)) return false;
    for (size_t at = from + 1; at < r.end; at++)
        if (is_letter_boundary(text[at]) && is_letter_boundary(text[at - 1]) && goes_on(cldr, text + at, r.end - at))
            return false;
    return true;
}

static int own_sentences(piece_list *l, const char *text, jopa_error *e) {
    UErrorCode      code = U_ZERO_ERROR;
    UBreakIterator *cldr = ubrk_open(UBRK_SENTENCE, "en@ss=standard", NULL, 0, &code);
    if (U_FAILURE(code)) return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "ICU cannot cut the text: %s", u_errorName(code));
    for (int i = l->n - 2; i >= 0; i--) {
        const piece *p = &l->items[i];
        if (l->items[i + 1].class == SPACE) continue;
        if (is_enumerator(l, i) || ends_in_title(text, p) || ends_in_abbreviation(cldr, text, p))
            l->items[i].owner = l->items[i + 1].owner;
    }
    ubrk_close(cldr);
    own_blanks(l);
    return JP_OK;
}

static void own_paragraphs(piece_list *l) {
    for (int i = 1; i < l->n; i++)
        if (l->items[i].class != SPACE && l->items[i - 1].class != SPACE) l->items[i].owner = l->items[i - 1].owner;
    own_blanks(l);
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

static int merge(const piece_list *l, jp_range **out, int *n, jopa_error *e) {
    jp_range *grown = realloc(*out, ((size_t)*n + (size_t)l->n + 1) * sizeof *grown);
    if (!grown) return jp_fail_memory(e);
    *out = grown;
    for (int i = 0; i < l->n; i++) {
        if (i && l->items[i].owner == l->items[i - 1].owner) grown[*n - 1].end = l->items[i].range.end;
        else grown[(*n)++] = l->items[i].range;
    }
    return JP_OK;
}

int jp_boundary_find(jp_unit_kind kind, const char *text, jp_range range, jp_range **out, int *n, jopa_error *e) {
    piece_list l = {0};
    int        status = JP_OK;
    if (!jp_boundary_ink(text, range)) return JP_OK;
    switch (kind) {
    case JP_UNIT_WORD: status = cut_icu(&l, UBRK_WORD, "root", text, range, e); break;
    case JP_UNIT_SENTENCE: status = cut_icu(&l, UBRK_SENTENCE, "en", text, range, e); break;
    default: status = cut_lines(&l, text, range, e);
    }
    if (!status) {
        if (kind == JP_UNIT_WORD) own_words(&l);
        if (kind == JP_UNIT_SENTENCE) status = own_sentences(&l, text, e);
        if (kind == JP_UNIT_LINE) own_blanks(&l);
        if (kind == JP_UNIT_PARAGRAPH) own_paragraphs(&l);
        if (!status) status = merge(&l, out, n, e);
    }
    free(l.items);
    return status;
}
