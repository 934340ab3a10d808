/* Statistics over results: for each measure, method and task the mean with its 95 % interval, and the comparison with
 * the baseline on the same prompts. */
#ifndef JP_TABLES_H
#define JP_TABLES_H

#include "base/buffer.h"
#include "bench/measures.h"
#include "bench/records.h"

typedef struct {            /* NAN: absent */
    int    n;               /* prompts */
    double mean, low, high; /* 95 % percentile bootstrap (Efron 1979) over prompts, JP_RESAMPLES resamples */
    double wins;            /* share of the prompts on which it is better than the baseline, ties count half */
    double ratio, ratio_low, ratio_high; /* mean over the baseline's mean on the same prompts, resampled by prompt */
} jp_bench_cell;

enum { JP_RESAMPLES = 2000 };

typedef struct {
    const jp_records *records;
    jp_measures       measures;
    const char      **tasks;   /* [n_tasks] borrowed; the last one is "all" when there are several */
    const char      **methods; /* [n_methods] labels in order of their first result, the baseline first */
    int               n_tasks, n_methods;
    bool              has_baseline; /* methods[0] is "jopa" */
    jp_bench_cell    *cells;
} jp_tables;

int                  jp_tables_make(jp_tables *t, const jp_records *records, jopa_error *e);
void                 jp_tables_free(jp_tables *t);
const jp_bench_cell *jp_tables_cell(const jp_tables *t, int measure, int method, int task);
/* Whether a record counts for the task (with the index). */
bool jp_tables_is_task(const jp_tables *t, const jp_record *r, int task);

/* A format of the tables. */
typedef struct {
    const char *name;
    int (*write)(const jp_tables *t, jp_buffer *out, jopa_error *e);
} jp_bench_format;

extern const jp_bench_format jp_bench_text, jp_bench_markdown, jp_bench_csv, jp_bench_json, jp_bench_html;

#endif
