/* The arithmetic of attention for one kind of processor. A kernel lays out queries, keys, values and weights as its
 * products want them: to accel-attention.c they are bytes. Only accel-*.c include this, and those that implement a
 * kernel are compiled for its processors (cmake/accel.cmake). */
#ifndef JP_ACCEL_KERNEL_H
#define JP_ACCEL_KERNEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JP_KERNEL_CELLS = 32,     /* cells are packed and listed so many at a time; widths are multiples of it */
    JP_KERNEL_HIDDEN = 0xfc00 /* minus infinity in the mask, an F16 number */
};
static const float JP_KERNEL_LOG2_E = 1.44269504f; /* scores are powers of 2 */

/* Of a row whose largest score so far was *top: it is `now`. Returns by how much what is known shrinks. */
static inline float jp_kernel_rise(float *top, float now) {
    float shrink = now == -INFINITY || now == *top ? 1 : exp2f(*top - now);
    *top = now;
    return shrink;
}

typedef struct jp_kernel {
    int rows;            /* products take a multiple of so many rows */
    int cells;           /* at a time, a multiple of JP_KERNEL_CELLS: a tile */
    int number;          /* bytes of a number of a query, key or value, all parts */
    int weight;          /* bytes of a number of p; 0: p takes the place of s */
    void (*begin)(void); /* before and after the products, in each thread */
    void (*end)(void);

    /* Of JP_KERNEL_CELLS cells, the first `inside` of which exist, bits: which some of `count` rows of a mask sees,
     * and for which some row is not 0. Rows are `stride` bytes apart. */
    void (*look)(const uint16_t *mask, size_t stride, int count, int inside, uint32_t *seen, uint32_t *masked);
    void (*widen)(const uint16_t *from, float *to, int n); /* F16 to F32; n: a multiple of 16 */
    /* 16 numbers of a mask, times log2 e. */
    void (*widen_mask)(const uint16_t *from, float *to);
    /* Row `row` of q, `rows` by `width`: `from` times `scale`. */
    void (*load_query)(const float *from, float scale, int row, int rows, int width, void *q);
    /* JP_KERNEL_CELLS cells, [width] floats each, from cell `at` of a tile on. */
    void (*pack_keys)(const float *keys, int width, int at, void *packed);
    void (*pack_values)(const float *values, int width, int at, void *packed);
    /* s[rows, cells] = q k^T for the first `wide` cells; `parts`, 1 or 2: how exact, where a kernel has a choice. */
    void (*scores)(const void *q, const void *packed, int width, int rows, int wide, int parts, float *s);
    /* Row `row` of p = 2^(s + mask - the largest so far), which is *top; NULL: no mask. *sum has that of all so far.
     * What has been added up before has to be multiplied by what is returned. */
    float (*soften)(float *s, const float *mask, int row, int wide, float *top, float *sum, void *p);
    void (*shrink)(float *o, int n, float by);
    /* o[rows, width] += p v. */
    void (*values)(const void *p, const void *packed, int width, int rows, int wide, int parts, float *o);
} jp_kernel;

extern const jp_kernel jp_kernel_amx, jp_kernel_avx512, jp_kernel_avx2;

#endif
