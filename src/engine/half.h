/* Half precision. ggml's function for a row is in its CPU backend, which is reached through its registry alone, and the
 * one outside of it is built without vectors. */
#ifndef JP_HALF_H
#define JP_HALF_H

#include <stdint.h>

/* n numbers to IEEE half precision: nearest, ties to even; what is too large becomes infinite, NaN stays one. */
void jp_to_halves(const float *from, uint16_t *to, int64_t n);

#endif
