#include "search/surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/lapack.h"

enum { SETS_MAX = 640 };
/* Candidates for the share of pairs and of noise in a set's prior variance, relative to the linear part. */
static const double PAIRS[] = {0.03, 0.1, 0.3, 1, 3}, NOISE[] = {0.003, 0.03, 0.15};
static const double REFIT = 1.15; /* b and r are chosen anew when there are this many times as many sets */

struct jp_surrogate {
    int     n, count;
    int    *members;   /* [SETS_MAX * n] the units of each set */
    int    *sizes;     /* [SETS_MAX] */
    double *drops;     /* [SETS_MAX] */
    int     chosen_at; /* count when the hyperparameters were chosen */
    double  pairs, noise;

    /* of the last fit, over its `fitted` first sets */
    int     fitted;
    double *shared, *kernel; /* [SETS_MAX^2] linear kernel; Cholesky factor of the whole kernel */
    double *paired;          /* [SETS_MAX^2] pair kernel */
    double *alpha;           /* [SETS_MAX] kernel^-1 (drops - prior mean) */
    double *mean, *v;        /* [n] */
    double  b, scale;
};

int jp_surrogate_new(jp_surrogate **out, int n, jopa_error *e) {
    jp_surrogate *s = calloc(1, sizeof *s);
    size_t        square = (size_t)SETS_MAX * SETS_MAX;
    if (!s) return jp_fail_memory(e);
    s->n = n;
    s->members = malloc((size_t)SETS_MAX * (size_t)n * sizeof *s->members);
    s->sizes = malloc(SETS_MAX * sizeof *s->sizes);
    s->drops = malloc(SETS_MAX * sizeof *s->drops);
    s->shared = malloc(3 * square * sizeof *s->shared);
    s->alpha = malloc(SETS_MAX * sizeof *s->alpha);
    s->mean = malloc(2 * (size_t)n * sizeof *s->mean);
    if (!s->members || !s->sizes || !s->drops || !s->shared || !s->alpha || !s->mean) {
        jp_surrogate_free(s);
        return jp_fail_memory(e);
    }
    s->paired = s->shared + square;
    s->kernel = s->paired + square;
    s->v = s->mean + n;
    *out = s;
    return JP_OK;
}

void jp_surrogate_free(jp_surrogate *s) {
    if (!s) return;
    free(s->members);
    free(s->sizes);
    free(s->drops);
    free(s->shared);
    free(s->alpha);
    free(s->mean);
    free(s);
}

static int *members(const jp_surrogate *s, int t) { return s->members + (size_t)t * (size_t)s->n; }

/* The place of the set with the smallest drop among those of more than one unit. */
static int least(const jp_surrogate *s) {
    int at = 0;
    for (int t = 1; t < s->count; t++) {
        bool single = s->sizes[t] == 1, held = s->sizes[at] == 1;
        if (single < held || (single == held && s->drops[t] < s->drops[at])) at = t;
    }
    return at;
}

int jp_surrogate_add(jp_surrogate *s, const jp_bitset *set, double drop, jopa_error *e) {
    if (!isfinite(drop)) return jp_fail(e, JOPA_ERROR_MODEL, "a masked prompt has no finite score");
    int at = s->count < SETS_MAX ? s->count++ : least(s);
    s->sizes[at] = jp_bitset_members(set, members(s, at));
    s->drops[at] = drop;
    return JP_OK;
}

/* ---- kernels: [count * count], lower triangle ------------------------------------------------------------------- */

/* shared[t][u] = sum of v over the common units, paired[t][u] = sum of v[i] v[j] over the common pairs. */
static void fill_kernels(jp_surrogate *s, double *weight) {
    int count = s->count;
    for (int t = 0; t < count; t++) {
        for (int i = 0; i < s->n; i++) weight[i] = 0;
        for (int i = 0; i < s->sizes[t]; i++) weight[members(s, t)[i]] = s->v[members(s, t)[i]];
        for (int u = t; u < count; u++) {
            const int *other = members(s, u);
            double     sum = 0, squares = 0;
            for (int i = 0; i < s->sizes[u]; i++) {
                double w = weight[other[i]];
                sum += w;
                squares += w * w;
            }
            s->shared[(size_t)t * SETS_MAX + (size_t)u] = sum;
            s->paired[(size_t)t * SETS_MAX + (size_t)u] = (sum * sum - squares) / 2;
        }
    }
}

static double prior_mean(const jp_surrogate *s, int t) {
    double sum = 0;
    for (int i = 0; i < s->sizes[t]; i++) sum += s->mean[members(s, t)[i]];
    return sum;
}

static double mean_diagonal(const double *kernel, int count) {
    double sum = 0;
    for (int t = 0; t < count; t++) sum += kernel[(size_t)t * (SETS_MAX + 1)];
    return sum / count;
}

/* Factorise the kernel for shares `pairs` and `noise`, fill alpha and scale; *likelihood up to a constant. False: not
 * positive definite. Columns of `shared` hold the lower triangle, as LAPACK wants it. */
