/* Half precision against ggml's own conversion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ggml.h>
#include <stdlib.h>
#include <string.h>

#include "engine/half.h"

enum { N = 1 << 16 };

static void check_halves(const uint32_t *bits, int n) {
    float    *from = malloc((size_t)n * sizeof *from);
    uint16_t *got = malloc((size_t)n * sizeof *got), *expected = malloc((size_t)n * sizeof *expected);
    memcpy(from, bits, (size_t)n * sizeof *from);
    jp_to_halves(from, got, n);
    ggml_fp32_to_fp16_row(from, expected, n);
    for (int i = 0; i < n; i++)
        if (got[i] != expected[i]) fail_msg("%08x becomes %04x, not %04x", bits[i], got[i], expected[i]);
    free(from);
    free(got);
    free(expected);
}

/* All exponents and signs, with random last bits: NaN, infinite, subnormal, too large and too small ones among them. */
static void random_numbers(void **state) {
    (void)state;
    uint32_t *bits = malloc(N * sizeof *bits), seed = 1;
    for (uint32_t i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        bits[i] = i << 16 | seed >> 16;
    }
    check_halves(bits, N);
    free(bits);
}

/* Halfway between two halves, and beside: ties go to the even one. */
static void ties(void **state) {
    (void)state;
    uint32_t *bits = malloc(3 * N * sizeof *bits);
    for (int i = 0; i < N; i++) {
        float exact = ggml_fp16_to_fp32((ggml_fp16_t)i), above = ggml_fp16_to_fp32((ggml_fp16_t)(i ^ 1));
        float middle = exact / 2 + above / 2;
        memcpy(bits + 3 * i, &middle, sizeof *bits);
        bits[3 * i + 1] = bits[3 * i] + 1;
        bits[3 * i + 2] = bits[3 * i] - 1;
    }
    check_halves(bits, 3 * N);
    free(bits);
}

/* A length that no vector divides. */
static void short_rows(void **state) {
    (void)state;
    uint32_t bits[67];
    for (uint32_t n = 0; n < 67; n++) {
        bits[n] = 0x3f800000u + n * 4096;
        check_halves(bits, (int)n + 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_numbers), cmocka_unit_test(ties),
                                       cmocka_unit_test(short_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
