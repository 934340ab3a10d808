#include "base/parse.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char DIGITS[] = "0123456789";

static bool all_digits(const char *text) { return *text && !text[strspn(text, DIGITS)]; }

bool jp_parse_unsigned(const char *text, uint64_t *out) {
    if (!text || !all_digits(text)) return false;
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno || value > UINT64_MAX) return false;
    *out = value;
    return true;
}

bool jp_parse_integer(const char *text, int *out) {
    if (!text || !all_digits(text + (*text == '-' || *text == '+'))) return false;
    errno = 0;
    long value = strtol(text, NULL, 10);
    if (errno || value < INT_MIN || value > INT_MAX) return false;
    *out = (int)value;
    return true;
}
