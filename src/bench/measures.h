/* What the tables are about: the numbers of a result, with their titles and directions. */
#ifndef JP_MEASURES_H
#define JP_MEASURES_H

#include "result/result.h"

typedef struct {
    char       *key;    /* owned: "log_prob.drop", "words.bleu", "cost.evaluations" */
    const char *title;  /* the key where nothing better is known */
    int         better; /* 1: a larger number is a better explanation, -1: a smaller one, 0: neither */
} jp_measure;

/* The number of a result, NAN when absent. */
double jp_measure_value(const jp_measure *m, const jp_explanation *x);

typedef struct {
    jp_measure *items;
    int         n, capacity;
} jp_measures;

/* Add the measures that `x` has and the list lacks, in the order of the tables. JOPA_ERROR_MEMORY or JP_OK. */
int  jp_measures_collect(jp_measures *m, const jp_explanation *x);
void jp_measures_free(jp_measures *m);

#endif
