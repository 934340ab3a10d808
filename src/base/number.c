#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf writes the locale's decimal point: put back a full stop. */
static void unlocalize(char *digits) {
    for (char *p = digits; *p; p++)
        if (!strchr("0123456789+-e", *p)) {
            *p = '.';
            size_t more = strspn(p + 1, "0123456789e+-");
            memmove(p + 1, p + strlen(p) - more, more + 1);
            return;
        }
}

void jp_put_exact(jp_buffer *out, double value) {
    char digits[64];
    if (!isfinite(value)) {
        jp_buffer_text(out, "null");
        return;
    }
    double size = fabs(value);
    int    precision = size >= 1 && size < 1e15 ? (int)log10(size) + 1 : 1; /* below: "2.5e+02" for 250 */
    for (; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    unlocalize(digits);
    jp_buffer_text(out, digits);
}

void jp_put_fixed(jp_buffer *out, double value, int decimals) {
    char digits[400];
    if (!isfinite(value)) {
        jp_buffer_text(out, "n/a");
        return;
    }
    snprintf(digits, sizeof digits, "%.*f", decimals, fabs(value));
    unlocalize(digits);
    size_t whole = strspn(digits, "0123456789");
    if (value < 0 && strspn(digits, "0.") < strlen(digits)) jp_buffer_text(out, "\xe2\x88\x92"); /* minus sign */
    for (size_t i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0) jp_buffer_text(out, ",");
        jp_buffer_bytes(out, digits + i, 1);
    }
    jp_buffer_text(out, digits + whole);
}

void jp_put_figure(jp_buffer *out, double value) {
    double size = fabs(value);
    int    decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || size == 0 ? 2 : size >= 0.01 ? 3 : 4;
    if (isfinite(value) && size > 0 && size < 0.0001) {
        char digits[32];
        snprintf(digits, sizeof digits, "%.2e", value);
        unlocalize(digits);
        jp_buffer_text(out, digits);
        return;
    }
    jp_put_fixed(out, value, decimals);
}

void jp_put_count(jp_buffer *out, int64_t value) { jp_put_fixed(out, (double)value, 0); }
