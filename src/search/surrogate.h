/* A Bayesian model of the drop, fitted to the sets that have been scored:
 *
 *     drop(S) = sum over i in S of linear[i]  +  sum over pairs i < j in S of pair[i][j]  +  noise,
 *     linear[i] ~ N(mean[i], s v[i]),   pair[i][j] ~ N(0, s b v[i] v[j]),   noise ~ N(0, s r (prior variance of S)).
 *
 * It is solved in the dual, as a Gaussian process whose kernel counts shared units and shared pairs (Rasmussen &
 * Williams 2006, ch. 2): the cost grows with the sets scored, not with the n^2 / 2 pairs. b, r and s maximise the
 * marginal likelihood. Samples of the posterior (for Thompson sampling) follow Matheron's rule: a draw from the prior,
 * corrected by what it gets wrong at the data. */
#ifndef JP_SURROGATE_H
#define JP_SURROGATE_H

#include "base/bitset.h"
#include "base/error.h"
#include "base/random.h"

typedef struct jp_surrogate jp_surrogate;

/* linear[n] and pair[n * n] (symmetric, zero diagonal): a quadratic function of the mask. */
typedef struct {
    int     n;
    double *linear, *pair; /* owned */
} jp_quadratic;

int  jp_quadratic_init(jp_quadratic *q, int n); /* JP_OK or JOPA_ERROR_MEMORY */
void jp_quadratic_free(jp_quadratic *q);
/* A set of at most k units where no addition, removal or exchange raises q: steepest ascent from `set`, in place.
 * `gain` is scratch of n doubles. */
void jp_quadratic_climb(const jp_quadratic *q, int k, jp_bitset *set, double *gain);

int  jp_surrogate_new(jp_surrogate **out, int n, jopa_error *e);
void jp_surrogate_free(jp_surrogate *s);
/* Remember a scored set (copied). When there are more than fit, sets of small drops are forgotten first. */
int jp_surrogate_add(jp_surrogate *s, const jp_bitset *set, double drop, jopa_error *e);
/* Fit with the prior means and variances mean[n], v[n] > 0. */
int jp_surrogate_fit(jp_surrogate *s, const double *mean, const double *v, jopa_error *e);
/* The posterior mean; after a fit. */
void jp_surrogate_mean(const jp_surrogate *s, jp_quadratic *q);
/* A draw from the posterior, its distance to the mean times `temperature`. */
int jp_surrogate_sample(const jp_surrogate *s, jp_random *random, double temperature, jp_quadratic *q, jopa_error *e);

#endif
