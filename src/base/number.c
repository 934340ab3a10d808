#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/locale.h"

bool jp_parse_double(const char *text, const char **end, double *out) {
    const char *number = text;
    while (jp_ascii_is_space(*number)) number++;
    const char *digits = number + (*number == '-' || *number == '+');
    if (!jp_ascii_is_digit(*digits) && !(*digits == '.' && jp_ascii_is_digit(digits[1]))) return false;
    char  *after = (char *)(uintptr_t)digits + 1;
    double value = 0;
    if (*digits != '0' || jp_ascii_lower(digits[1]) != 'x') { /* "0x1" begins with the number 0 */
        jp_c_locale l = jp_c_locale_enter();
        value = strtod(number, &after);
        jp_c_locale_leave(l);
    }
    if (end) *end = after;
    else if (*after) return false;
    *out = value;
    return true;
}

/* snprintf in the "C" locale. */
static void print_double(char *digits, size_t size, const char *format, int precision, double value) {
    jp_c_locale l = jp_c_locale_enter();
    snprintf(digits, size, format, precision, value);
    jp_c_locale_leave(l);
}

/* The shortest of "%.{precision}g" and longer ones that reads back as `value`. */
static void print_shortest(char *digits, size_t size, int precision, double value) {
    jp_c_locale l = jp_c_locale_enter();
    for (; precision <= 17; precision++) {
        snprintf(digits, size, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    jp_c_locale_leave(l);
}

void jp_put_exact(jp_buffer *out, double value) {
    char digits[64];
    if (!isfinite(value)) {
        jp_buffer_text(out, "null");
        return;
    }
    double size = fabs(value);
    int    precision = size >= 1 && size < 1e15 ? (int)log10(size) + 1 : 1; /* below: "2.5e+02" for 250 */
    print_shortest(digits, sizeof digits, precision, value);
    jp_buffer_text(out, digits);
}

/* From here on digits before the point say nothing. */
static const double FIXED_BELOW = 1e21;

static void put_scientific(jp_buffer *out, double value) {
    char digits[32];
    print_double(digits, sizeof digits, "%.*e", 2, value);
    jp_buffer_text(out, digits);
}

void jp_put_fixed(jp_buffer *out, double value, int decimals) {
    char digits[64];
    if (!isfinite(value)) {
        jp_buffer_text(out, "n/a");
        return;
    }
    if (fabs(value) >= FIXED_BELOW) {
        put_scientific(out, value);
        return;
    }
    print_double(digits, sizeof digits, "%.*f", decimals, fabs(value));
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
    if (isfinite(value) && size > 0 && (size < 0.0001 || size >= 1e15)) put_scientific(out, value);
    else jp_put_fixed(out, value, decimals);
}

void jp_put_count(jp_buffer *out, int64_t value) { jp_put_fixed(out, (double)value, 0); }
