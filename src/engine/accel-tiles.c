#include "engine/accel.h"

#ifdef JOPA_ACCEL
#include "engine/accel-tiles.h"

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")

/* A tile: 16 rows of 64 bytes. Tile of a left matrix: 16 rows of 32 numbers; of a right one: 16 pairs of rows by 16
 * columns, the two numbers of a pair side by side; of a result: 16 by 16 floats. */
enum { ROWS = 16, NUMBERS = 32, TILE_NUMBERS = ROWS * NUMBERS };

/* The compiler does not know that the instructions below read and write memory. */
static inline void settle(void) { __asm__ volatile("" : : : "memory"); }

void jp_tiles_begin(void) {
    static const struct {
        uint8_t  palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t  rows[16];
    } shape __attribute__((aligned(64))) = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&shape);
}

void jp_tiles_end(void) { _tile_release(); }

/* ---- packing --------------------------------------------------------------------------------------------------------- */

/* Rows of 16 pairs of numbers become columns. */
static void transpose(__m512i r[ROWS]) {
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
        __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88), d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
        t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
        t[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
    for (int i = 0; i < ROWS; i++) r[i] = t[i];
}

/* Part 0 and 1 of 32 numbers, in order. */
static inline void split(const float *from, __m512i *first, __m512i *second) {
    __m256i a, b, c, d;
    jp_tiles_parts(_mm512_loadu_ps(from), &a, &b);
    jp_tiles_parts(_mm512_loadu_ps(from + ROWS), &c, &d);
    *first = _mm512_inserti64x4(_mm512_castsi256_si512(a), c, 1);
    *second = _mm512_inserti64x4(_mm512_castsi256_si512(b), d, 1);
}

/* Tile (cell / 16, number / 32). */
void jp_tiles_pack_keys(const float *keys, int width, int at, int cells, uint16_t *packed) {
    size_t part = (size_t)cells * (size_t)width;
    for (int c = 0; c < JP_TILES_STEP; c += ROWS)
        for (int x = 0; x < width; x += NUMBERS) {
            __m512i   first[ROWS], second[ROWS];
            uint16_t *tile = packed + (size_t)(at + c) * (size_t)width + (size_t)x * ROWS;
            for (int i = 0; i < ROWS; i++) split(keys + (size_t)(c + i) * (size_t)width + x, first + i, second + i);
            transpose(first);
            transpose(second);
            for (int i = 0; i < ROWS; i++) {
                _mm512_storeu_si512(tile + i * NUMBERS, first[i]);
                _mm512_storeu_si512(tile + part + i * NUMBERS, second[i]);
            }
        }
}

/* Tile (cell / 32, number / 16). */
void jp_tiles_pack_values(const float *values, int width, int at, int cells, uint16_t *packed) {
    size_t part = (size_t)cells * (size_t)width;
    for (int c = 0; c < JP_TILES_STEP; c += 2)
        for (int x = 0; x < width; x += ROWS) {
            uint16_t *to = packed + (size_t)at * (size_t)width + (size_t)x * NUMBERS + (size_t)c * ROWS;
            __m512    even = _mm512_loadu_ps(values + (size_t)c * (size_t)width + x), odd = _mm512_loadu_ps(values + (size_t)(c + 1) * (size_t)width + x);
            __m512i   a = jp_tiles_round(even), b = jp_tiles_round(odd);
            _mm512_storeu_si512(to, _mm512_or_si512(a, _mm512_slli_epi32(b, 16)));
            a = jp_tiles_round(jp_tiles_missing(even, a));
            b = jp_tiles_round(jp_tiles_missing(odd, b));
            _mm512_storeu_si512(to + part, _mm512_or_si512(a, _mm512_slli_epi32(b, 16)));
        }
}

/* ---- products ----------------------------------------------------------------------------------------------------------- */

enum { TERMS = 3 };
static const int LEFT[TERMS] = {0, 1, 0}, RIGHT[TERMS] = {0, 0, 1};

/* A step of 32 by 32 results: tiles 0 to 3 are sums, 4 and 5 left, 6 and 7 right. */
static inline void step(const uint16_t *left, size_t left_stride, const uint16_t *right, size_t right_next) {
    _tile_loadd(4, left, left_stride * 2);
    _tile_loadd(6, right, 64);
    _tile_loadd(7, right + right_next, 64);
    _tile_loadd(5, left + ROWS * left_stride, left_stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}

static inline void store_sums(float *to, size_t stride) {
    _tile_stored(0, to, stride * 4);
    _tile_stored(1, to + ROWS, stride * 4);
    _tile_stored(2, to + ROWS * stride, stride * 4);
    _tile_stored(3, to + ROWS * stride + ROWS, stride * 4);
}

void jp_tiles_scores(const uint16_t *q, size_t q_part, const uint16_t *packed, int width, int rows, int wide, int stride, float *s) {
    size_t part = (size_t)stride * (size_t)width, w = (size_t)width;
    settle();
    for (int j = 0; j < wide; j += JP_TILES_STEP)
        for (int i = 0; i < rows; i += JP_TILES_STEP) {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
            for (int t = 0; t < TERMS; t++)
                for (size_t x = 0; x < w; x += NUMBERS)
                    step(q + (size_t)LEFT[t] * q_part + (size_t)i * w + x, w, packed + (size_t)RIGHT[t] * part + (size_t)j * w + x * ROWS, ROWS * w);
            store_sums(s + (size_t)i * (size_t)stride + j, (size_t)stride);
        }
    settle();
}

void jp_tiles_values(const uint16_t *p, const uint16_t *packed, int width, int rows, int wide, int stride, float *o) {
    size_t part = (size_t)stride * (size_t)width, w = (size_t)width;
    settle();
    for (int x = 0; x < width; x += JP_TILES_STEP)
        for (int i = 0; i < rows; i += JP_TILES_STEP) {
            float *to = o + (size_t)i * w + x;
            _tile_loadd(0, to, w * 4);
            _tile_loadd(1, to + ROWS, w * 4);
            _tile_loadd(2, to + ROWS * w, w * 4);
            _tile_loadd(3, to + ROWS * w + ROWS, w * 4);
            for (size_t t = 0; t < 2; t++)
                for (int j = 0; j < wide; j += JP_TILES_STEP)
                    step(p + (size_t)i * (size_t)stride + j, (size_t)stride, packed + t * part + (size_t)j * w + (size_t)x * NUMBERS, TILE_NUMBERS);
            store_sums(to, w);
        }
    settle();
}
#endif
