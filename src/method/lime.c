/* LIME (Ribeiro et al. 2016) as Captum 0.9 defines it for text: each unit shown with probability 1/2, a weight of
 * exp(-d^2 / 2) with d the cosine distance to the unmasked prompt, and a Lasso with alpha = 0.01. */
#include <math.h>

#include "search/perturb.h"

static void draw_lime(jp_random *random, int row, jp_bitset *shown) {
    (void)row;
    for (int i = 0; i < shown->n; i++)
        if (jp_random_unit(random) < 0.5) jp_bitset_add(shown, i);
}

/* Of a 0/1 vector with m ones to the vector of n ones the cosine is sqrt(m / n). */
static double weight_lime(const jp_bitset *shown) {
    double m = jp_bitset_count(shown), distance = 1 - sqrt(m / shown->n);
    return exp(-distance * distance / 2);
}

static int fit_lime(const jp_regression *samples, double *coef, jopa_error *e) {
    return jp_lasso(samples, 0.01, coef, e);
}

const jp_perturbation jp_lime = {draw_lime, weight_lime, fit_lime};

static int run_lime(const jp_task *task, jp_selection *selection, jopa_error *e) {
    return jp_perturb_run(task, &jp_lime, selection, e);
}

const jp_method jp_method_lime = {.name = "lime",
                                  .summary = "LIME: sparse linear model of random masks",
                                  .ranks = true,
                                  .seeded = true,
                                  .run = run_lime};