static bool factorise(jp_surrogate *s, double pairs, double noise, double *likelihood) {
    int    count = s->count;
    double linear = mean_diagonal(s->shared, count), quadratic = mean_diagonal(s->paired, count), determinant = 0,
           fit = 0;
    s->b = pairs * linear / (quadratic > 0 ? quadratic : 1);
    for (int t = 0; t < count; t++) {
        size_t column = (size_t)t * SETS_MAX;
        for (int u = t; u < count; u++)
            s->kernel[column + (size_t)u] = s->shared[column + (size_t)u] + s->b * s->paired[column + (size_t)u];
        s->kernel[column + (size_t)t] *= 1 + noise;
        s->alpha[t] = s->drops[t] - prior_mean(s, t);
    }
    if (!jp_lapack_cholesky(s->kernel, count, SETS_MAX)) return false;
    for (int t = 0; t < count; t++) determinant += log(s->kernel[(size_t)t * (SETS_MAX + 1)]);
    jp_lapack_cholesky_solve(s->kernel, count, SETS_MAX, s->alpha);
    for (int t = 0; t < count; t++) fit += s->alpha[t] * (s->drops[t] - prior_mean(s, t));
    s->scale = fmax(fit / count, 1e-12);
    s->noise = noise;
    *likelihood = -0.5 * count * log(s->scale) - determinant;
    return true;
}

static void choose_shares(jp_surrogate *s) {
    double best = -INFINITY, pairs = PAIRS[0], noise = NOISE[0], likelihood;
    for (size_t p = 0; p < sizeof PAIRS / sizeof *PAIRS; p++)
        for (size_t r = 0; r < sizeof NOISE / sizeof *NOISE; r++)
            if (factorise(s, PAIRS[p], NOISE[r], &likelihood) && likelihood > best) {
                best = likelihood;
                pairs = PAIRS[p];
                noise = NOISE[r];
            }
    s->pairs = pairs;
    s->noise = noise;
    s->chosen_at = s->count;
}

int jp_surrogate_fit(jp_surrogate *s, const double *mean, const double *v, jopa_error *e) {
    double likelihood, *weight = malloc((size_t)s->n * sizeof *weight);
    if (!weight) return jp_fail_memory(e);
    memcpy(s->mean, mean, (size_t)s->n * sizeof *mean);
    memcpy(s->v, v, (size_t)s->n * sizeof *v);
    fill_kernels(s, weight);
    free(weight);
    s->fitted = s->count;
    if (!s->count) { /* the prior, without pairs */
        s->b = 0;
        s->scale = 1;
        return JP_OK;
    }
    if (s->count >= REFIT * s->chosen_at) choose_shares(s);
    if (factorise(s, s->pairs, s->noise, &likelihood)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_MODEL, "the surrogate of the search could not be fitted to %d sets", s->count);
}

/* ---- posterior ------------------------------------------------------------------------------------------------- */

/* q += sign * sum over sets of weight[t] * what set t says about each unit and pair a priori */
static void project_surrogate(const jp_surrogate *s, const double *weight, double sign, jp_quadratic *q) {
    for (int t = 0; t < s->fitted; t++) {
        const int *m = members(s, t);
        for (int i = 0; i < s->sizes[t]; i++) {
            double w = sign * weight[t] * s->v[m[i]], *pair = q->pair + (size_t)m[i] * (size_t)s->n;
            q->linear[m[i]] += w;
            for (int j = 0; j < s->sizes[t]; j++)
                if (j != i) pair[m[j]] += s->b * w * s->v[m[j]];
        }
    }
}

void jp_surrogate_mean(const jp_surrogate *s, jp_quadratic *q) {
    memcpy(q->linear, s->mean, (size_t)s->n * sizeof *q->linear);
    memset(q->pair, 0, (size_t)s->n * (size_t)s->n * sizeof *q->pair);
    project_surrogate(s, s->alpha, 1, q);
}

/* A draw from the prior, without its mean. */
static void draw_prior(const jp_surrogate *s, jp_random *r, jp_quadratic *q) {
    int n = s->n;
    for (int i = 0; i < n; i++) {
        double root = sqrt(s->b * s->v[i] * s->scale);
        q->linear[i] = sqrt(s->v[i] * s->scale) * jp_random_normal(r);
        q->pair[(size_t)i * (size_t)n + (size_t)i] = 0;
        for (int j = 0; j < i; j++)
            q->pair[(size_t)i * (size_t)n + (size_t)j] = q->pair[(size_t)j * (size_t)n + (size_t)i] =
                root * sqrt(s->v[j]) * jp_random_normal(r);
    }
}

static double value(const jp_quadratic *q, const int *m, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++) {
        sum += q->linear[m[i]];
        for (int j = 0; j < i; j++) sum += q->pair[(size_t)m[i] * (size_t)q->n + (size_t)m[j]];
    }
    return sum;
}

int jp_surrogate_sample(const jp_surrogate *s, jp_random *r, double temperature, jp_quadratic *q, jopa_error *e) {
    double *weight = malloc((size_t)(s->fitted + 1) * sizeof *weight);
    if (!weight) return jp_fail_memory(e);
    draw_prior(s, r, q);
    for (int t = 0; t < s->fitted; t++) {
        size_t at = (size_t)t * (SETS_MAX + 1);
        double noise = s->noise * (s->shared[at] + s->b * s->paired[at]) * s->scale;
        weight[t] = value(q, members(s, t), s->sizes[t]) + sqrt(noise) * jp_random_normal(r);
    }
    if (s->fitted) jp_lapack_cholesky_solve(s->kernel, s->fitted, SETS_MAX, weight);
    project_surrogate(s, weight, -1, q);
    size_t size = (size_t)s->n * (size_t)s->n;
    for (int i = 0; i < s->n; i++) q->linear[i] = temperature * q->linear[i] + s->mean[i];
    for (size_t i = 0; i < size; i++) q->pair[i] *= temperature;
    project_surrogate(s, s->alpha, 1, q);
    free(weight);
    return JP_OK;
}
