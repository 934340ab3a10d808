/* Numbers as text, the same whatever the process's locale. */
#ifndef JP_NUMBER_H
#define JP_NUMBER_H

#include <stdint.h>

#include "base/buffer.h"

/* The shortest decimal that reads back as exactly `value`, valid in JSON; "null" when it is not finite. */
void jp_put_exact(jp_buffer *out, double value);
/* `value` with `decimals` digits after the point and a comma between thousands; "n/a" when it is not finite. */
void jp_put_fixed(jp_buffer *out, double value, int decimals);
/* Three or four significant digits for people: 0.0123, 4.56, 78.9, 1,234. */
void jp_put_figure(jp_buffer *out, double value);
void jp_put_count(jp_buffer *out, int64_t value);

#endif
