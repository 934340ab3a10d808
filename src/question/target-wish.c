#include "question/target-wish.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/excerpt.h"
#include "base/parse.h"

static const char SENTENCE[] = "sentence:";

static size_t digits_in(const char *text) {
    size_t n = 0;
    while (jp_ascii_is_digit(text[n])) n++;
    return n;
}

/* Digits, a colon, digits, and no more. */
static bool looks_like_bytes(const char *text) {
    size_t first = digits_in(text), second = text[first] == ':' ? digits_in(text + first + 1) : 0;
    return first && second && !text[first + 1 + second];
}

static int parse_target_bytes(jp_target_wish *out, const char *text, jopa_error *e) {
    char     first[32] = "";
    size_t   size = digits_in(text);
    uint64_t start = 0, end = 0;
    if (size < sizeof first) memcpy(first, text, size);
    if (!jp_parse_unsigned(first, &start) || !jp_parse_unsigned(text + size + 1, &end) || start >= end ||
        end > SIZE_MAX)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`target` %s: two byte offsets are needed, the smaller first, such as 0:12; =%s is the text",
                       jp_excerpt(text, 80).text, jp_excerpt(text, 80).text);
    out->kind = JP_TARGET_BYTES;
    out->start = (size_t)start;
    out->end = (size_t)end;
    return JP_OK;
}

static int parse_target_sentence(jp_target_wish *out, const char *text, jopa_error *e) {
    const char *which = text + strlen(SENTENCE);
    out->kind = strcmp(which, "all") ? JP_TARGET_SENTENCE : JP_TARGET_SENTENCES;
    if (out->kind == JP_TARGET_SENTENCES ||
        (jp_ascii_is_digit(*which) && jp_parse_integer(which, &out->number) && out->number > 0))
        return JP_OK;
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "`target` %s: a sentence is given by its number from 1 on, such as sentence:2, or sentence:all; "
                   "=%s is the text",
                   jp_excerpt(text, 80).text, jp_excerpt(text, 80).text);
}

/* "Paris#2" */
static void parse_target_text(jp_target_wish *out, const char *text) {
    const char *mark = strrchr(text, '#');
    int         number;
    *out = (jp_target_wish){.kind = JP_TARGET_TEXT, .given = out->given, .text = text, .size = strlen(text)};
    out->number = 1;
    if (!mark || mark == text || !jp_ascii_is_digit(mark[1]) || !jp_parse_integer(mark + 1, &number) || number < 1)
        return;
    out->size = (size_t)(mark - text);
    out->number = number;
}

int jp_target_wish_parse(jp_target_wish *out, const char *given, jopa_error *e) {
    bool plain = *given == '=';
    *out = (jp_target_wish){.given = given};
    if (!*given || (plain && !given[1]))
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`target`: it is empty; give a text of the response, bytes such as 0:12, or sentence:2");
    if (!plain && looks_like_bytes(given)) return parse_target_bytes(out, given, e);
    if (!plain && !strncmp(given, SENTENCE, strlen(SENTENCE))) return parse_target_sentence(out, given, e);
    parse_target_text(out, given + plain);
    return JP_OK;
}
