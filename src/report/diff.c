#include "report/diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

enum { MAX_CELLS = 1 << 24 };

typedef struct {
    const char *text;
    size_t     *starts; /* [n + 1] */
    bool       *same;   /* [n] */
    int         n;
} words;

typedef enum { WORD, SPACE, SIGN } kind; /* a sign is a word of its own */

static kind kind_of(char c) {
    unsigned char byte = (unsigned char)c;
    if (byte >= 0xe2) return SIGN; /* typographic marks, CJK, emoji */
    return byte >= 0x80 || jp_ascii_is_alnum(c) ? WORD : jp_ascii_is_space(c) ? SPACE : SIGN;
}

static int split_diff(const char *text, words *w, jopa_error *e) {
    size_t size = strlen(text);
    *w = (words){text, calloc(size + 1, sizeof *w->starts), calloc(size + 1, sizeof *w->same), 0};
    if (!w->starts || !w->same) return jp_fail_memory(e);
    for (size_t at = 0; at < size;) {
        w->starts[w->n++] = at;
        kind now = kind_of(text[at]);
        for (at++;
             at < size && ((now != SIGN && kind_of(text[at]) == now) || ((unsigned char)text[at] & 0xc0) == 0x80);)
            at++;
    }
    w->starts[w->n] = size;
    return JP_OK;
}

static bool equal(const words *a, int i, const words *b, int j) {
    size_t size = a->starts[i + 1] - a->starts[i];
    return size == b->starts[j + 1] - b->starts[j] && !memcmp(a->text + a->starts[i], b->text + b->starts[j], size);
}

/* Mark the common subsequence of a[from, a_to) and b[from, b_to): lengths[i][j] is its length from (i, j) on. */
static int mark_common(words *a, int a_to, words *b, int b_to, int from, jopa_error *e) {
    size_t rows = (size_t)(a_to - from) + 1, columns = (size_t)(b_to - from) + 1;
    if (rows * columns > MAX_CELLS) return JP_OK;
    uint16_t *lengths = calloc(rows * columns, sizeof *lengths);
    if (!lengths) return jp_fail_memory(e);
    for (size_t i = rows - 1; i-- > 0;)
        for (size_t j = columns - 1; j-- > 0;) {
            uint16_t *here = lengths + i * columns + j, skip_a = here[columns], skip_b = here[1];
            *here = equal(a, from + (int)i, b, from + (int)j) ? (uint16_t)(here[columns + 1] + 1)
                    : skip_a > skip_b                         ? skip_a
                                                              : skip_b;
        }
    for (size_t i = 0, j = 0; i + 1 < rows && j + 1 < columns;) {
        const uint16_t *here = lengths + i * columns + j;
        if (equal(a, from + (int)i, b, from + (int)j)) a->same[from + (int)i++] = b->same[from + (int)j++] = true;
        else if (here[columns] >= here[1]) i++;
        else j++;
    }
    free(lengths);
    return JP_OK;
}

/* White space alone between two differences belongs to them. */
static bool shown_same(const words *w, int i) {
    if (!w->same[i]) return false;
    bool space = kind_of(w->text[w->starts[i]]) == SPACE;
    return !space || i == 0 || i + 1 == w->n || w->same[i - 1] || w->same[i + 1];
}

static int make_runs(const words *w, jp_diff *out, jopa_error *e) {
    *out = (jp_diff){calloc((size_t)w->n + 1, sizeof *out->runs), 0};
    if (!out->runs) return jp_fail_memory(e);
    for (int i = 0; i < w->n; i++) {
        bool same = shown_same(w, i);
        if (out->n && out->runs[out->n - 1].same == same) out->runs[out->n - 1].end = w->starts[i + 1];
        else out->runs[out->n++] = (jp_diff_run){w->starts[i], w->starts[i + 1], same};
    }
    return JP_OK;
}

static int compare_diff(words *a, words *b, jopa_error *e) {
    int from = 0, a_to = a->n, b_to = b->n;
    for (; from < a_to && from < b_to && equal(a, from, b, from); from++) a->same[from] = b->same[from] = true;
    for (; a_to > from && b_to > from && equal(a, a_to - 1, b, b_to - 1); a_to--, b_to--)
        a->same[a_to - 1] = b->same[b_to - 1] = true;
    return mark_common(a, a_to, b, b_to, from, e);
}

int jp_diff_texts(const char *a, const char *b, jp_diff *in_a, jp_diff *in_b, jopa_error *e) {
    words left = {0}, right = {0};
    *in_a = *in_b = (jp_diff){0};
    int status = split_diff(a, &left, e);
    if (!status) status = split_diff(b, &right, e);
    if (!status) status = compare_diff(&left, &right, e);
    if (!status) status = make_runs(&left, in_a, e);
    if (!status) status = make_runs(&right, in_b, e);
    free(left.starts);
    free(left.same);
    free(right.starts);
    free(right.same);
    if (status) {
        free(in_a->runs);
        free(in_b->runs);
        *in_a = *in_b = (jp_diff){0};
    }
    return status;
}
