/* The kernels of processors that multiply in bfloat16, by AMX or by AVX-512, and what the two share beside the packing:
 * which cells are seen, and the weights. Numbers are sums of two bfloat16 numbers, weights are one. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <math.h>

#include "engine/accel/accel-tiles.h"

enum { LANES = 16 };

/* 2^x for x <= 0, relative error below 1e-5. */
static inline __m512 exp2_avx512(__m512 x) {
    __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(9.6181291e-3f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}

static inline __m512 sixteen_halves(const uint16_t *from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)from));
}

static void look_avx512(const uint16_t *mask, size_t stride, int count, int inside, uint32_t *seen, uint32_t *masked) {
    __mmask32 exist = inside < JP_KERNEL_CELLS ? (1u << inside) - 1 : ~0u;
    __m512i   any = _mm512_setzero_si512(), other = any, hidden = _mm512_set1_epi16((short)JP_KERNEL_HIDDEN);
    for (int i = 0; i < count; i++) {
        __m512i row = _mm512_maskz_loadu_epi16(exist, (const char *)mask + (size_t)i * stride);
        any = _mm512_or_si512(any, _mm512_xor_si512(row, hidden));
        other = _mm512_or_si512(other, row);
    }
    *seen = _mm512_test_epi16_mask(any, any) & exist;
    *masked = _mm512_test_epi16_mask(other, other);
}

static void widen_avx512(const uint16_t *from, float *to, int n) {
    for (int i = 0; i < n; i += LANES) _mm512_storeu_ps(to + i, sixteen_halves(from + i));
}

static void widen_mask_avx512(const uint16_t *from, float *to) {
    _mm512_storeu_ps(to, _mm512_mul_ps(sixteen_halves(from), _mm512_set1_ps(JP_KERNEL_LOG2_E)));
}

static void load_query_avx512(const float *from, float scale, int row, int rows, int width, void *q) {
    size_t    part = (size_t)rows * (size_t)width;
    uint16_t *to = (uint16_t *)q + (size_t)row * (size_t)width;
    for (int x = 0; x < width; x += LANES)
        jp_tiles_split(_mm512_mul_ps(_mm512_loadu_ps(from + x), _mm512_set1_ps(scale)), to + x, to + part + x);
}

/* p is rounded to bfloat16 and the sum is that of the rounded numbers, so that weights still add up to 1. */
static float soften_avx512(float *s, const float *mask, int row, int wide, float *top, float *sum, void *weights) {
    uint16_t *p = (uint16_t *)weights + (size_t)row * JP_TILES_CELLS;
    __m512    most = _mm512_set1_ps(*top);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_loadu_ps(s + c);
        if (mask) {
            x = _mm512_add_ps(x, _mm512_loadu_ps(mask + c));
            _mm512_storeu_ps(s + c, x);
        }
        most = _mm512_max_ps(most, x);
    }
    float  now = _mm512_reduce_max_ps(most), shrink = jp_kernel_rise(top, now);
    __m512 total = _mm512_setzero_ps(), base = _mm512_set1_ps(now == -INFINITY ? 0 : now);
    for (int c = 0; c < wide; c += LANES) {
        __m512 x = _mm512_loadu_ps(s + c), y = exp2_avx512(_mm512_sub_ps(x, base));
        x = mask ? _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(-INFINITY), _CMP_NEQ_OQ), y) : y;
        __m256i rounded = (__m256i)_mm512_cvtneps_pbh(x);
        _mm256_storeu_si256((__m256i *)(void *)(p + c), rounded);
        total = _mm512_add_ps(total, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16)));
    }
    *sum = *sum * shrink + _mm512_reduce_add_ps(total);
    return shrink;
}

static void shrink_avx512(float *o, int n, float by) {
    for (int x = 0; x < n; x += LANES)
        _mm512_storeu_ps(o + x, _mm512_mul_ps(_mm512_loadu_ps(o + x), _mm512_set1_ps(by)));
}

static void nothing_avx512(void) {}

/* What both kernels have. */
#define BFLOAT16_KERNEL                                                                                           \
    .rows = JP_TILES_STEP, .cells = JP_TILES_CELLS, .number = 2 * sizeof(uint16_t), .weight = sizeof(uint16_t),   \
    .look = look_avx512, .widen = widen_avx512, .widen_mask = widen_mask_avx512, .load_query = load_query_avx512, \
    .pack_keys = jp_tiles_pack_keys, .pack_values = jp_tiles_pack_values, .soften = soften_avx512,                \
    .shrink = shrink_avx512

const jp_kernel jp_kernel_amx = {
    BFLOAT16_KERNEL,
    .begin = jp_tiles_begin_amx,
    .end = jp_tiles_end_amx,
    .scores = jp_tiles_scores_amx,
    .values = jp_tiles_values_amx,
};

const jp_kernel jp_kernel_avx512 = {
    BFLOAT16_KERNEL,
    .begin = nothing_avx512,
    .end = nothing_avx512,
    .scores = jp_tiles_scores_avx512,
    .values = jp_tiles_values_avx512,
};
#endif
