/* Sets and random numbers. Random tests have fixed seeds; their frequencies are held against the chi-squared
 * distribution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitset.h"
#include "base/error.h"
#include "base/random.h"

/* ---- sets ------------------------------------------------------------------------------------------------------ */

static const int SIZES[] = {1, 2, 63, 64, 65, 127, 128, 129, 1000};
enum { N_SIZES = sizeof SIZES / sizeof *SIZES, LARGEST = 1000 };

/* Random additions and removals, beside an array of bools. */
static void test_bitset_against_bools(void **state) {
    (void)state;
    jp_random r;
    jp_random_seed(&r, 1);
    for (int size = 0; size < N_SIZES; size++) {
        int       n = SIZES[size], members[LARGEST];
        bool      has[LARGEST] = {0};
        jp_bitset s;
        assert_int_equal(jp_bitset_init(&s, n), JOPA_OK);
        assert_int_equal(jp_bitset_next(&s, 0), -1);
        for (int step = 0; step < 3 * n; step++) {
            int i = jp_random_below(&r, n);
            has[i] = jp_random_below(&r, 3) > 0;
            if (has[i]) jp_bitset_add(&s, i);
            else jp_bitset_remove(&s, i);
        }
        int count = 0, next = -1;
        for (int i = n - 1; i >= 0; i--) {
            assert_int_equal(jp_bitset_has(&s, i), has[i]);
            if (has[i]) count++, next = i;
            assert_int_equal(jp_bitset_next(&s, i), next);
        }
        assert_int_equal(jp_bitset_next(&s, n), -1);
        assert_int_equal(jp_bitset_count(&s), count);
        assert_int_equal(jp_bitset_members(&s, members), count);
        for (int i = 0; i < count; i++) assert_true(has[members[i]] && (i == 0 || members[i] > members[i - 1]));
        jp_bitset_clear(&s);
        assert_int_equal(jp_bitset_count(&s), 0);
        jp_bitset_free(&s);
        jp_bitset_free(&s);
    }
}

static void test_bitset_equality(void **state) {
    (void)state;
    jp_bitset a, b, c;
    assert_int_equal(jp_bitset_init(&a, 130), JOPA_OK);
    assert_int_equal(jp_bitset_init(&b, 130), JOPA_OK);
    assert_int_equal(jp_bitset_init(&c, 131), JOPA_OK);
    for (int i = 0; i < 130; i++) {
        jp_bitset_add(&a, i);
        assert_false(jp_bitset_equal(&a, &b));
        assert_true(jp_bitset_hash(&a) != jp_bitset_hash(&b));
        jp_bitset_copy(&b, &a);
        assert_true(jp_bitset_equal(&a, &b));
        assert_true(jp_bitset_hash(&a) == jp_bitset_hash(&b));
    }
    jp_bitset_clear(&a);
    assert_false(jp_bitset_equal(&a, &c)); /* of another size */
    jp_bitset_free(&a);
    jp_bitset_free(&b);
    jp_bitset_free(&c);
}

static void test_bitset_array(void **state) {
    (void)state;
    jp_bitset *sets = jp_bitset_array_new(7, 70);
    assert_non_null(sets);
    for (int i = 0; i < 7; i++) jp_bitset_add(sets + i, 10 * i);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(sets[i].n, 70);
        assert_int_equal(jp_bitset_count(sets + i), 1);
        assert_int_equal(jp_bitset_next(sets + i, 0), 10 * i);
    }
    jp_bitset_array_free(sets);
    jp_bitset_array_free(NULL);
    sets = jp_bitset_array_new(0, 5);
    assert_non_null(sets);
    jp_bitset_array_free(sets);
}

/* ---- random numbers --------------------------------------------------------------------------------------------- */

/* The 99.9 % quantile of chi-squared with `df` degrees of freedom: Wilson and Hilferty 1931. */
static double chi_squared_limit(int df) {
    double c = 2.0 / (9 * df);
    return df * pow(1 - c + 3.0902 * sqrt(c), 3);
}

