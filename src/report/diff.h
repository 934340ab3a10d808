/* Where two texts differ, word by word. */
#ifndef JP_DIFF_H
#define JP_DIFF_H

#include <stddef.h>

#include "base/error.h"

typedef struct {
    size_t start, end;
    bool   same;
} jp_diff_run;

typedef struct {
    jp_diff_run *runs; /* covering the whole text in order; neighbours differ in `same` */
    int          n;
} jp_diff;

/* Cut `a` and `b` into runs that they share and runs that they do not: a longest common subsequence of words, spaces
 * and marks. Two texts of many thousand words share only what they begin and end with. The caller frees both runs. */
int jp_diff_texts(const char *a, const char *b, jp_diff *in_a, jp_diff *in_b, jopa_error *e);

#endif
