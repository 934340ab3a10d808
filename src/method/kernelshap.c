/* Kernel SHAP (Lundberg & Lee 2017) as Captum 0.9 defines it for text: all shown and all hidden with a weight of 10^6,
 * then m units shown with p(m) ~ (n - 1) / (m (n - m)), each set of m as likely as another, weight 1; least squares. */
#include "search/perturb.h"

/* m in 1..n-1 with odds 1 / (m (n - m)). */
static int draw_size(jp_random *random, int n) {
    double total = 0;
    for (int m = 1; m < n; m++) total += 1.0 / m / (n - m);
    double at = jp_random_unit(random) * total;
    for (int m = 1; m < n - 1; m++)
        if ((at -= 1.0 / m / (n - m)) < 0) return m;
    return n - 1;
}

static void draw_shap(jp_random *random, int row, jp_bitset *shown) {
    int n = shown->n;
    for (int i = 0; i < n && row == 0; i++) jp_bitset_add(shown, i);
    if (row < 2 || n < 2) return;
    int left = draw_size(random, n);
    for (int i = 0; i < n; i++) /* selection sampling: Knuth, algorithm 3.4.2 S */
        if (jp_random_below(random, n - i) < left) jp_bitset_add(shown, i), left--;
}

static double weight_shap(const jp_bitset *shown) {
    int m = jp_bitset_count(shown);
    return m == 0 || m == shown->n ? 1e6 : 1;
}

const jp_perturbation jp_kernelshap = {draw_shap, weight_shap, jp_least_squares};

static int run_kernelshap(const jp_task *task, jp_selection *selection, jopa_error *e) {
    return jp_perturb_run(task, &jp_kernelshap, selection, e);
}

const jp_method jp_method_kernelshap = {.name = "kernelshap",
                                        .summary = "Kernel SHAP: Shapley values by weighted regression",
                                        .ranks = true,
                                        .seeded = true,
                                        .run = run_kernelshap};
