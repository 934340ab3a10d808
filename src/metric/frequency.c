/* Total variation between word frequencies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/ucasemap.h>
#include <unicode/utext.h>

#include "metric/tally.h"
#include "metric/words.h"

/* Case folding by ICU into a malloc'd string; invalid bytes become U+FFFD on the way. */
static int fold(const char *text, char **out, jopa_error *e) {
    UErrorCode code = U_ZERO_ERROR;
    UCaseMap  *map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &code);
    if (U_FAILURE(code)) return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "ICU cannot fold case: %s", u_errorName(code));
    int32_t size = ucasemap_utf8FoldCase(map, NULL, 0, text, -1, &code);
    char   *folded = malloc((size_t)size + 1);
    code = U_ZERO_ERROR;
    if (folded) ucasemap_utf8FoldCase(map, folded, size + 1, text, -1, &code);
    ucasemap_close(map);
    if (!folded) return jp_fail_memory(e);
    *out = folded;
    return JP_OK;
}

static int count_words(jp_tally *tally, int which, const char *text, jopa_error *e) {
    UErrorCode      code = U_ZERO_ERROR;
    UText           view = UTEXT_INITIALIZER;
    UBreakIterator *it = ubrk_open(UBRK_WORD, "root", NULL, 0, &code);
    utext_openUTF8(&view, text, (int64_t)strlen(text), &code);
    if (it) ubrk_setUText(it, &view, &code);
    int status =
        U_FAILURE(code) ? jp_fail(e, JOPA_ERROR_UNSUPPORTED, "ICU cannot cut words: %s", u_errorName(code)) : JP_OK;
    int32_t from = 0;
    for (int32_t to; !status && (to = ubrk_next(it)) != UBRK_DONE; from = to)
        if (ubrk_getRuleStatus(it) >= UBRK_WORD_NONE_LIMIT &&
            jp_tally_add(tally, which, text + from, (size_t)(to - from)) < 0)
            status = jp_fail_memory(e);
    if (it) ubrk_close(it);
    utext_close(&view);
    return status;
}

static double variation(const jp_tally *t) {
    double a = jp_tally_total(t, 0), b = jp_tally_total(t, 1), sum = 0;
    if (a == 0 || b == 0) return a == b ? 0 : 1;
    for (int i = 0; i < t->n; i++) sum += fabs(t->entries[i].count[0] / a - t->entries[i].count[1] / b);
    return sum / 2;
}

int jp_word_variation(const char *a, const char *b, double *out, jopa_error *e) {
    jp_tally tally = {0};
    char    *folded_a = NULL, *folded_b = NULL;
    int      status = fold(a, &folded_a, e);
    if (!status) status = fold(b, &folded_b, e);
    if (!status) status = count_words(&tally, 0, folded_a, e);
    if (!status) status = count_words(&tally, 1, folded_b, e);
    if (!status) *out = variation(&tally);
    jp_tally_free(&tally);
    free(folded_a);
    free(folded_b);
    return status;
}
