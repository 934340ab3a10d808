#include "engine/half.h"

#include <string.h>

#include "engine/clones.h"

/* Without branches, so that the loop has vectors (M. Dukhan's fp16_ieee_from_fp32_value). The two products make
 * infinite what is too large; the sum with a power of two, 13 bits above the number's own last place, rounds. */
static inline uint16_t to_half(float f) {
    uint32_t bits, sign, twice, bias;
    memcpy(&bits, &f, sizeof bits);
    sign = bits & 0x80000000u;
    twice = bits << 1;
    bits ^= sign;
    memcpy(&f, &bits, sizeof f);
    bias = twice & 0xff000000u;
    bias = bias < 0x71000000u ? 0x71000000u : bias;
    bits = (bias >> 1) + 0x07800000u;
    float power;
    memcpy(&power, &bits, sizeof power);
    f = f * 0x1.0p+112f * 0x1.0p-110f + power;
    memcpy(&bits, &f, sizeof bits);
    uint32_t rounded = ((bits >> 13) & 0x7c00u) + (bits & 0xfffu);
    return (uint16_t)(sign >> 16 | (twice > 0xff000000u ? 0x7e00u : rounded));
}

JP_CLONES void jp_to_halves(const float *from, uint16_t *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = to_half(from[i]);
}
