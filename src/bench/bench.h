/* Methods over data sets: each result is appended to a file as soon as it is there. */
#ifndef JP_BENCH_H
#define JP_BENCH_H

#include "explain/watch.h"

/* The question's options are those of "bench". */
int jp_bench(jopa_model *m, const jp_question *q, jopa_error *e);

#endif
