/* By AMX. A tile is 16 rows of 64 bytes: of a left matrix 16 rows of 32 numbers, of a result 16 by 16 floats. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include "engine/accel/accel-tiles.h"

enum { ROWS = JP_TILE_ROWS, NUMBERS = JP_TILE_NUMBERS };

/* The compiler does not know that the instructions below read and write memory. */
static inline void settle_amx(void) { __asm__ volatile("" : : : "memory"); }

void jp_tiles_begin_amx(void) {
    static const struct {
        uint8_t  palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t  rows[16];
    } shape
        __attribute__((aligned(64))) = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&shape);
}

void jp_tiles_end_amx(void) { _tile_release(); }

/* A step of 32 by 32 results: tiles 0 to 3 are sums, 4 and 5 left, 6 and 7 right. */
static inline void step_amx(const uint16_t *left, size_t left_stride, const uint16_t *right, size_t right_next) {
    _tile_loadd(4, left, left_stride * 2);
    _tile_loadd(6, right, 64);
    _tile_loadd(7, right + right_next, 64);
    _tile_loadd(5, left + ROWS * left_stride, left_stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}

static inline void store_sums_amx(float *to, size_t stride) {
    _tile_stored(0, to, stride * 4);
    _tile_stored(1, to + ROWS, stride * 4);
    _tile_stored(2, to + ROWS * stride, stride * 4);
    _tile_stored(3, to + ROWS * stride + ROWS, stride * 4);
}

void jp_tiles_scores_amx(const void *queries, const void *keys, int width, int rows, int wide, int parts, float *s) {
    const uint16_t *q = queries, *packed = keys;
    size_t          w = (size_t)width, part = JP_TILES_CELLS * w, q_part = (size_t)rows * w;
    int             terms = jp_tiles_terms(parts);
    settle_amx();
    for (int j = 0; j < wide; j += JP_TILES_STEP)
        for (int i = 0; i < rows; i += JP_TILES_STEP) {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
            for (int t = 0; t < terms; t++)
                for (size_t x = 0; x < w; x += NUMBERS)
                    step_amx(q + (size_t)JP_TILES_LEFT[t] * q_part + (size_t)i * w + x, w,
                             packed + (size_t)JP_TILES_RIGHT[t] * part + (size_t)j * w + x * ROWS, ROWS * w);
            store_sums_amx(s + (size_t)i * JP_TILES_CELLS + j, JP_TILES_CELLS);
        }
    settle_amx();
}

void jp_tiles_values_amx(const void *weights, const void *values, int width, int rows, int wide, int parts, float *o) {
    const uint16_t *p = weights, *packed = values;
    size_t          w = (size_t)width, part = JP_TILES_CELLS * w;
    settle_amx();
    for (int x = 0; x < width; x += JP_TILES_STEP)
        for (int i = 0; i < rows; i += JP_TILES_STEP) {
            float *to = o + (size_t)i * w + x;
            _tile_loadd(0, to, w * 4);
            _tile_loadd(1, to + ROWS, w * 4);
            _tile_loadd(2, to + ROWS * w, w * 4);
            _tile_loadd(3, to + ROWS * w + ROWS, w * 4);
            for (size_t t = 0; t < (size_t)parts; t++)
                for (int j = 0; j < wide; j += JP_TILES_STEP)
                    step_amx(p + (size_t)i * JP_TILES_CELLS + j, JP_TILES_CELLS,
                             packed + t * part + (size_t)j * w + (size_t)x * NUMBERS, ROWS * NUMBERS);
            store_sums_amx(to, w);
        }
    settle_amx();
}
#endif
