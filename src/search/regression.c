#include "search/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/lapack.h"

/* The design matrix, [rows, cols]: centred, times sqrt(weight). An intercept is the same as taking the weighted means
 * off; weights are the same as scaling rows by their roots. Its columns are made of the bits when they are needed. */
typedef struct {
    const jp_regression *r;
    int                  rows, cols;
    double              *root;     /* [rows] of the weights */
    double              *mean;     /* [cols] */
    double              *y;        /* [max(rows, cols)] centred, times root */
    double              *residual; /* [rows] scratch */
    double              *column;   /* [rows] scratch */
} design;

static bool bit_of(const jp_regression *r, int row, int col) {
    return r->x[(size_t)col * (size_t)r->words + (size_t)row / 64] >> (row % 64) & 1;
}

static double mean_of_column(const jp_regression *r, int col) {
    double sum = 0, total = 0;
    for (int i = 0; i < r->rows; i++) {
        sum += bit_of(r, i, col) ? r->weight[i] : 0;
        total += r->weight[i];
    }
    return sum / total;
}

static double mean_of_y(const jp_regression *r) {
    double sum = 0, total = 0;
    for (int i = 0; i < r->rows; i++) {
        sum += r->weight[i] * r->y[i];
        total += r->weight[i];
    }
    return sum / total;
}

static void release(design *d) {
    free(d->root);
    free(d->mean);
    free(d->y);
}

static int prepare_regression(design *d, const jp_regression *r, double scale, jopa_error *e) {
    size_t rows = (size_t)r->rows, cols = (size_t)r->cols;
    *d = (design){.r = r, .rows = r->rows, .cols = r->cols};
    d->root = malloc(3 * rows * sizeof *d->root);
    d->mean = malloc(cols * sizeof *d->mean);
    d->y = calloc(rows > cols ? rows : cols, sizeof *d->y);
    if (!d->root || !d->mean || !d->y) {
        release(d);
        return jp_fail_memory(e);
    }
    d->residual = d->root + rows;
    d->column = d->residual + rows;
    double mean = mean_of_y(r);
    for (size_t i = 0; i < rows; i++) {
        d->root[i] = sqrt(r->weight[i] * scale);
        d->y[i] = (r->y[i] - mean) * d->root[i];
    }
    for (int j = 0; j < d->cols; j++) d->mean[j] = mean_of_column(r, j);
    return JP_OK;
}

static void fill_column(const design *d, int col, double *out) {
    const uint64_t *bits = d->r->x + (size_t)col * (size_t)d->r->words;
    const double    value[2] = {0 - d->mean[col], 1 - d->mean[col]};
    for (int i = 0; i < d->rows; i++) out[i] = value[bits[i / 64] >> (i % 64) & 1] * d->root[i];
}

static const double *column_of(const design *d, int col) {
    fill_column(d, col, d->column);
    return d->column;
}

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *a, double scale, const double *b, int n) {
    for (int i = 0; i < n; i++) a[i] += scale * b[i];
}

/* ---- least squares --------------------------------------------------------------------------------------------------
 */

static int solve_dense(design *d, double *coef, jopa_error *e) {
    const double rcond = 1e-9; /* below this share of the largest a singular value is rounding */
    size_t       rows = (size_t)d->rows, cols = (size_t)d->cols;
    double      *x = malloc(rows * cols * sizeof *x);
    for (int j = 0; x && j < d->cols; j++) fill_column(d, j, x + (size_t)j * rows);
    int info = x ? jp_lapack_least_squares(x, d->rows, d->cols, rcond, d->y) : -1;
    free(x);
    if (info == -1) return jp_fail_memory(e);
    if (info) return jp_fail(e, JOPA_ERROR_MODEL, "the regression did not converge (LAPACK code %d)", info);
    memcpy(coef, d->y, cols * sizeof *coef);
    return JP_OK;
}

/* out = x v, into out[rows] */
static void multiply_design(const design *d, const double *v, double *out) {
    memset(out, 0, (size_t)d->rows * sizeof *out);
    for (int j = 0; j < d->cols; j++) add_scaled(out, v[j], column_of(d, j), d->rows);
}

/* out = x' v, into out[cols]; its square */
static double multiply_transposed(const design *d, const double *v, double *out) {
    for (int j = 0; j < d->cols; j++) out[j] = dot(column_of(d, j), v, d->rows);
    return dot(out, out, d->cols);
}

/* Steps of conjugate gradients on the normal equations, which are never formed (CGLS: Björck 1996, algorithm 7.4.1),
 * from coef on. From zero they go to the shortest solution. */
