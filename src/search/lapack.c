#include "search/lapack.h"

#include <lapacke.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lapack_turn = PTHREAD_MUTEX_INITIALIZER;

static int finish_turn(int info) {
    pthread_mutex_unlock(&lapack_turn);
    return info;
}

bool jp_lapack_cholesky(double *a, int n, int stride) {
    pthread_mutex_lock(&lapack_turn);
    return finish_turn(LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, a, stride)) == 0;
}

void jp_lapack_cholesky_solve(const double *l, int n, int stride, double *x) {
    pthread_mutex_lock(&lapack_turn);
    finish_turn(LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', n, 1, l, stride, x, n));
}

int jp_lapack_least_squares(double *a, int rows, int cols, double rcond, double *b) {
    int        few = rows < cols ? rows : cols, many = rows < cols ? cols : rows;
    double    *singular = malloc((size_t)few * sizeof *singular);
    lapack_int rank;
    if (!singular) return -1;
    pthread_mutex_lock(&lapack_turn);
    int info = finish_turn(LAPACKE_dgelsd(LAPACK_COL_MAJOR, rows, cols, 1, a, rows, b, many, singular, rcond, &rank));
    free(singular);
    return info == LAPACK_WORK_MEMORY_ERROR ? -1 : info;
}
