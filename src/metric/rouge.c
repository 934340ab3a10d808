/* ROUGE-1 and ROUGE-L. */
#include <stdlib.h>
#include <string.h>

#include "metric/tally.h"
#include "metric/words.h"

typedef struct {
    int *ids; /* entry of each word in the tally */
    int  n;
} sequence;

/* Unicode lower casing as far as it leads to a letter or digit of ASCII: returns the bytes that `s` begins with and
 * that lower to *c, 0 when they lower to something else. U+0130 lowers to i and a combining dot, which separates. */
static size_t lower_rouge(const unsigned char *s, char *c, bool *separates) {
    *separates = false;
    if ((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= '0' && s[0] <= '9')) return *c = (char)s[0], 1;
    if (s[0] >= 'A' && s[0] <= 'Z') return *c = (char)(s[0] - 'A' + 'a'), 1;
    if (s[0] == 0xe2 && s[1] == 0x84 && s[2] == 0xaa) return *c = 'k', 3; /* KELVIN SIGN */
    if (s[0] == 0xc4 && s[1] == 0xb0) return *separates = true, *c = 'i', 2;
    return 0;
}

static bool end_word(jp_tally *tally, int text, char *word, size_t *size, sequence *out) {
    if (!*size) return true;
    int id = jp_tally_add(tally, text, word, *size);
    *size = 0;
    out->ids[out->n++] = id;
    return id >= 0;
}

/* The words of `text` in order; out->ids is malloc'd. */
static int split_rouge(jp_tally *tally, int text, const char *bytes, sequence *out, jopa_error *e) {
    size_t length = strlen(bytes), size = 0;
    char  *word = malloc(length + 1);
    bool   ok = word && (out->ids = malloc((length + 1) * sizeof *out->ids));
    for (size_t at = 0; ok && at < length;) {
        bool   separates;
        size_t step = lower_rouge((const unsigned char *)bytes + at, &word[size], &separates);
        if (step) size++;
        if (!step || separates) ok = end_word(tally, text, word, &size, out);
        at += step ? step : 1;
    }
    if (ok) ok = end_word(tally, text, word, &size, out);
    free(word);
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

int jp_rouge(const char *hypothesis, const char *reference, jp_rouge_scores *out, jopa_error *e) {
    jp_tally tally = {0};
    sequence h = {0}, r = {0};
    int      status = split_rouge(&tally, 0, hypothesis, &h, e);
    if (!status) status = split_rouge(&tally, 1, reference, &r, e);
    int *row = status ? NULL : malloc((size_t)(r.n + 1) * sizeof *row);
    if (!status && !row) status = jp_fail_memory(e);
    if (!status) {
        out->rouge1 = f_measure(jp_tally_common(&tally), h.n, r.n);
        out->rougeL = f_measure(longest_common(&h, &r, row), h.n, r.n);
    }
    free(row);
    free(h.ids);
    free(r.ids);
    jp_tally_free(&tally);
    return status;
}