static void descend_regression(const design *d, double *coef, double *direction, double *slope, double *image) {
    enum { STEPS = 500, PATIENCE = 50 };
    const double small = 1e-30; /* of the slope's square: what rounding leaves */
    double       square = multiply_transposed(d, d->residual, slope), first = square, least = square;
    memcpy(direction, slope, (size_t)d->cols * sizeof *slope);
    for (int step = 0, stale = 0; step < STEPS && stale < PATIENCE && square > small * first; step++) {
        multiply_design(d, direction, image);
        double length = square / dot(image, image, d->rows), before = square;
        add_scaled(coef, length, direction, d->cols);
        add_scaled(d->residual, -length, image, d->rows);
        square = multiply_transposed(d, d->residual, slope);
        for (int j = 0; j < d->cols; j++) direction[j] = slope[j] + square / before * direction[j];
        stale = square < 0.9 * least ? 0 : stale + 1;
        least = fmin(least, square);
    }
}

/* Begun anew from the true residual, they correct what rounding did before. */
static void iterate(const design *d, double *coef, double *direction, double *slope, double *image) {
    enum { ROUNDS = 3 };
    memset(coef, 0, (size_t)d->cols * sizeof *coef);
    for (int round = 0; round < ROUNDS; round++) {
        multiply_design(d, coef, image);
        for (int i = 0; i < d->rows; i++) d->residual[i] = d->y[i] - image[i];
        descend_regression(d, coef, direction, slope, image);
    }
}

int jp_least_squares_iterated(const jp_regression *r, double *coef, jopa_error *e) {
    design  d;
    double *scratch = malloc((2 * (size_t)r->cols + (size_t)r->rows) * sizeof *scratch);
    int     status = scratch ? prepare_regression(&d, r, 1, e) : jp_fail_memory(e);
    if (!status) {
        iterate(&d, coef, scratch, scratch + r->cols, scratch + 2 * (size_t)r->cols);
        release(&d);
    }
    free(scratch);
    return status;
}

int jp_least_squares(const jp_regression *r, double *coef, jopa_error *e) {
    if ((double)r->rows * r->cols > JP_REGRESSION_DENSE) return jp_least_squares_iterated(r, coef, e);
    design d;
    int    status = prepare_regression(&d, r, 1, e);
    if (status) return status;
    status = solve_dense(&d, coef, e);
    release(&d);
    return status;
}

/* ---- lasso ----------------------------------------------------------------------------------------------------------
 */

/* How far the primal objective 1/2 ||residual||^2 + penalty |coef|_1 may be above its minimum. */
static double duality_gap(const design *d, const double *coef, double penalty) {
    double dual_norm = 0, size = 0, square = dot(d->residual, d->residual, d->rows);
    for (int j = 0; j < d->cols; j++) {
        dual_norm = fmax(dual_norm, fabs(dot(column_of(d, j), d->residual, d->rows)));
        size += fabs(coef[j]);
    }
    double shrink = dual_norm > penalty ? penalty / dual_norm : 1;
    return 0.5 * square * (1 + shrink * shrink) + penalty * size - shrink * dot(d->residual, d->y, d->rows);
}

/* One pass over the coordinates; returns the largest change relative to the largest coefficient. */
static double sweep_regression(const design *d, double *coef, double penalty) {
    double largest = 0, change = 0;
    for (int j = 0; j < d->cols; j++) {
        const double *column = column_of(d, j);
        double        square = dot(column, column, d->rows), old = coef[j];
        if (square == 0) continue;
        double pull = dot(column, d->residual, d->rows) + old * square;
        coef[j] = copysign(fmax(fabs(pull) - penalty, 0), pull) / square;
        add_scaled(d->residual, old - coef[j], column, d->rows);
        change = fmax(change, fabs(coef[j] - old));
        largest = fmax(largest, fabs(coef[j]));
    }
    return largest > 0 ? change / largest : 0;
}

int jp_lasso(const jp_regression *r, double alpha, double *coef, jopa_error *e) {
    enum { SWEEPS = 1000 };
    const double tolerance = 1e-4;
    design       d;
    double       total = 0, penalty = alpha * r->rows;
    for (int i = 0; i < r->rows; i++) total += r->weight[i];
    int status = prepare_regression(&d, r, r->rows / total, e);
    if (status) return status;
    double small = tolerance * dot(d.y, d.y, d.rows);
    memcpy(d.residual, d.y, (size_t)d.rows * sizeof *d.residual);
    for (int j = 0; j < d.cols; j++) coef[j] = 0;
    for (int pass = 0; pass < SWEEPS; pass++)
        if (sweep_regression(&d, coef, penalty) < tolerance && duality_gap(&d, coef, penalty) < small) break;
    release(&d);
    return JP_OK;
}
