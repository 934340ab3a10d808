#include "search/refine-model.h"

#include <math.h>
#include <string.h>

#include "search/lapack.h"

static const double NOISE = 0.3, CURVED = 8; /* of a set's drop, over its prior variance: more for sets further away */
static const double SCALE = 0.5,
                    SCALE_SETS = 8; /* of weights before anything is known, nats, and how many sets outweigh it */
static const double SLOPE = 0.2,
                    SLOPE_SETS = 20; /* of weights over guide before sets say more, and how many outweigh it */

/* The incumbent's differences to the sets that are near. */
static void find_near(jp_refinement *r) {
    int known = r->scored < JP_REFINE_KNOWN ? r->scored : JP_REFINE_KNOWN, words = (r->n + 63) / 64;
    r->near = 0;
    for (int t = 0; t < known; t++) {
        int *to = r->difference + r->near * JP_REFINE_NEAR, size = 0;
        for (int w = 0; w < words && size <= JP_REFINE_NEAR; w++) {
            uint64_t differ = r->sets[t].words[w] ^ r->incumbent.words[w];
            for (; differ && size <= JP_REFINE_NEAR; differ &= differ - 1, size++) {
                int u = 64 * w + __builtin_ctzll(differ);
                if (size < JP_REFINE_NEAR) to[size] = jp_bitset_has(&r->incumbent, u) ? -1 - u : u;
            }
        }
        if (size == 0 || size > JP_REFINE_NEAR) continue;
        r->size[r->near] = size;
        r->gap[r->near++] = r->drops[t] - r->best;
    }
}

static double sign_of(int difference) { return difference < 0 ? -1 : 1; }
static int    unit_of(int difference) { return difference < 0 ? -1 - difference : difference; }

/* What weights say of near set t. */
static double predict(const jp_refinement *r, int t, const double *weight) {
    double     sum = 0;
    const int *d = r->difference + t * JP_REFINE_NEAR;
    for (int i = 0; i < r->size[t]; i++) sum += sign_of(d[i]) * weight[unit_of(d[i])];
    return sum;
}

static void refine_add(const jp_refinement *r, int t, double amount, double *weight) {
    const int *d = r->difference + t * JP_REFINE_NEAR;
    for (int i = 0; i < r->size[t]; i++) weight[unit_of(d[i])] += sign_of(d[i]) * amount;
}

static double noise_of(const jp_refinement *r, int t) { return NOISE * (1 + r->size[t] / CURVED) * r->size[t]; }

/* The mean before sets are seen: the guide, times the slope that they have on it, and what is expected otherwise. */
static void set_prior(jp_refinement *r) {
    double square = SLOPE_SETS, product = SLOPE_SETS * SLOPE;
    for (int t = 0; t < r->near; t++) {
        double expected = predict(r, t, r->guide);
        square += expected * expected / r->size[t];
        product += expected * r->gap[t] / r->size[t];
    }
    double slope = fmax(product / square, 0);
    for (int u = 0; u < r->n; u++) r->mean[u] = slope * r->guide[u] + r->expect[u];
}

int jp_refine_fit(jp_refinement *r, jopa_error *e) {
    find_near(r);
    set_prior(r);
    for (int t = 0; t < r->near; t++) {
        double *column = r->kernel + (size_t)t * JP_REFINE_KNOWN;
        memset(r->mark, 0, (size_t)r->n * sizeof *r->mark);
        refine_add(r, t, 1, r->mark);
        for (int u = t; u < r->near; u++) column[u] = predict(r, u, r->mark);
        column[t] += noise_of(r, t);
        r->gain[t] = r->alpha[t] = r->gap[t] - predict(r, t, r->mean);
    }
    r->scale = SCALE;
    if (!r->near) return JP_OK;
    if (!jp_lapack_cholesky(r->kernel, r->near, JP_REFINE_KNOWN))
        return jp_fail(e, JOPA_ERROR_MODEL, "the model of the search could not be fitted to %d sets", r->near);
    jp_lapack_cholesky_solve(r->kernel, r->near, JP_REFINE_KNOWN, r->alpha);
    double square = SCALE_SETS * SCALE * SCALE;
    for (int t = 0; t < r->near; t++) {
        square += r->alpha[t] * r->gain[t];
        refine_add(r, t, r->alpha[t], r->mean);
    }
    r->scale = sqrt(square / (r->near + SCALE_SETS));
    return JP_OK;
}

/* Weights from the posterior, by Matheron's rule: a draw from the prior, without what it gets wrong at the sets. */
void jp_refine_draw(jp_refinement *r) {
    for (int u = 0; u < r->n; u++) r->weight[u] = r->scale * jp_random_normal(&r->random);
    for (int t = 0; t < r->near; t++)
        r->gain[t] = predict(r, t, r->weight) + r->scale * sqrt(noise_of(r, t)) * jp_random_normal(&r->random);
    if (r->near) jp_lapack_cholesky_solve(r->kernel, r->near, JP_REFINE_KNOWN, r->gain);
    for (int t = 0; t < r->near; t++) refine_add(r, t, -r->gain[t], r->weight);
    for (int u = 0; u < r->n; u++) r->weight[u] = r->mean[u] + r->heat * r->weight[u];
}
