/* LIME and Kernel SHAP: a linear model fitted to f at random masks. Kept apart from the two methods so that what they
 * sampled can be handed to another implementation. */
#ifndef JP_PERTURB_H
#define JP_PERTURB_H

#include "search/regression.h"
#include "search/task.h"

/* The masks are bits: n units and 4 n masks take n^2 / 2 bytes, 32 MB for 8,000 units. Beside them masks are held as
 * long as they are being scored, so many at a time that their rows have JP_SAMPLES_AT_ONCE tokens; the scorer remembers
 * each of them, as it does any set. */
typedef struct {
    uint64_t *shown;      /* [cols * words] column by column, a bit a row: the unit is shown */
    double   *f, *weight; /* [rows] */
    int       words;      /* of a column: ceil(rows / 64) */
    int       rows, cols;
} jp_samples;
enum { JP_SAMPLES_AT_ONCE = 1 << 22 };

typedef struct {
    void (*draw)(jp_random *random, int row, jp_bitset *shown); /* fill shown, empty before, of row `row` */
    double (*weight)(const jp_bitset *shown);
    int (*fit)(const jp_regression *samples, double *coef, jopa_error *e);
} jp_perturbation;

extern const jp_perturbation jp_lime, jp_kernelshap;

/* Draw and score the task's budget of masks, or 4 a unit; free with jp_samples_free. JP_STOP: only those scored. */
int           jp_samples_take(jp_samples *out, const jp_task *task, const jp_perturbation *kind, jopa_error *e);
void          jp_samples_free(jp_samples *samples);
bool          jp_samples_shown(const jp_samples *samples, int row, int unit);
jp_regression jp_samples_regression(const jp_samples *samples); /* borrows */

/* The method: sample, fit, take the k units with the largest coefficients. */
int jp_perturb_run(const jp_task *task, const jp_perturbation *kind, jp_selection *selection, jopa_error *e);

#endif
