#include "bench/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

static const char ALL[] = "all", BASELINE[] = "jopa";

/* ---- one cell
 * -------------------------------------------------------------------------------------------------------- */

static int by_value_tables(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The value at `share` of sorted values, linear between neighbours; NAN unless all are finite. */
static double quantile(const double *sorted, int n, double share) {
    double at = share * (n - 1);
    int    below = (int)at;
    if (!isfinite(sorted[0]) || !isfinite(sorted[n - 1])) return NAN;
    return below + 1 < n ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[n - 1];
}

static double mean(const double *values, const int *chosen, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += values[chosen ? chosen[i] : i];
    return sum / n;
}

typedef struct {
    double *own, *base; /* [n] values of a method, and of the baseline on the same prompts */
    int     n;
    int    *chosen;         /* [n] scratch: the prompts of a resample */
    double *means, *ratios; /* [JP_RESAMPLES] scratch */
} sample;

static void interval(double *values, double *low, double *high) {
    qsort(values, JP_RESAMPLES, sizeof *values, by_value_tables);
    *low = quantile(values, JP_RESAMPLES, 0.025);
    *high = quantile(values, JP_RESAMPLES, 0.975);
}

/* The cell of a method from its values; `against`: base[] is filled. */
static jp_bench_cell make_cell(sample *s, int better, bool against, uint64_t seed) {
    jp_bench_cell c = {s->n, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    jp_random     random;
    if (!s->n) return c;
    c.mean = mean(s->own, NULL, s->n);
    if (against) c.ratio = c.mean / mean(s->base, NULL, s->n);
    jp_random_seed(&random, seed);
    for (int b = 0; b < JP_RESAMPLES; b++) {
        for (int i = 0; i < s->n; i++) s->chosen[i] = jp_random_below(&random, s->n);
        s->means[b] = mean(s->own, s->chosen, s->n);
        s->ratios[b] = against ? s->means[b] / mean(s->base, s->chosen, s->n) : 0;
    }
    interval(s->means, &c.low, &c.high);
    if (!against) return c;
    interval(s->ratios, &c.ratio_low, &c.ratio_high);
    if (!better) return c;
    c.wins = 0;
    for (int i = 0; i < s->n; i++) {
        double gain = better * (s->own[i] - s->base[i]);
        c.wins += (gain > 0 ? 1 : gain == 0 ? 0.5 : 0) / s->n;
    }
    return c;
}

/* ---- gathering
 * --------------------------------------------------------------------------------------------------------- */

static const jp_explanation *explanation_tables(const jp_record *r) { return &r->result->items[0]; }

bool jp_tables_is_task(const jp_tables *t, const jp_record *r, int task) {
    return t->tasks[task] == ALL || !strcmp(t->tasks[task], r->task);
}

/* The value of the prompt `id` by the baseline. */
static double baseline_value(const jp_tables *t, const jp_measure *m, const char *id) {
    for (int i = 0; t->has_baseline && i < t->records->n; i++) {
        const jp_record *r = &t->records->items[i];
        if (!strcmp(r->id, id) && !strcmp(r->label, BASELINE)) return jp_measure_value(m, explanation_tables(r));
    }
    return NAN;
}

static void fill_cell(const jp_tables *t, int measure, int method, int task, sample *s) {
    const jp_measure *m = &t->measures.items[measure];
    bool              against = t->has_baseline && method > 0;
    s->n = 0;
    for (int i = 0; i < t->records->n; i++) {
        const jp_record *r = &t->records->items[i];
        if (strcmp(r->label, t->methods[method]) || !jp_tables_is_task(t, r, task)) continue;
        s->own[s->n] = jp_measure_value(m, explanation_tables(r));
        s->base[s->n] = against ? baseline_value(t, m, r->id) : NAN;
        if (isfinite(s->own[s->n])) s->n++;
    }
    for (int i = 0; i < s->n; i++) against = against && isfinite(s->base[i]);
    int at = (measure * t->n_methods + method) * t->n_tasks + task;
    t->cells[at] = make_cell(s, m->better, against, explanation_tables(&t->records->items[0])->seed + (uint64_t)at);
}

static int fill_cells(jp_tables *t, jopa_error *e) {
    size_t  n = (size_t)t->records->n;
    double *numbers = malloc((2 * n + 2 * JP_RESAMPLES) * sizeof *numbers);
    int    *chosen = malloc(n * sizeof *chosen);
    t->cells = calloc((size_t)t->measures.n * (size_t)t->n_methods * (size_t)t->n_tasks, sizeof *t->cells);
    int status = numbers && chosen && t->cells ? JP_OK : jp_fail_memory(e);
    if (!status) {
        sample s = {numbers, numbers + n, 0, chosen, numbers + 2 * n, numbers + 2 * n + JP_RESAMPLES};
        for (int m = 0; m < t->measures.n; m++)
            for (int method = 0; method < t->n_methods; method++)
                for (int task = 0; task < t->n_tasks; task++) fill_cell(t, m, method, task, &s);
    }
    free(numbers);
    free(chosen);
    return status;
}

static void add_name(const char **names, int *n, const char *name) {
    for (int i = 0; i < *n; i++)
        if (!strcmp(names[i], name)) return;
    names[(*n)++] = name;
}

static int name_all(jp_tables *t, jopa_error *e) {
    const jp_records *r = t->records;
    t->tasks = malloc(((size_t)r->n + 1) * sizeof *t->tasks);
    t->methods = malloc(((size_t)r->n + 1) * sizeof *t->methods);
    if (!t->tasks || !t->methods) return jp_fail_memory(e);
    for (int i = 0; i < r->n; i++) t->has_baseline = t->has_baseline || !strcmp(r->items[i].label, BASELINE);
    if (t->has_baseline) t->methods[t->n_methods++] = BASELINE;
    for (int i = 0; i < r->n; i++) {
        add_name(t->tasks, &t->n_tasks, r->items[i].task);
        add_name(t->methods, &t->n_methods, r->items[i].label);
        if (jp_measures_collect(&t->measures, explanation_tables(&r->items[i]))) return jp_fail_memory(e);
    }
    if (t->n_tasks > 1) t->tasks[t->n_tasks++] = ALL;
    return JP_OK;
}

int jp_tables_make(jp_tables *t, const jp_records *records, jopa_error *e) {
    *t = (jp_tables){.records = records};
    if (!records->n) return jp_fail(e, JOPA_ERROR_INPUT, "there are no results yet");
    int status = name_all(t, e);
    if (!status) status = fill_cells(t, e);
    if (status) jp_tables_free(t);
    return status;
}

void jp_tables_free(jp_tables *t) {
    jp_measures_free(&t->measures);
    free(t->tasks);
    free(t->methods);
    free(t->cells);
    *t = (jp_tables){0};
}

const jp_bench_cell *jp_tables_cell(const jp_tables *t, int measure, int method, int task) {
    return &t->cells[(measure * t->n_methods + method) * t->n_tasks + task];
}
