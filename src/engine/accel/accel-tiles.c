#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include "engine/accel/accel-tiles.h"

enum { ROWS = JP_TILE_ROWS, NUMBERS = JP_TILE_NUMBERS };

/* Rows of 16 pairs of numbers become columns. */
static void transpose_tiles(__m512i r[ROWS]) {
    __m512i t[ROWS];
    for (int i = 0; i < ROWS; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < ROWS; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) { /* of each quarter's rows, lanes of 4 */
        __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88), b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88),
                d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
        t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
        t[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
    for (int i = 0; i < ROWS; i++) r[i] = t[i];
}

/* Part 0 and 1 of 32 numbers, in order. */
static inline void split_tiles(const float *from, __m512i *first, __m512i *second) {
    __m256i a, b, c, d;
    jp_tiles_parts(_mm512_loadu_ps(from), &a, &b);
    jp_tiles_parts(_mm512_loadu_ps(from + ROWS), &c, &d);
    *first = _mm512_inserti64x4(_mm512_castsi256_si512(a), c, 1);
    *second = _mm512_inserti64x4(_mm512_castsi256_si512(b), d, 1);
}

/* Tile (cell / 16, number / 32). */
void jp_tiles_pack_keys(const float *keys, int width, int at, void *packed) {
    size_t part = (size_t)JP_TILES_CELLS * (size_t)width;
    for (int c = 0; c < JP_TILES_STEP; c += ROWS)
        for (int x = 0; x < width; x += NUMBERS) {
            __m512i   first[ROWS], second[ROWS];
            uint16_t *tile = (uint16_t *)packed + (size_t)(at + c) * (size_t)width + (size_t)x * ROWS;
            for (int i = 0; i < ROWS; i++)
                split_tiles(keys + (size_t)(c + i) * (size_t)width + x, first + i, second + i);
            transpose_tiles(first);
            transpose_tiles(second);
            for (int i = 0; i < ROWS; i++) {
                _mm512_storeu_si512(tile + i * NUMBERS, first[i]);
                _mm512_storeu_si512(tile + part + i * NUMBERS, second[i]);
            }
        }
}

/* Tile (cell / 32, number / 16). */
void jp_tiles_pack_values(const float *values, int width, int at, void *packed) {
    size_t part = (size_t)JP_TILES_CELLS * (size_t)width;
    for (int c = 0; c < JP_TILES_STEP; c += 2)
        for (int x = 0; x < width; x += ROWS) {
            uint16_t *to = (uint16_t *)packed + (size_t)at * (size_t)width + (size_t)x * NUMBERS + (size_t)c * ROWS;
            __m512    even = _mm512_loadu_ps(values + (size_t)c * (size_t)width + x),
                   odd = _mm512_loadu_ps(values + (size_t)(c + 1) * (size_t)width + x);
            __m512i a = jp_tiles_round(even), b = jp_tiles_round(odd);
            _mm512_storeu_si512(to, _mm512_or_si512(a, _mm512_slli_epi32(b, 16)));
            a = jp_tiles_round(jp_tiles_missing(even, a));
            b = jp_tiles_round(jp_tiles_missing(odd, b));
            _mm512_storeu_si512(to + part, _mm512_or_si512(a, _mm512_slli_epi32(b, 16)));
        }
}
#endif
