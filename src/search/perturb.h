/* LIME and Kernel SHAP: a linear model fitted to f at random masks. Kept apart from the two methods so that what they
 * sampled can be handed to another implementation. */
#ifndef JP_PERTURB_H
#define JP_PERTURB_H

#include "search/task.h"

typedef struct {
    double *shown;  /* [rows * cols] row-major: 1 where the unit is shown */
    double *f;      /* [rows] */
    double *weight; /* [rows] */
    int     rows, cols;
} jp_samples;

typedef struct {
    void (*draw)(jp_random *random, int row, int n, double *shown); /* fill shown[n] of row `row` */
    double (*weight)(const double *shown, int n);
    int (*fit)(const jp_samples *samples, double *coef, jopa_error *e);
} jp_perturbation;

extern const jp_perturbation jp_lime, jp_kernelshap;

/* Draw and score the task's budget of masks, or 4 a unit; free with jp_samples_free. JP_STOP: only those scored. */
int  jp_samples_take(jp_samples *out, const jp_task *task, const jp_perturbation *kind, jopa_error *e);
void jp_samples_free(jp_samples *samples);

/* The method: sample, fit, take the k units with the largest coefficients. */
int jp_perturb_run(const jp_task *task, const jp_perturbation *kind, jp_selection *selection, jopa_error *e);

#endif
