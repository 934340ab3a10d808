/* The matrix: what each response token loses when each unit is hidden alone, and when the sets are that were found. */
#ifndef JP_EXPLAIN_MATRIX_H
#define JP_EXPLAIN_MATRIX_H

#include "explain/run.h"

/* Units at most, each of which is scored alone, and units times response tokens. */
enum { JP_MATRIX_UNITS = 1024, JP_MATRIX_CELLS = 1 << 19 };

/* JOPA_ERROR_USAGE where it would be larger; n_response 0: not known yet. */
int jp_matrix_check(int n_units, int n_response, jopa_error *e);

/* Seconds of `question` for the search; the rest is for the matrix, where one is asked for. */
double jp_matrix_search_seconds(const jp_question *question);

/* Fill x->matrix and add what it costs to x->cost, for an explanation whose set, targets and drop are filled. `s` is on
 * run->store. Only the seconds and the progress callback limit it, and what is not whole is left out; the callback's
 * stop is JP_STOP. */
int jp_matrix_fill(jp_explanation *x, const jp_run *run, jp_scorer *s, jopa_error *e);

#endif
