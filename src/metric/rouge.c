/* ROUGE-1 and ROUGE-L. */
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/script.h"
#include "metric/tally.h"
#include "metric/words.h"

typedef struct {
    int *ids; /* entry of each word in the tally */
    int  n;
} sequence;

/* What a character is to the word before it. */
typedef enum { SEPARATES, CONTINUES, BEGINS } joining;

/* A word in hand: text 0 or 1, its lower case bytes. */
typedef struct {
    jp_tally *tally;
    int       text;
    char     *bytes;
    size_t    size;
    bool      alone; /* it is one character and its marks */
    sequence *out;
} word_builder;

/* `all`: every character that is no white space is a word. */
static joining joining_of(const word_builder *w, UChar32 c, bool all) {
    uint32_t category = c < 0 ? 0 : U_GET_GC_MASK(c);
    if (all) return c >= 0 && u_isUWhiteSpace(c) ? SEPARATES : BEGINS;
    if (category & U_GC_M_MASK) return CONTINUES;
    if (!(category & (U_GC_L_MASK | U_GC_N_MASK))) return SEPARATES;
    return jp_script_without_spaces(c) || w->alone ? BEGINS : CONTINUES;
}

static bool end_word(word_builder *w) {
    if (!w->size) return true;
    int id = jp_tally_add(w->tally, w->text, w->bytes, w->size);
    w->size = 0;
    w->alone = false;
    w->out->ids[w->out->n++] = id;
    return id >= 0;
}

static bool add_character(word_builder *w, UChar32 c, bool all) {
    joining how = joining_of(w, c, all);
    if (how != CONTINUES && !end_word(w)) return false;
    if (how == SEPARATES) return true;
    if (!w->size) w->alone = jp_script_without_spaces(c);
    uint32_t lower = c < 0 ? 0xfffd : (uint32_t)u_tolower(c);
    U8_APPEND_UNSAFE((uint8_t *)w->bytes, w->size, lower);
    return true;
}

/* The words of `text` in order; out->ids is malloc'd. A character takes three times its bytes at most: invalid ones
 * become U+FFFD. */
static int split_rouge(jp_tally *tally, int text, const char *bytes, bool all, sequence *out, jopa_error *e) {
    size_t length = strlen(bytes);
    *out = (sequence){malloc((length + 1) * sizeof *out->ids), 0};
    word_builder w = {tally, text, malloc(3 * length + 1), 0, false, out};
    bool         ok = w.bytes && out->ids;
    for (size_t at = 0; ok && at < length;) {
        UChar32 c;
        U8_NEXT((const uint8_t *)bytes, at, length, c);
        ok = add_character(&w, c, all);
    }
    if (ok) ok = end_word(&w);
    free(w.bytes);
    return ok ? JP_OK : jp_fail_memory(e);
}

/* Length of the longest common subsequence; row[b->n + 1] is scratch. */
static int longest_common(const sequence *a, const sequence *b, int *row) {
    memset(row, 0, (size_t)(b->n + 1) * sizeof *row);
    for (int i = 0; i < a->n; i++) {
        int diagonal = 0;
        for (int j = 0; j < b->n; j++) {
            int above = row[j + 1];
            if (a->ids[i] == b->ids[j]) row[j + 1] = diagonal + 1;
            else if (row[j] > above) row[j + 1] = row[j];
            diagonal = above;
        }
    }
    return row[b->n];
}

static double f_measure(int matches, int hypothesis, int reference) {
    if (!matches) return 0;
    double precision = (double)matches / hypothesis, recall = (double)matches / reference;
    return 2 * precision * recall / (precision + recall);
}

static void free_words(jp_tally *tally, sequence *h, sequence *r) {
    free(h->ids);
    free(r->ids);
    jp_tally_free(tally);
    *h = *r = (sequence){0};
}

static int split_both(jp_tally *tally, const char *hypothesis, const char *reference, bool all, sequence *h,
                      sequence *r, jopa_error *e) {
    int status = split_rouge(tally, 0, hypothesis, all, h, e);
    return status ? status : split_rouge(tally, 1, reference, all, r, e);
}

int jp_rouge(const char *hypothesis, const char *reference, jp_rouge_scores *out, jopa_error *e) {
    jp_tally tally = {0};
    sequence h = {0}, r = {0};
    int      status = split_both(&tally, hypothesis, reference, false, &h, &r, e);
    if (!status && !h.n && !r.n) { /* signs alone are compared one by one */
        free_words(&tally, &h, &r);
        status = split_both(&tally, hypothesis, reference, true, &h, &r, e);
    }
    int *row = status ? NULL : malloc((size_t)(r.n + 1) * sizeof *row);
    if (!status && !row) status = jp_fail_memory(e);
    if (!status) {
        bool blank = !h.n && !r.n && *hypothesis && !strcmp(hypothesis, reference);
        out->rouge1 = blank ? 1 : f_measure(jp_tally_common(&tally), h.n, r.n);
        out->rougeL = blank ? 1 : f_measure(longest_common(&h, &r, row), h.n, r.n);
    }
    free(row);
    free_words(&tally, &h, &r);
    return status;
}
