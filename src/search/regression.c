#include "search/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

typedef struct {
    double *x; /* [cols * rows], column-major: centred, times sqrt(weight) */
    double *y; /* [max(rows, cols)] the same */
    int     rows, cols;
} design;

static double weighted_mean(const double *value, const double *weight, int rows, int stride) {
    double sum = 0, total = 0;
    for (int i = 0; i < rows; i++) {
        sum += weight[i] * value[(size_t)i * (size_t)stride];
        total += weight[i];
    }
    return sum / total;
}

/* An intercept is the same as taking the weighted means off; weights are the same as scaling rows by their roots. */
static int prepare_regression(design *d, const double *x, const double *y, const double *weight, double scale,
                              jopa_error *e) {
    size_t rows = (size_t)d->rows, cols = (size_t)d->cols;
    d->x = malloc(rows * cols * sizeof *d->x);
    d->y = calloc(rows > cols ? rows : cols, sizeof *d->y);
    if (!d->x || !d->y) return jp_fail_memory(e);
    for (size_t j = 0; j < cols; j++) {
        double mean = weighted_mean(x + j, weight, d->rows, d->cols);
        for (size_t i = 0; i < rows; i++) d->x[j * rows + i] = (x[i * cols + j] - mean) * sqrt(weight[i] * scale);
    }
    double mean = weighted_mean(y, weight, d->rows, 1);
    for (size_t i = 0; i < rows; i++) d->y[i] = (y[i] - mean) * sqrt(weight[i] * scale);
    return JP_OK;
}

static void release(design *d) {
    free(d->x);
    free(d->y);
}

int jp_least_squares(const double *x, const double *y, const double *weight, int rows, int cols, double *coef,
                     jopa_error *e) {
    const double rcond = 1e-9; /* below this share of the largest a singular value is rounding */
    design       d = {.rows = rows, .cols = cols};
    int          status = prepare_regression(&d, x, y, weight, 1, e);
    double      *singular = malloc((size_t)(rows < cols ? rows : cols) * sizeof *singular);
    if (!status && !singular) status = jp_fail_memory(e);
    if (!status) {
        lapack_int rank;
        int info = LAPACKE_dgelsd(LAPACK_COL_MAJOR, rows, cols, 1, d.x, rows, d.y, rows > cols ? rows : cols, singular,
                                  rcond, &rank);
        if (info == LAPACK_WORK_MEMORY_ERROR) status = jp_fail_memory(e);
        else if (info) status = jp_fail(e, JOPA_ERROR_MODEL, "the regression did not converge (LAPACK code %d)", info);
        else memcpy(coef, d.y, (size_t)cols * sizeof *coef);
    }
    free(singular);
    release(&d);
    return status;
}

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *a, double scale, const double *b, int n) {
    for (int i = 0; i < n; i++) a[i] += scale * b[i];
}

/* How far the primal objective 1/2 ||r||^2 + penalty |coef|_1 may be above its minimum. */
static double duality_gap(const design *d, const double *coef, const double *residual, double penalty) {
    double dual_norm = 0, size = 0, square = dot(residual, residual, d->rows);
    for (int j = 0; j < d->cols; j++) {
        dual_norm = fmax(dual_norm, fabs(dot(d->x + (size_t)j * (size_t)d->rows, residual, d->rows)));
        size += fabs(coef[j]);
    }
    double shrink = dual_norm > penalty ? penalty / dual_norm : 1;
    return 0.5 * square * (1 + shrink * shrink) + penalty * size - shrink * dot(residual, d->y, d->rows);
}

/* One pass over the coordinates; returns the largest change relative to the largest coefficient. */
static double sweep_regression(const design *d, double *coef, double *residual, double penalty) {
    double largest = 0, change = 0;
    for (int j = 0; j < d->cols; j++) {
        const double *column = d->x + (size_t)j * (size_t)d->rows;
        double        square = dot(column, column, d->rows), old = coef[j];
        if (square == 0) continue;
        double pull = dot(column, residual, d->rows) + old * square;
        coef[j] = copysign(fmax(fabs(pull) - penalty, 0), pull) / square;
        add_scaled(residual, old - coef[j], column, d->rows);
        change = fmax(change, fabs(coef[j] - old));
        largest = fmax(largest, fabs(coef[j]));
    }
    return largest > 0 ? change / largest : 0;
}

int jp_lasso(const double *x, const double *y, const double *weight, int rows, int cols, double alpha, double *coef,
             jopa_error *e) {
    enum { SWEEPS = 1000 };
    const double tolerance = 1e-4;
    design       d = {.rows = rows, .cols = cols};
    double       total = 0, penalty = alpha * rows;
    for (int i = 0; i < rows; i++) total += weight[i];
    int     status = prepare_regression(&d, x, y, weight, rows / total, e);
    double *residual = malloc((size_t)rows * sizeof *residual);
    if (!status && !residual) status = jp_fail_memory(e);
    if (!status) {
        double small = tolerance * dot(d.y, d.y, rows);
        memcpy(residual, d.y, (size_t)rows * sizeof *residual);
        for (int j = 0; j < cols; j++) coef[j] = 0;
        for (int pass = 0; pass < SWEEPS; pass++)
            if (sweep_regression(&d, coef, residual, penalty) < tolerance &&
                duality_gap(&d, coef, residual, penalty) < small)
                break;
    }
    free(residual);
    release(&d);
    return status;
}
