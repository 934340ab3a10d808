/* The kernel of processors without bfloat16: F32 by AVX2. Keys are packed as panels of 16 cells, [number][cell], values
 * as panels of 16 numbers, [cell][number]: a product takes 6 rows and one panel at a time, 12 registers of sums. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <immintrin.h>
#include <math.h>

#include "engine/accel/accel-kernel.h"

enum { ROWS = 6, PANEL = 16, CELLS = 256 /* keys, values and scores of a tile stay in a cache of 512 KB */, LANES = 8 };

/* 2^x for x <= 0 to F32's own accuracy, by the polynomial of Cephes (Moshier); 0 below -126. */
static inline __m256 exp2_avx2(__m256 x) {
    __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = _mm256_sub_ps(x, whole);
    __m256 p = _mm256_set1_ps(1.5353362e-4f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.3398874e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.6184374e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.5503325e-2f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.4022648e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.9314720e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.0f));
    __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127)), 23);
    return _mm256_and_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(power)),
                         _mm256_cmp_ps(x, _mm256_set1_ps(-126), _CMP_GE_OQ)); /* false for NaN: minus infinities */
}

static inline float most_of(__m256 x) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}

static inline float sum_of(__m256 x) {
    __m128 m = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    m = _mm_add_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_add_ss(m, _mm_shuffle_ps(m, m, 1)));
}

static void nothing_avx2(void) {}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* A bit for each of 32 numbers of 16 bits that is not 0. */
static inline uint32_t not_zero(__m256i low, __m256i high) {
    __m256i zero = _mm256_setzero_si256(),
            bytes = _mm256_packs_epi16(_mm256_cmpeq_epi16(low, zero), _mm256_cmpeq_epi16(high, zero));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(bytes, 0xd8));
}

static void look_avx2(const uint16_t *mask, size_t stride, int count, int inside, uint32_t *seen, uint32_t *masked) {
    if (inside < JP_KERNEL_CELLS) { /* the last ones */
        *seen = *masked = 0;
        for (int i = 0; i < count; i++, mask = (const uint16_t *)(const void *)((const char *)mask + stride))
            for (int c = 0; c < inside; c++) {
                *seen |= (uint32_t)(mask[c] != JP_KERNEL_HIDDEN) << c;
                *masked |= (uint32_t)(mask[c] != 0) << c;
            }
        return;
    }
    __m256i any[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()}, other[2] = {any[0], any[0]},
            hidden = _mm256_set1_epi16((short)JP_KERNEL_HIDDEN);
    for (int i = 0; i < count; i++) {
        const __m256i *row = (const void *)((const char *)mask + (size_t)i * stride);
        for (int h = 0; h < 2; h++) {
            __m256i x = _mm256_loadu_si256(row + h);
            any[h] = _mm256_or_si256(any[h], _mm256_xor_si256(x, hidden));
            other[h] = _mm256_or_si256(other[h], x);
        }
    }
    *seen = not_zero(any[0], any[1]);
    *masked = not_zero(other[0], other[1]);
}

static inline __m256 eight_halves(const uint16_t *from) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)from));
}

static void widen_avx2(const uint16_t *from, float *to, int n) {
    for (int i = 0; i < n; i += LANES) _mm256_storeu_ps(to + i, eight_halves(from + i));
}

static void widen_mask_avx2(const uint16_t *from, float *to) {
    for (int i = 0; i < PANEL; i += LANES)
        _mm256_storeu_ps(to + i, _mm256_mul_ps(eight_halves(from + i), _mm256_set1_ps(JP_KERNEL_LOG2_E)));
}

static void load_query_avx2(const float *from, float scale, int row, int rows, int width, void *q) {
    (void)rows;
    float *to = (float *)q + (size_t)row * (size_t)width;
    for (int x = 0; x < width; x++) to[x] = from[x] * scale;
}

/* p takes the place of s. */
static float soften_avx2(float *s, const float *mask, int row, int wide, float *top, float *sum, void *p) {
    (void)row, (void)p;
    __m256 most = _mm256_set1_ps(*top);
    for (int c = 0; c < wide; c += LANES) {
        __m256 x = _mm256_loadu_ps(s + c);
        if (mask) {
            x = _mm256_add_ps(x, _mm256_loadu_ps(mask + c));
            _mm256_storeu_ps(s + c, x);
        }
        most = _mm256_max_ps(most, x);
    }
    float  now = most_of(most), shrink = jp_kernel_rise(top, now);
    __m256 total = _mm256_setzero_ps(), base = _mm256_set1_ps(now == -INFINITY ? 0 : now);
    for (int c = 0; c < wide; c += LANES) {
        __m256 x = exp2_avx2(_mm256_sub_ps(_mm256_loadu_ps(s + c), base));
        _mm256_storeu_ps(s + c, x);
        total = _mm256_add_ps(total, x);
    }
    *sum = *sum * shrink + sum_of(total);
    return shrink;
}

