/* By AVX-512: a sum of products of pairs of bfloat16 numbers is one instruction. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <string.h>

#include "engine/accel/accel-tiles.h"

enum { ROWS = JP_TILE_ROWS, NUMBERS = JP_TILE_NUMBERS, LINES = 8 /* rows of a result at a time */ };

static inline __m512bh both(const uint16_t *pair) { /* in all places */
    int32_t bits;
    memcpy(&bits, pair, sizeof bits);
    return (__m512bh)_mm512_set1_epi32(bits);
}

static inline __m512bh sixteen(const uint16_t *pairs) { return (__m512bh)_mm512_loadu_si512(pairs); }

/* sums += LINES left rows, a tile's numbers long, times two right tiles. */
static inline void step_avx512(__m512 sums[LINES][2], const uint16_t *left, size_t left_stride, const uint16_t *right,
                               size_t right_next) {
    for (size_t x = 0; x < NUMBERS; x += 2) {
        __m512bh a = sixteen(right + x * ROWS), b = sixteen(right + right_next + x * ROWS);
#pragma GCC unroll 8
        for (size_t i = 0; i < LINES; i++) {
            __m512bh l = both(left + i * left_stride + x);
            sums[i][0] = _mm512_dpbf16_ps(sums[i][0], l, a);
            sums[i][1] = _mm512_dpbf16_ps(sums[i][1], l, b);
        }
    }
}

static inline void load_sums(__m512 sums[LINES][2], const float *from, size_t stride) {
#pragma GCC        unroll 8
    for (size_t i = 0; i < LINES; i++) {
               sums[i][0] = _mm512_loadu_ps(from + i * stride);
               sums[i][1] = _mm512_loadu_ps(from + i * stride + ROWS);
    }
}

static inline void store_sums_avx512(__m512 sums[LINES][2], float *to, size_t stride) {
#pragma GCC        unroll 8
    for (size_t i = 0; i < LINES; i++) {
               _mm512_storeu_ps(to + i * stride, sums[i][0]);
               _mm512_storeu_ps(to + i * stride + ROWS, sums[i][1]);
    }
}

void jp_tiles_scores_avx512(const void *queries, const void *keys, int width, int rows, int wide, int parts, float *s) {
    const uint16_t *q = queries, *packed = keys;
    size_t          w = (size_t)width, part = JP_TILES_CELLS * w, q_part = (size_t)rows * w;
    int             terms = jp_tiles_terms(parts);
    for (int j = 0; j < wide; j += JP_TILES_STEP)
        for (int i = 0; i < rows; i += LINES) {
            __m512 sums[LINES][2];
#pragma GCC unroll 8
            for (size_t l = 0; l < LINES; l++) sums[l][0] = sums[l][1] = _mm512_setzero_ps();
            for (int t = 0; t < terms; t++)
                for (size_t x = 0; x < w; x += NUMBERS)
                    step_avx512(sums, q + (size_t)JP_TILES_LEFT[t] * q_part + (size_t)i * w + x, w,
                                packed + (size_t)JP_TILES_RIGHT[t] * part + (size_t)j * w + x * ROWS, ROWS * w);
            store_sums_avx512(sums, s + (size_t)i * JP_TILES_CELLS + j, JP_TILES_CELLS);
        }
}

void jp_tiles_values_avx512(const void *weights, const void *values, int width, int rows, int wide, int parts,
                            float *o) {
    const uint16_t *p = weights, *packed = values;
    size_t          w = (size_t)width, part = JP_TILES_CELLS * w;
    for (int x = 0; x < width; x += JP_TILES_STEP)
        for (int i = 0; i < rows; i += LINES) {
            float *to = o + (size_t)i * w + x;
            __m512 sums[LINES][2];
            load_sums(sums, to, w);
            for (size_t t = 0; t < (size_t)parts; t++)
                for (int j = 0; j < wide; j += JP_TILES_STEP)
                    step_avx512(sums, p + (size_t)i * JP_TILES_CELLS + j, JP_TILES_CELLS,
                                packed + t * part + (size_t)j * w + (size_t)x * NUMBERS, ROWS * NUMBERS);
            store_sums_avx512(sums, to, w);
        }
}
#endif
