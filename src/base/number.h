/* Numbers as text, the same whatever the process's locale. */
#ifndef JP_NUMBER_H
#define JP_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* The decimal number that `text` begins with, after white space: digits with a full stop, as strtod reads them in the
 * "C" locale; no "inf", no "nan", no sign alone. *end (may be NULL: all of `text` has to be the number) is where it
 * ends. False, with both untouched, when there is none. */
bool jp_parse_double(const char *text, const char **end, double *out);

/* The shortest decimal that reads back as exactly `value`, valid in JSON; "null" when it is not finite. */
void jp_put_exact(jp_buffer *out, double value);
/* `value` with `decimals` digits after the point (at most 12) and a comma between thousands; "1.50e+21" from 1e21 on;
 * "n/a" when it is not finite. */
void jp_put_fixed(jp_buffer *out, double value, int decimals);
/* Three or four significant digits for people: 0.0123, 4.56, 78.9, 1,234; 1.50e-07 and 1.50e+20 far from 1. */
void jp_put_figure(jp_buffer *out, double value);
void jp_put_count(jp_buffer *out, int64_t value);

#endif
