#include "prompt/join.h"

#include <stdbool.h>
#include <stdint.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/script.h"

static bool is_wide_punctuation(UChar32 c) {
    return (c >= 0x3000 && c <= 0x303f) || (c >= 0xff01 && c <= 0xff65 && !u_isalnum(c));
}

static bool parts_words(UChar32 c) {
    return c < 0 || u_isUWhiteSpace(c) || is_wide_punctuation(c) || jp_script_without_spaces(c);
}

static bool are_one(const char *text, jp_range a, jp_range b) {
    UChar32 before, after;
    size_t  start = b.start;
    int32_t at = (int32_t)(a.end - a.start);
    if (a.end != b.start || b.end - a.start > JP_JOIN_MOST) return false;
    const uint8_t *from = (const uint8_t *)text + a.start;
    U8_PREV(from, 0, at, before);
    U8_NEXT((const uint8_t *)text, start, b.end, after);
    return !parts_words(before) && !parts_words(after);
}

int jp_join_words(const char *text, jp_range *ranges, int n) {
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (kept && are_one(text, ranges[kept - 1], ranges[i])) ranges[kept - 1].end = ranges[i].end;
        else ranges[kept++] = ranges[i];
    }
    return kept;
}