static void assert_frequencies(const int *counts, const double *expected, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += pow(counts[i] - expected[i], 2) / expected[i];
    if (sum > chi_squared_limit(n - 1))
        fail_msg("chi-squared %g of %d cells, limit %g", sum, n, chi_squared_limit(n - 1));
}

static void assert_uniform(const int *counts, int n, int draws) {
    double expected[256];
    for (int i = 0; i < n; i++) expected[i] = (double)draws / n;
    assert_frequencies(counts, expected, n);
}

/* Vigna's reference implementation of xoshiro256**, from the state 1, 2, 3, 4; of splitmix64, from 0. */
static void test_random_reference(void **state) {
    (void)state;
    static const uint64_t numbers[] = {11520,
                                       0,
                                       1509978240,
                                       UINT64_C(1215971899390074240),
                                       UINT64_C(1216172134540287360),
                                       UINT64_C(607988272756665600),
                                       UINT64_C(16172922978634559625)};
    static const uint64_t seeded[] = {UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
                                      UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec)};
    jp_random             r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) assert_true(jp_random_next(&r) == numbers[i]);
    jp_random_seed(&r, 0);
    assert_memory_equal(r.s, seeded, sizeof seeded);
}

static void test_random_seed(void **state) {
    (void)state;
    jp_random a, b, c;
    jp_random_seed(&a, 42);
    jp_random_seed(&b, 42);
    jp_random_seed(&c, 43);
    for (int i = 0; i < 100; i++) {
        uint64_t x = jp_random_next(&a);
        assert_true(x == jp_random_next(&b));
        assert_true(x != jp_random_next(&c));
    }
}

static void test_random_unit(void **state) {
    (void)state;
    enum { BINS = 100, DRAWS = 100000 };
    int       counts[BINS] = {0};
    jp_random r;
    jp_random_seed(&r, 3);
    for (int i = 0; i < DRAWS; i++) {
        double x = jp_random_unit(&r);
        assert_true(x >= 0 && x < 1);
        counts[(int)(x * BINS)]++;
    }
    assert_uniform(counts, BINS, DRAWS);
}

static void test_random_below(void **state) {
    (void)state;
    static const int limits[] = {2, 3, 7, 64, 100, 255};
    enum { DRAWS = 60000 };
    jp_random r;
    jp_random_seed(&r, 4);
    assert_int_equal(jp_random_below(&r, 1), 0);
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
        int counts[256] = {0};
        for (int i = 0; i < DRAWS; i++) {
            int x = jp_random_below(&r, limits[l]);
            assert_in_range(x, 0, limits[l] - 1);
            counts[x]++;
        }
        assert_uniform(counts, limits[l], DRAWS);
    }
    for (int i = 0; i < 1000; i++) assert_in_range(jp_random_below(&r, INT32_MAX), 0, INT32_MAX - 1);
}

static void assert_subset(const int *units, int n, int k) {
    for (int i = 0; i < k; i++) assert_true(units[i] >= 0 && units[i] < n && (i == 0 || units[i] > units[i - 1]));
}

/* The set as a number, bit i for unit i. */
static int as_bits(const int *units, int k) {
    int bits = 0;
    for (int i = 0; i < k; i++) bits |= 1 << units[i];
    return bits;
}

