/* Random numbers: xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64. Deterministic across platforms. */
#ifndef JP_RANDOM_H
#define JP_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t s[4];
} jp_random;

void     jp_random_seed(jp_random *r, uint64_t seed);
uint64_t jp_random_next(jp_random *r);
double   jp_random_unit(jp_random *r);         /* uniform in [0, 1) */
double   jp_random_normal(jp_random *r);       /* mean 0, variance 1 (Box & Muller 1958) */
int      jp_random_below(jp_random *r, int n); /* uniform in 0..n-1, n > 0, unbiased */

/* Draw k of n without replacement, uniformly, into out[k] (ascending). */
void jp_random_subset(jp_random *r, int n, int k, int *out);
/* Draw k of n without replacement with odds proportional to weight[i] >= 0, by exponential keys
 * (Efraimidis & Spirakis 2006), into out[k], ascending. Zero weights come only when nothing else is left.
 * `keys` is scratch of n doubles. */
void jp_random_weighted_subset(jp_random *r, const double *weight, int n, int k, int *out, double *keys);

#endif
