/* Whole numbers from text (others: number.h), the same whatever the process's locale. The whole text has to be the
 * number. */
#ifndef JP_PARSE_H
#define JP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits with an optional sign; false: something else, or out of range. NULL is false. */
bool jp_parse_integer(const char *text, int *out);
/* Decimal digits alone. */
bool jp_parse_unsigned(const char *text, uint64_t *out);

#endif