static void shrink_avx2(float *o, int n, float by) {
    for (int x = 0; x < n; x += LANES)
        _mm256_storeu_ps(o + x, _mm256_mul_ps(_mm256_loadu_ps(o + x), _mm256_set1_ps(by)));
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

/* Rows of 8 numbers become columns. */
static inline void transpose_avx2(__m256 r[LANES]) {
    __m256 t[LANES], u[LANES];
    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
    }
}

static void pack_keys_avx2(const float *keys, int width, int at, void *packed) {
    size_t w = (size_t)width;
    for (int c = 0; c < JP_KERNEL_CELLS; c += LANES) {
        float *panel = (float *)packed + (size_t)((at + c) / PANEL * PANEL) * w + (at + c) % PANEL;
        for (size_t x = 0; x < w; x += LANES) {
            __m256 r[LANES];
            for (size_t i = 0; i < LANES; i++) r[i] = _mm256_loadu_ps(keys + ((size_t)c + i) * w + x);
            transpose_avx2(r);
            for (size_t i = 0; i < LANES; i++) _mm256_storeu_ps(panel + (x + i) * PANEL, r[i]);
        }
    }
}

static void pack_values_avx2(const float *values, int width, int at, void *packed) {
    for (int x = 0; x < width; x += PANEL)
        for (int c = 0; c < JP_KERNEL_CELLS; c++) {
            float *to = (float *)packed + (size_t)x * CELLS + (size_t)(at + c) * PANEL;
            for (int i = 0; i < PANEL; i += LANES)
                _mm256_storeu_ps(to + i, _mm256_loadu_ps(values + (size_t)c * (size_t)width + x + i));
        }
}

/* sums += ROWS rows of n numbers, `stride` apart, times a panel. */
static inline void multiply_avx2(__m256 sums[ROWS][2], const float *left, size_t stride, const float *panel, int n) {
    for (int x = 0; x < n; x++) {
        __m256 a = _mm256_loadu_ps(panel + x * PANEL), b = _mm256_loadu_ps(panel + x * PANEL + LANES);
#pragma GCC unroll 6
        for (size_t i = 0; i < ROWS; i++) {
            __m256 l = _mm256_broadcast_ss(left + i * stride + x);
            sums[i][0] = _mm256_fmadd_ps(l, a, sums[i][0]);
            sums[i][1] = _mm256_fmadd_ps(l, b, sums[i][1]);
        }
    }
}

/* Of a ROWS by PANEL part of a result whose rows are `stride` apart: what is there, or 0, plus the product. */
static inline void add_product(float *to, size_t stride, bool there, const float *left, size_t left_stride,
                               const float *panel, int n) {
    __m256 sums[ROWS][2];
#pragma GCC unroll 6
    for (size_t i = 0; i < ROWS; i++) {
        sums[i][0] = there ? _mm256_loadu_ps(to + i * stride) : _mm256_setzero_ps();
        sums[i][1] = there ? _mm256_loadu_ps(to + i * stride + LANES) : _mm256_setzero_ps();
    }
    multiply_avx2(sums, left, left_stride, panel, n);
#pragma GCC unroll 6
    for (size_t i = 0; i < ROWS; i++) {
        _mm256_storeu_ps(to + i * stride, sums[i][0]);
        _mm256_storeu_ps(to + i * stride + LANES, sums[i][1]);
    }
}

static void scores_avx2(const void *q, const void *packed, int width, int rows, int wide, int parts, float *s) {
    (void)parts;
    for (int c = 0; c < wide; c += PANEL)
        for (int i = 0; i < rows; i += ROWS)
            add_product(s + (size_t)i * CELLS + c, CELLS, false, (const float *)q + (size_t)i * (size_t)width,
                        (size_t)width, (const float *)packed + (size_t)c * (size_t)width, width);
}

static void values_avx2(const void *p, const void *packed, int width, int rows, int wide, int parts, float *o) {
    (void)parts;
    for (int x = 0; x < width; x += PANEL)
        for (int i = 0; i < rows; i += ROWS)
            add_product(o + (size_t)i * (size_t)width + x, (size_t)width, true, (const float *)p + (size_t)i * CELLS,
                        CELLS, (const float *)packed + (size_t)x * CELLS, wide);
}

const jp_kernel jp_kernel_avx2 = {
    .rows = ROWS,
    .cells = CELLS,
    .number = sizeof(float),
    .weight = 0,
    .begin = nothing_avx2,
    .end = nothing_avx2,
    .look = look_avx2,
    .widen = widen_avx2,
    .widen_mask = widen_mask_avx2,
    .load_query = load_query_avx2,
    .pack_keys = pack_keys_avx2,
    .pack_values = pack_values_avx2,
    .scores = scores_avx2,
    .soften = soften_avx2,
    .shrink = shrink_avx2,
    .values = values_avx2,
};
#endif
