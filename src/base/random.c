#include "base/random.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

void jp_random_seed(jp_random *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ z >> 31;
    }
}

uint64_t jp_random_next(jp_random *r) {
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double jp_random_unit(jp_random *r) { return (double)(jp_random_next(r) >> 11) * 0x1p-53; }

double jp_random_normal(jp_random *r) {
    double u = 1 - jp_random_unit(r), angle = 6.283185307179586 * jp_random_unit(r);
    return sqrt(-2 * log(u)) * cos(angle);
}

int jp_random_below(jp_random *r, int n) {
    uint64_t bound = (uint64_t)n, limit = UINT64_MAX - UINT64_MAX % bound, x;
    do x = jp_random_next(r);
    while (x >= limit);
    return (int)(x % bound);
}

void jp_random_subset(jp_random *r, int n, int k, int *out) {
    for (int i = 0, taken = 0; taken < k; i++) /* selection sampling: Knuth, algorithm 3.4.2 S */
        if (jp_random_below(r, n - i) < k - taken) out[taken++] = i;
}

/* Larger is better: log(u) / w, with zero weights below all others in random order. */
static double exponential_key(jp_random *r, double weight) {
    double u = jp_random_unit(r) + 0x1p-54;
    return weight > 0 ? log(u) / weight : -1e300 * (1 + u);
}

void jp_random_weighted_subset(jp_random *r, const double *weight, int n, int k, int *out, double *keys) {
    for (int i = 0; i < n; i++) keys[i] = exponential_key(r, weight[i]);
    for (int taken = 0; taken < k; taken++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!isnan(keys[i]) && (best < 0 || keys[i] > keys[best])) best = i;
        keys[best] = NAN;
    }
    for (int i = 0, taken = 0; i < n && taken < k; i++)
        if (isnan(keys[i])) out[taken++] = i;
}
