/* What LIME and Kernel SHAP sampled and fitted on closed-form functions, as JSON lines, for captum/compare.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "formula.h"
#include "search/perturb.h"

static void print_numbers(const char *name, const double *x, int n, const char *after) {
    printf("\"%s\":[", name);
    for (int i = 0; i < n; i++) printf("%s%.17g", i ? "," : "", x[i]);
    printf("]%s", after);
}

static void print_shown(const jp_samples *s) {
    printf("\"shown\":[");
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < s->cols; j++) printf("%s%d", i || j ? "," : "", jp_samples_shown(s, i, j));
    printf("],");
}

static int dump(const char *name, const jp_perturbation *kind, jp_engine *engine, const jp_prompt *prompt, int samples,
                uint64_t seed) {
    const int32_t response[] = {1, 2, 3};
    jopa_error    e = {0};
    jp_problem    problem = {
           .prompt = prompt, .op = {JP_OPERATOR_ZERO, 0}, .response = response, .n_response = 3, .target_last = 3};
    jp_scorer *scorer = NULL;
    jp_samples s = {0};
    int        n = prompt->n_units, status = jp_scorer_new(&scorer, engine, &problem, &(jp_limits){.k = n}, &e);
    double    *coef = calloc((size_t)n, sizeof *coef);
    if (!status && !coef) status = jp_fail_memory(&e);
    if (!status)
        status = jp_samples_take(&s, &(jp_task){.scorer = scorer, .n = n, .k = 1, .budget = samples + 1, .seed = seed},
                                 kind, &e);
    jp_regression rows = jp_samples_regression(&s);
    if (!status) status = kind->fit(&rows, coef, &e);
    if (!status) {
        printf("{\"method\":\"%s\",\"rows\":%d,\"cols\":%d,", name, s.rows, s.cols);
        print_shown(&s);
        print_numbers("f", s.f, s.rows, ",");
        print_numbers("weight", s.weight, s.rows, ",");
        print_numbers("coef", coef, n, "}\n");
    } else fprintf(stderr, "%s\n", e.message);
    free(coef);
    jp_samples_free(&s);
    jp_scorer_free(scorer);
    return status;
}

int main(void) {
    const int units[] = {8, 20, 45}, samples[] = {25, 80, 200};
    int       status = 0;
    for (int i = 0; i < 3 && !status; i++)
        for (uint64_t seed = 1; seed <= 3 && !status; seed++) {
            jp_engine *engine = NULL;
            jp_prompt  prompt = {0};
            status = jp_formula_new(&engine, units[i], NULL);
            if (!status) status = jp_formula_random(engine, 0.1, seed, NULL);
            if (!status) status = jp_formula_prompt(&prompt, units[i], NULL);
            if (!status) status = dump("lime", &jp_lime, engine, &prompt, samples[i], seed);
            if (!status) status = dump("kernelshap", &jp_kernelshap, engine, &prompt, samples[i], seed);
            jp_prompt_free(&prompt);
            if (engine) engine->ops->destroy(engine);
        }
    return status != 0;
}
