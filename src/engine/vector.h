/* Vectors of the width that the CPU has, by GNU C's vector extension, and exp on them. */
#ifndef JP_VECTOR_H
#define JP_VECTOR_H

#include <stdint.h>

#if defined(__AVX512F__)
enum { JP_LANES = 16 };
#elif defined(__AVX__)
enum { JP_LANES = 8 };
#else
enum { JP_LANES = 4 };
#endif

/* Any float array may be read as vectors, whatever its alignment. */
typedef float   jp_vector __attribute__((vector_size(JP_LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t jp_vector_bits __attribute__((vector_size(JP_LANES * sizeof(float))));

static inline jp_vector jp_vector_of(float x) { return x - (jp_vector){0}; }
static inline jp_vector jp_vector_load(const float *x) { return *(const jp_vector *)x; }
static inline void      jp_vector_store(float *x, jp_vector v) { *(jp_vector *)x = v; }

static inline jp_vector jp_vector_max(jp_vector a, jp_vector b) {
    jp_vector_bits more = a > b;
    return (jp_vector)((more & (jp_vector_bits)a) | (~more & (jp_vector_bits)b));
}

static inline float jp_vector_top(jp_vector v) {
    float top = v[0];
    for (int i = 1; i < JP_LANES; i++) top = v[i] > top ? v[i] : top;
    return top;
}

static inline float jp_vector_sum(jp_vector v) {
    float sum = v[0];
    for (int i = 1; i < JP_LANES; i++) sum += v[i];
    return sum;
}

/* exp(x) for x <= 0 with a relative error below 3e-7 (0 below -87): 2^(x log2 e) split into a whole exponent and a
 * fraction in [-1/2, 1/2], whose power is a polynomial of degree 6 (Taylor of exp at the fraction). */
static inline jp_vector jp_vector_exp(jp_vector x) {
    jp_vector_bits small = x < -87.0f;
    jp_vector      shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to a whole number, kept in the low bits */
    jp_vector      whole = shifted - 12582912.0f;
    jp_vector      f = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    jp_vector      p = f * (1.0f / 720) + 1.0f / 120;
    p = p * f + 1.0f / 24;
    p = p * f + 1.0f / 6;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    return (jp_vector)(((jp_vector_bits)p + ((jp_vector_bits)shifted << 23)) & ~small);
}

#endif
