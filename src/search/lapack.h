/* The few routines of LAPACK that searches need, one call of the process at a time: builds of OpenBLAS without threads
 * of its own (Debian's libopenblas0-serial) share buffers between all callers without a lock, and give wrong numbers to
 * two threads that call at once. Matrices are by columns; `stride` is the distance of two columns. */
#ifndef JP_LAPACK_H
#define JP_LAPACK_H

#include <stdbool.h>

/* a = L L' for a symmetric positive definite a[n x n], whose lower triangle is read and replaced by L (dpotrf). False:
 * it is not positive definite. */
bool jp_lapack_cholesky(double *a, int n, int stride);
/* x[n] becomes the solution of L L' z = x, for the L of jp_lapack_cholesky (dpotrs). */
void jp_lapack_cholesky_solve(const double *l, int n, int stride, double *x);
/* The shortest z with the least |a z - b|, for a[rows x cols] without a gap between its columns, by singular values, of
 * which those below `rcond` of the largest count as 0 (dgelsd). a is overwritten; z is in b[max(rows, cols)]. 0; -1: no
 * memory; or LAPACK's code of failure. */
int jp_lapack_least_squares(double *a, int rows, int cols, double rcond, double *b);

#endif
