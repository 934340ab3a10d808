/* Weighted linear regression with an intercept, for methods that fit a linear model to scores of random masks. */
#ifndef JP_REGRESSION_H
#define JP_REGRESSION_H

#include "base/error.h"

/* x: [rows * cols] row-major, y and weight: [rows], weights > 0. Coefficients go to coef[cols]; the intercept is
 * fitted but not returned. */

/* Least squares; of several solutions the one with the smallest norm. */
int jp_least_squares(const double *x, const double *y, const double *weight, int rows, int cols, double *coef,
                     jopa_error *e);

/* Minimise 1 / (2 rows) ||y - x coef||^2 + alpha |coef|_1, weights scaled to sum `rows`, by cyclic coordinate descent
 * that ends, as scikit-learn's Lasso does, once the duality gap is below 1e-4 ||y||^2 (Friedman et al. 2010). */
int jp_lasso(const double *x, const double *y, const double *weight, int rows, int cols, double alpha, double *coef,
             jopa_error *e);

#endif
