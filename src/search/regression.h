/* Weighted linear regression with an intercept on rows of zeros and ones, for methods that fit a linear model to scores
 * of random masks. The rows stay bits: beside what the caller holds, a fit takes a few numbers a row and a column, and
 * least squares of at most JP_REGRESSION_DENSE entries a matrix of them twice (32 MiB). */
#ifndef JP_REGRESSION_H
#define JP_REGRESSION_H

#include <stdint.h>

#include "base/error.h"

typedef struct {
    const uint64_t *x; /* [cols * words] column by column: bit i is row i's; words: of a column, ceil(rows / 64) */
    const double   *y, *weight; /* [rows], weights > 0 */
    int             words, rows, cols;
} jp_regression;

/* Coefficients go to coef[cols]; the intercept is fitted but not returned. */

/* Least squares; of several solutions the one with the smallest norm. By singular values up to JP_REGRESSION_DENSE
 * entries, above by conjugate gradients, which agree with them to about 1e-9 of the largest coefficient. */
int jp_least_squares(const jp_regression *r, double *coef, jopa_error *e);
enum { JP_REGRESSION_DENSE = 1 << 21 };
int jp_least_squares_iterated(const jp_regression *r, double *coef, jopa_error *e); /* whatever the size */

/* Minimise 1 / (2 rows) ||y - x coef||^2 + alpha |coef|_1, weights scaled to sum `rows`, by cyclic coordinate descent
 * that ends, as scikit-learn's Lasso does, once the duality gap is below 1e-4 ||y||^2 (Friedman et al. 2010). */
int jp_lasso(const jp_regression *r, double alpha, double *coef, jopa_error *e);

#endif
