/* Enumerating sets: shared by `exhaustive` and by searches on instances that are smaller than their budget. */
#ifndef JP_EXHAUSTIVE_H
#define JP_EXHAUSTIVE_H

#include "method/method.h"

/* How many sets of 1 to k of n units there are (a double: it may be huge). */
double jp_exhaustive_sets(int n, int k);
/* The next k-combination of 0..n-1 after units[k] (ascending) in lexicographic order; false after the last. */
bool jp_combination_next(int *units, int n, int k);

#endif
