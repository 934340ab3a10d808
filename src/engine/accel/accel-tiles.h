/* Products of small matrices, each number the sum of two in bfloat16 (16 bits of it): a b = a0 b0 + a1 b0 + a0 b1,
 * summed in F32. "Two parts" are one array after the other. By AMX or by AVX-512, from the same layout: tiles of a
 * right matrix are 16 pairs of rows by 16 columns, the two numbers of a pair side by side. Only accel-*.c include this,
 * those that cmake/accel.cmake compiles for AVX-512.
 */
#ifndef JP_ACCEL_TILES_H
#define JP_ACCEL_TILES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/accel/accel-kernel.h"

enum {
    JP_TILES_STEP = JP_KERNEL_CELLS, /* rows, columns and widths are multiples of it */
    JP_TILES_CELLS = 512,            /* at a time */
    JP_TILE_ROWS = 16,
    JP_TILE_NUMBERS = 32,
    JP_TILES_TERMS = 3
};
static const int JP_TILES_LEFT[JP_TILES_TERMS] = {0, 1, 0},
                 JP_TILES_RIGHT[JP_TILES_TERMS] = {0, 0, 1}; /* the parts of each term */

/* How many terms scores have: keys may have one part. */
static inline int jp_tiles_terms(int parts) { return parts > 1 ? JP_TILES_TERMS : JP_TILES_TERMS - 1; }

/* 16 numbers into their parts: nearest, ties to even, and what is missing then. */
static inline __m512i jp_tiles_round(__m512 x) {
    __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
}

static inline __m512 jp_tiles_missing(__m512 x, __m512i rounded) {
    return _mm512_sub_ps(x, _mm512_castsi512_ps(_mm512_slli_epi32(rounded, 16)));
}

static inline void jp_tiles_parts(__m512 x, __m256i *first, __m256i *second) {
    *first = (__m256i)_mm512_cvtneps_pbh(x);
    *second = (__m256i)_mm512_cvtneps_pbh(jp_tiles_missing(x, _mm512_cvtepu16_epi32(*first)));
}

static inline void jp_tiles_split(__m512 x, uint16_t *first, uint16_t *second) {
    __m256i a, b;
    jp_tiles_parts(x, &a, &b);
    _mm256_storeu_si256((__m256i *)(void *)first, a);
    _mm256_storeu_si256((__m256i *)(void *)second, b);
}

/* Members of jp_kernel. q: two parts of [rows, width], one after the other; keys and values: two parts of
 * JP_TILES_CELLS cells; p: one part. */
void jp_tiles_pack_keys(const float *keys, int width, int at, void *packed);
void jp_tiles_pack_values(const float *values, int width, int at, void *packed);
void jp_tiles_scores_avx512(const void *q, const void *packed, int width, int rows, int wide, int parts, float *s);
void jp_tiles_values_avx512(const void *p, const void *packed, int width, int rows, int wide, int parts, float *o);
void jp_tiles_begin_amx(void);
void jp_tiles_end_amx(void);
void jp_tiles_scores_amx(const void *q, const void *packed, int width, int rows, int wide, int parts, float *s);
void jp_tiles_values_amx(const void *p, const void *packed, int width, int rows, int wide, int parts, float *o);

#endif
