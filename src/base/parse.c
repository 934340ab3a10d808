#include "base/parse.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
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

/* Whether the text is a decimal number; *point: where its full stop is, or its size. */
static bool is_decimal(const char *text, size_t *point) {
    const char *at = text + (*text == '-' || *text == '+');
    size_t      whole = strspn(at, DIGITS), part = 0;
    at += whole;
    *point = (size_t)(at - text);
    if (*at == '.') {
        part = strspn(at + 1, DIGITS);
        at += 1 + part;
    }
    if (!whole && !part) return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        if (!all_digits(at)) return false;
        return true;
    }
    return !*at;
}

static bool is_word(const char *text, double *out) {
    const char *word = text + (*text == '-' || *text == '+');
    double      sign = *text == '-' ? -1 : 1;
    if (strcmp(word, "inf") && strcmp(word, "infinity") && strcmp(word, "nan")) return false;
    *out = *word == 'n' ? NAN : sign * INFINITY;
    return true;
}

bool jp_parse_real(const char *text, double *out) {
    char   local[400]; /* with the locale's decimal point, which strtod wants */
    size_t point;
    if (!text) return false;
    if (is_word(text, out)) return true;
    if (!is_decimal(text, &point) || strlen(text) > sizeof local / 2) return false;
    const char *rest = text[point] == '.' ? text + point + 1 : text + point;
    bool        has_point = text[point] == '.';
    snprintf(local, sizeof local, "%.*s%s%s", (int)point, text, has_point ? localeconv()->decimal_point : "", rest);
    errno = 0;
    double value = strtod(local, NULL);
    if (errno == ERANGE && isinf(value)) return false;
    *out = value;
    return true;
}