/* Mean 0, variance 1, fourth moment 3: each within five standard errors of 100,000 draws. */
static void test_random_normal(void **state) {
    (void)state;
    enum { DRAWS = 100000 };
    jp_random r;
    double    sum = 0, square = 0, fourth = 0;
    jp_random_seed(&r, 4);
    for (int i = 0; i < DRAWS; i++) {
        double x = jp_random_normal(&r);
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
    }
    assert_float_equal(sum / DRAWS, 0, 5 / sqrt(DRAWS));
    assert_float_equal(square / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
    assert_float_equal(fourth / DRAWS, 3, 5 * sqrt(96.0 / DRAWS));
}

/* Each of the C(7, 3) = 35 sets as often as the others. */
static void test_random_subset_is_uniform(void **state) {
    (void)state;
    enum { N = 7, K = 3, SETS = 35, DRAWS = 70000 };
    int       counts[1 << N] = {0}, units[N], of_sets[SETS], sets = 0;
    jp_random r;
    jp_random_seed(&r, 5);
    for (int i = 0; i < DRAWS; i++) {
        jp_random_subset(&r, N, K, units);
        assert_subset(units, N, K);
        counts[as_bits(units, K)]++;
    }
    for (int bits = 0; bits < 1 << N; bits++)
        if (counts[bits]) of_sets[sets++] = counts[bits];
    assert_int_equal(sets, SETS);
    assert_uniform(of_sets, SETS, DRAWS);
}

static void test_random_subset_bounds(void **state) {
    (void)state;
    int       units[LARGEST];
    jp_random r;
    jp_random_seed(&r, 6);
    for (int n = 1; n < 200; n += 13) {
        jp_random_subset(&r, n, n, units);
        for (int i = 0; i < n; i++) assert_int_equal(units[i], i);
        jp_random_subset(&r, n, 1, units);
        assert_subset(units, n, 1);
        jp_random_subset(&r, n, 0, units);
    }
}

/* Drawing one after the other, each with odds by weight: P{i, j} = w_i w_j / W (1 / (W - w_i) + 1 / (W - w_j)). */
static void test_random_weighted_subset(void **state) {
    (void)state;
    enum { N = 5, PAIRS = N * (N - 1) / 2, DRAWS = 100000 };
    static const double weight[N] = {1, 2, 0.5, 4, 2.5};
    int                 counts[1 << N] = {0}, units[N], of_pairs[PAIRS], pair = 0;
    double              keys[N], expected[PAIRS], total = 10;
    jp_random           r;
    jp_random_seed(&r, 7);
    for (int i = 0; i < DRAWS; i++) {
        jp_random_weighted_subset(&r, weight, N, 2, units, keys);
        assert_subset(units, N, 2);
        counts[as_bits(units, 2)]++;
    }
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++, pair++) {
            expected[pair] =
                DRAWS * weight[i] * weight[j] / total * (1 / (total - weight[i]) + 1 / (total - weight[j]));
            of_pairs[pair] = counts[1 << i | 1 << j];
        }
    assert_frequencies(of_pairs, expected, PAIRS);
}

/* Units of weight 0 come only when no other is left, and then each as often as the others. */
static void test_random_weighted_subset_zeros(void **state) {
    (void)state;
    enum { N = 6, DRAWS = 40000 };
    static const double weight[N] = {0, 3, 0, 1e-12, 0, 0}, none[N] = {0};
    int                 units[N], fourth[N] = {0}, first[N] = {0};
    double              keys[N];
    jp_random           r;
    jp_random_seed(&r, 8);
    for (int i = 0; i < DRAWS; i++) {
        jp_random_weighted_subset(&r, weight, N, 2, units, keys);
        assert_true(units[0] == 1 && units[1] == 3);
        jp_random_weighted_subset(&r, weight, N, 3, units, keys);
        int bits = as_bits(units, 3);
        assert_true((bits & 10) == 10);
        for (int j = 0; j < N; j++) fourth[j] += bits == (10 | 1 << j);
        jp_random_weighted_subset(&r, none, N, 1, units, keys);
        first[units[0]]++;
    }
    int zeros[] = {fourth[0], fourth[2], fourth[4], fourth[5]};
    assert_uniform(zeros, 4, DRAWS);
    assert_uniform(first, N, DRAWS);
    jp_random_weighted_subset(&r, weight, N, N, units, keys);
    assert_subset(units, N, N);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bitset_against_bools),
        cmocka_unit_test(test_bitset_equality),
        cmocka_unit_test(test_bitset_array),
        cmocka_unit_test(test_random_reference),
        cmocka_unit_test(test_random_seed),
        cmocka_unit_test(test_random_unit),
        cmocka_unit_test(test_random_below),
        cmocka_unit_test(test_random_normal),
        cmocka_unit_test(test_random_subset_is_uniform),
        cmocka_unit_test(test_random_subset_bounds),
        cmocka_unit_test(test_random_weighted_subset),
        cmocka_unit_test(test_random_weighted_subset_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
