/* Sentence BLEU over the tokens of mteval-v13a. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "metric/tally.h"
#include "metric/words.h"

enum { ORDERS = 4 };

/* ---- tokenizer 13a: passes over bytes, which is the same as over characters since each pattern that names characters
 * names those of ASCII, and the others are matched whole by "not a digit" ------------------------------------------ */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_stop(char c) { return c == '.' || c == ','; }

/* ASCII punctuation but ' , - . and the space, which is a no-op */
static bool is_symbol(char c) { return c && strchr("{|}~[\\]^_`!\"#$%&()*+:;<=>?@/", c); }

/* Append `text` with each `from` replaced by `to`, left to right. */
static void replace(jp_buffer *out, const char *text, const char *from, const char *to) {
    for (const char *hit; (hit = strstr(text, from)); text = hit + strlen(from)) {
        jp_buffer_bytes(out, text, (size_t)(hit - text));
        jp_buffer_text(out, to);
    }
    jp_buffer_text(out, text);
}

static void symbols_apart(jp_buffer *out, const char *text) {
    for (; *text; text++) {
        if (is_symbol(*text)) jp_buffer_format(out, " %c ", *text);
        else jp_buffer_bytes(out, text, 1);
    }
}

/* Each pass is a substitution of non-overlapping pairs, left to right. */
typedef enum { STOP_AFTER_NON_DIGIT, STOP_BEFORE_NON_DIGIT, DASH_AFTER_DIGIT } pair_rule;

static void pairs_apart(jp_buffer *out, const char *text, pair_rule rule) {
    while (*text) {
        char a = text[0], b = text[1];
        if (rule == STOP_AFTER_NON_DIGIT && b && !is_digit(a) && is_stop(b)) {
            jp_buffer_format(out, "%c %c ", a, b);
        } else if (rule == STOP_BEFORE_NON_DIGIT && b && is_stop(a) && !is_digit(b)) {
            jp_buffer_format(out, " %c %c", a, b);
        } else if (rule == DASH_AFTER_DIGIT && is_digit(a) && b == '-') {
            jp_buffer_format(out, "%c %c ", a, b);
        } else {
            jp_buffer_bytes(out, text++, 1);
            continue;
        }
        text += 2;
    }
}

/* Bytes of the white space character (Python's str.split) that `s` begins with, 0 if none. */
static size_t white_space(const unsigned char *s) {
    if ((s[0] >= 9 && s[0] <= 13) || (s[0] >= 28 && s[0] <= 32)) return 1;
    if (s[0] == 0xc2) return s[1] == 0x85 || s[1] == 0xa0 ? 2 : 0;
    if (s[0] < 0xe1 || s[0] > 0xe3 || !s[1] || !s[2]) return 0;
    unsigned c = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    bool     space = c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
                 c == 0x205f || c == 0x3000;
    return space ? 3 : 0;
}

/* Cut white space off the end. */
static void strip_end(char *text) {
    size_t end = 0, size;
    for (size_t at = 0; text[at]; at += size ? size : 1) {
        size = white_space((const unsigned char *)text + at);
        if (!size) end = at + 1;
    }
    text[end] = '\0';
}

typedef void pass(jp_buffer *out, const char *text);
static void  skipped(jp_buffer *out, const char *text) { replace(out, text, "<skipped>", ""); }
static void  hyphens(jp_buffer *out, const char *text) { replace(out, text, "-\n", ""); }
static void  newlines(jp_buffer *out, const char *text) { replace(out, text, "\n", " "); }
static void  quotes(jp_buffer *out, const char *text) { replace(out, text, "&quot;", "\""); }
static void  ampersands(jp_buffer *out, const char *text) { replace(out, text, "&amp;", "&"); }
static void  less(jp_buffer *out, const char *text) { replace(out, text, "&lt;", "<"); }
static void  greater(jp_buffer *out, const char *text) { replace(out, text, "&gt;", ">"); }
static void  pad(jp_buffer *out, const char *text) { jp_buffer_format(out, " %s ", text); }
static void  stops_after(jp_buffer *out, const char *text) { pairs_apart(out, text, STOP_AFTER_NON_DIGIT); }
static void  stops_before(jp_buffer *out, const char *text) { pairs_apart(out, text, STOP_BEFORE_NON_DIGIT); }
static void  dashes(jp_buffer *out, const char *text) { pairs_apart(out, text, DASH_AFTER_DIGIT); }

/* malloc'd text whose tokens are separated by white space; NULL without memory */
static char *tokenize(const char *text) {
    static pass *const PASSES[] = {skipped, hyphens, newlines,      quotes,      ampersands,   less,
                                   greater, pad,     symbols_apart, stops_after, stops_before, dashes};
    char              *current = jp_utf8_repair(text, strlen(text));
    if (current) strip_end(current);
    for (size_t i = 0; current && i < sizeof PASSES / sizeof *PASSES; i++) {
        jp_buffer out = {0};
        PASSES[i](&out, current);
        free(current);
        current = jp_buffer_take(&out, NULL);
    }
    return current;
}

/* ---- n-grams ---------------------------------------------------------------------------------------------------- */

/* Count the words of `tokens` in words, and the n-grams of their ids in ngrams[1..3]; *n: how many words. */
static bool count(jp_tally *words, jp_tally *ngrams, int text, const char *tokens, int *n) {
    int *ids = malloc((strlen(tokens) + 1) * sizeof *ids);
    bool ok = ids;
    *n = 0;
    for (const char *at = tokens; ok && *at;) {
        size_t size = 0, space = white_space((const unsigned char *)at);
        while (!space && at[size] && !white_space((const unsigned char *)at + size)) size++;
        if (size) ok = (ids[(*n)++] = jp_tally_add(words, text, at, size)) >= 0;
        at += space ? space : size;
    }
    for (int order = 2; order <= ORDERS; order++)
        for (int i = 0; ok && i + order <= *n; i++)
            ok = jp_tally_add(&ngrams[order - 1], text, ids + i, (size_t)order * sizeof *ids) >= 0;
    free(ids);
    return ok;
}

/* Brevity penalty times the geometric mean of the precisions; an order without a match counts as half of, a quarter of,
 * ... one match. */
static double score_bleu(const jp_tally *ngrams, int hypothesis, int reference) {
    double log_sum = 0, smooth = 1;
    int    order = 0, matches = 0;
    for (; order < ORDERS && hypothesis > order; order++) {
        int    common = jp_tally_common(&ngrams[order]);
        double total = hypothesis - order;
        matches += common;
        if (!common) smooth *= 2;
        log_sum += log(100 * (common ? common : 1 / smooth) / total);
    }
    if (!matches) return 0;
    double brevity = hypothesis < reference ? exp(1 - (double)reference / hypothesis) : 1;
    return brevity * exp(log_sum / order);
}

int jp_bleu(const char *hypothesis, const char *reference, double *out, jopa_error *e) {
    jp_tally ngrams[ORDERS] = {0};
    char    *h = tokenize(hypothesis), *r = tokenize(reference);
    int      n_h = 0, n_r = 0;
    bool     ok = h && r && count(&ngrams[0], ngrams, 0, h, &n_h) && count(&ngrams[0], ngrams, 1, r, &n_r);
    if (ok) *out = score_bleu(ngrams, n_h, n_r);
    for (int i = 0; i < ORDERS; i++) jp_tally_free(&ngrams[i]);
    free(h);
    free(r);
    return ok ? JP_OK : jp_fail_memory(e);
}
