#include "use/refusal.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "base/buffer.h"
#include "prompt/boundary.h"
#include "use/refusal-rules.h"

/* ---- folding ----------------------------------------------------------------------------------------------------- */

/* `text` with the ASCII apostrophe for the others; NULL without memory. */
static char *plain_apostrophes(const char *text, jp_range r) {
    static const char *const others[] = {"\xe2\x80\x98", "\xe2\x80\x99", "\xca\xbc"}; /* U+2018, U+2019, U+02BC */
    jp_buffer                out = {0};
    for (size_t at = r.start; at < r.end;) {
        size_t size = 0;
        for (size_t i = 0; i < sizeof others / sizeof *others && !size; i++)
            if (r.end - at >= strlen(others[i]) && !memcmp(text + at, others[i], strlen(others[i])))
                size = strlen(others[i]);
        jp_buffer_bytes(&out, size ? "'" : text + at, 1);
        at += size ? size : 1;
    }
    return jp_buffer_take(&out, NULL);
}

/* NFKC with case folding (Unicode 3.13) of UTF-16 into malloc'd UTF-8; NULL without memory. */
static char *fold_units(const UChar *units, int32_t n) {
    UErrorCode          code = U_ZERO_ERROR;
    const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&code);
    int32_t             most = 18 * n + 1, size = 0; /* the longest expansion of a character */
    UChar              *folded = malloc((size_t)most * sizeof *folded);
    char               *out = calloc(3 * (size_t)most + 1, 1);
    if (folded && out) {
        size = unorm2_normalize(fold, units, n, folded, most, &code);
        u_strToUTF8WithSub(out, 3 * most + 1, NULL, folded, size, 0xfffd, NULL, &code);
    }
    free(folded);
    if (out && U_SUCCESS(code)) return out;
    free(out);
    return NULL;
}

static char *fold_sentence(const char *text, jp_range r) {
    UErrorCode code = U_ZERO_ERROR;
    char      *plain = plain_apostrophes(text, r), *out = NULL;
    size_t     size = plain ? strlen(plain) : 0;
    UChar     *units = plain ? malloc((size + 1) * sizeof *units) : NULL;
    int32_t    n = 0;
    if (units) u_strFromUTF8WithSub(units, (int32_t)size + 1, &n, plain, (int32_t)size, 0xfffd, NULL, &code);
    if (units && U_SUCCESS(code)) out = fold_units(units, n);
    free(units);
    free(plain);
    return out;
}

/* ---- phrases ------------------------------------------------------------------------------------------------------
 */

static bool is_letter_at(const char *text, size_t at) {
    UChar32 c;
    size_t  size = strlen(text);
    U8_NEXT((const uint8_t *)text, at, size, c);
    return c >= 0 && u_hasBinaryProperty(c, UCHAR_ALPHABETIC);
}

/* Whether a phrase may begin at `at`: before Hebrew and on, words have prefixes or no spaces. */
static bool may_begin(const char *text, size_t at) {
    enum { FIRST_WITH_PREFIXES = 0xd6 }; /* U+0580 */
    if (!at || (unsigned char)text[at] >= FIRST_WITH_PREFIXES) return true;
    size_t before = at;
    while (before && ((unsigned char)text[--before] & 0xc0) == 0x80) continue;
    return !is_letter_at(text, before);
}

/* Bytes of the phrase at text + at, 0: another text. A space at its end asks for a word's end. */
static size_t phrase_size(const char *text, size_t at, const char *phrase, size_t size) {
    bool whole = size && phrase[size - 1] == ' ';
    if (whole) size--;
    if (strncmp(text + at, phrase, size)) return 0;
    return whole && is_letter_at(text, at + size) ? 0 : size;
}

/* Bytes of the longest phrase of the list that stands at text + at. */
static size_t listed_at(const char *text, size_t at, const char *list) {
    size_t best = 0;
    for (const char *p = list; *p;) {
        size_t size = strcspn(p, "|"), found = phrase_size(text, at, p, size);
        if (found > best) best = found;
        p += size + (p[size] == '|');
    }
    return best;
}

/* Where, from `from` on, a phrase of the list begins; its end at *end. False: nowhere. */
static bool find_listed(const char *text, size_t from, const char *list, size_t *start, size_t *end) {
    for (size_t at = from; text[at]; at++) {
        if (((unsigned char)text[at] & 0xc0) == 0x80 || !may_begin(text, at)) continue;
        size_t size = listed_at(text, at, list);
        if (!size) continue;
        *start = at;
        *end = at + size;
        return true;
    }
    return false;
}

static size_t next_word(const char *text, size_t at) {
    while (text[at] && !is_letter_at(text, at)) at += 1;
    return at;
}

static int words_between(const char *text, size_t from, size_t to) {
    int n = 0;
    for (size_t at = from; at < to; at++) n += text[at] == ' ';
    return n - 1;
}

/* Whether what is asked for stands behind the opener that ends at `end`, or anywhere. */
static bool asks_for(const char *text, const jp_refusal_rule *rule, size_t end) {
    size_t start, to;
    if (rule->apart < 0) return find_listed(text, 0, rule->stems, &start, &to);
    while (text[end] && is_letter_at(text, end)) end++;
    return find_listed(text, end, rule->stems, &start, &to) && words_between(text, end, start) <= rule->apart;
}

/* "help laughing", which is not to help. */
static bool is_helpless(const char *text, size_t at) {
    size_t from = at + strlen("help "), end = from;
    if (strncmp(text + at, "help ", from - at)) return false;
    while (text[end] && is_letter_at(text, end)) end++;
    return end - from > 3 && !strncmp(text + end - 3, "ing", 3);
}

/* Whether what has to be in the sentence too is there, and not as "not only". */
static bool denies(const char *text, const jp_refusal_rule *rule) {
    size_t start, end;
    return find_listed(text, 0, rule->no, &start, &end) &&
           !(rule->not_if && listed_at(text, next_word(text, end), rule->not_if));
}

static bool applies(const char *text, const jp_refusal_rule *rule) {
    size_t start, end;
    for (size_t from = 0; find_listed(text, from, rule->openers, &start, &end); from = start + 1) {
        if (rule->not_if && listed_at(text, next_word(text, end), rule->not_if)) continue;
        if (is_helpless(text, next_word(text, end)) || (rule->no && !denies(text, rule))) continue;
        if (!rule->stems || asks_for(text, rule, end)) return true;
    }
    return false;
}

static int refuses(const char *response, jp_range sentence, bool *yes, jopa_error *e) {
    const jp_refusal_rule *rule;
    char                  *text = fold_sentence(response, sentence);
    if (!text) return jp_fail_memory(e);
    *yes = false;
    for (int i = 0; !*yes && (rule = jp_refusal_rule_at(i)); i++) *yes = applies(text, rule);
    free(text);
    return JP_OK;
}

int jp_refusal_find(const char *response, bool *found, jp_range *out, jopa_error *e) {
    jp_range *sentences = NULL;
    int       n = 0;
    *found = false;
    int status = jp_boundary_find(JP_UNIT_SENTENCE, response, (jp_range){0, strlen(response)}, &sentences, &n, e);
    for (int i = 0; i < n && !status && !*found; i++) {
        status = refuses(response, sentences[i], found, e);
        if (!status && *found) *out = jp_boundary_trim(response, sentences[i]);
    }
    free(sentences);
    return status;
}
