#include "bench/bench-figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/grid.h"
#include "report/plot/figures.h"
#include "base/number.h"

enum { BAR_HEIGHT = 24, GRID = 48, CURVE = 11 };

static const jp_explanation *explanation_bench_plot(const jp_record *r) { return &r->result->items[0]; }
static bool                  is_baseline(const jp_tables *t, int method) { return t->has_baseline && method == 0; }

static int measure_index(const jp_tables *t, const char *key) {
    for (int m = 0; m < t->measures.n; m++)
        if (!strcmp(t->measures.items[m].key, key)) return m;
    return -1;
}

/* ---- series of points, all of one size
 * ------------------------------------------------------------------------------- */

typedef struct {
    jp_series *series; /* [n_methods] those with points come first: n */
    jp_point  *points; /* [n_methods * room] */
    int        n, room;
} bundle;

static bool bundle_init(bundle *b, const jp_tables *t, int room) {
    *b = (bundle){calloc((size_t)t->n_methods, sizeof *b->series),
                  calloc((size_t)t->n_methods * (size_t)room, sizeof *b->points), 0, room};
    return b->series && b->points;
}

static void bundle_free(bundle *b) {
    free(b->series);
    free(b->points);
}

static jp_point *next_points(const bundle *b) { return b->points + b->n * b->room; }

static void add_series(bundle *b, const char *name, int n, bool strong) {
    if (n > 0) b->series[b->n++] = (jp_series){name, b->points + (b->n - 1) * b->room, n, 0, strong};
}

/* Draws the lines, with a name for screen readers that tells where each ends. */
static void draw_bench_plot(jp_buffer *out, const bundle *b, const char *what, const char *x_label,
                            const char *y_label) {
    jp_buffer name = {0};
    jp_buffer_format(&name, "%s. ", what);
    for (int i = 0; i < b->n; i++) {
        jp_buffer_format(&name, "%s%s: ", i ? "; " : "", b->series[i].name);
        jp_put_figure(&name, b->series[i].points[b->series[i].n - 1].y);
    }
    if (name.failed) out->failed = true;
    else
        jp_plot_lines(out, &(jp_plot){name.data, x_label, y_label, JP_FIGURE_WIDTH, JP_FIGURE_HEIGHT, 0, 0}, b->series,
                      b->n);
    jp_buffer_free(&name);
}

/* ---- bars
 * ------------------------------------------------------------------------------------------------------------- */

static int by_value_bench_plot(const void *left, const void *right) {
    const jp_bar *a = left, *b = right;
    return a->value < b->value ? 1 : a->value > b->value ? -1 : strcmp(a->label, b->label);
}

bool jp_bench_figure_drops(jp_buffer *out, const jp_tables *t, int task) {
    int drop = measure_index(t, "log_prob.drop");
    if (drop < 0 || !out) return drop >= 0;
    jp_bar   *bars = calloc((size_t)t->n_methods, sizeof *bars);
    jp_buffer name = {0};
    int       n = 0;
    jp_buffer_format(&name, "Mean drop on %s, nats. ", t->tasks[task]);
    for (int m = 0; bars && m < t->n_methods; m++) {
        const jp_bench_cell *c = jp_tables_cell(t, drop, m, task);
        if (isfinite(c->mean)) bars[n++] = (jp_bar){t->methods[m], c->mean, is_baseline(t, m), true, c->low, c->high};
    }
    if (bars) qsort(bars, (size_t)n, sizeof *bars, by_value_bench_plot);
    for (int i = 0; i < n; i++) {
        jp_buffer_format(&name, "%s%s: ", i ? "; " : "", bars[i].label);
        jp_bench_put_interval(&name, bars[i].value, bars[i].low, bars[i].high);
    }
    if (!bars || name.failed) out->failed = true;
    else jp_plot_bars(out, &(jp_plot){name.data, NULL, NULL, JP_FIGURE_WIDTH, n * BAR_HEIGHT, 0, 0}, bars, n);
    free(bars);
    jp_buffer_free(&name);
    return true;
}

/* ---- drop against sparsity
 * ---------------------------------------------------------------------------------------------- */

/* Whether two labels are the same method, whatever their sparsity. */
static bool same_method(const char *a, const char *b) {
    size_t size = strcspn(a, "@/");
    return size == strcspn(b, "@/") && !strncmp(a, b, size);
}

static int by_x(const void *left, const void *right) {
    const jp_point *a = left, *b = right;
    return (a->x > b->x) - (a->x < b->x);
}

static int sparsity_points(const jp_tables *t, int method, int drop, int sparsity, jp_point *points) {
    int n = 0;
    for (int m = 0; m < t->n_methods; m++) {
        if (!same_method(t->methods[m], t->methods[method])) continue;
        if (m < method) return 0; /* drawn with the first of its variants */
        points[n].x = jp_tables_cell(t, sparsity, m, t->n_tasks - 1)->mean;
        points[n].y = jp_tables_cell(t, drop, m, t->n_tasks - 1)->mean;
        if (isfinite(points[n].x) && isfinite(points[n].y)) n++;
    }
    qsort(points, (size_t)n, sizeof *points, by_x);
    return n;
}

bool jp_bench_figure_sparsity(jp_buffer *out, const jp_tables *t) {
    int    drop = measure_index(t, "log_prob.drop"), sparsity = measure_index(t, "sparsity");
    bundle b = {0};
    if (drop < 0 || sparsity < 0 || !out) return drop >= 0 && sparsity >= 0;
    if (bundle_init(&b, t, t->n_methods)) {
        for (int m = 0; m < t->n_methods; m++)
            add_series(&b, t->methods[m], sparsity_points(t, m, drop, sparsity, next_points(&b)), is_baseline(t, m));
        draw_bench_plot(out, &b, "Mean drop against hidden tokens", "hidden tokens, %", "drop, nats");
    } else {
        out->failed = true;
    }
    bundle_free(&b);
    return true;
}

/* ---- drop against evaluations
 * -------------------------------------------------------------------------------------------- */

static double per_unit(const jp_explanation *x) { return x->n_units ? (double)x->cost.evaluations / x->n_units : 0; }

/* The best drop that the run had after `evaluations`: what it returned once it was over. */
static double drop_after(const jp_explanation *x, double evaluations) {
    double best = 0;
    if (evaluations >= (double)x->cost.evaluations) return x->log_prob.drop;
    for (int i = 0; i < x->n_trace; i++)
        if (x->trace[i].evaluations <= evaluations) best = fmax(best, x->trace[i].drop);
    return best;
}

static double longest_run(const jp_tables *t, const char *label) {
    double most = 0;
    for (int i = 0; i < t->records->n; i++)
        if (!label || !strcmp(t->records->items[i].label, label))
            most = fmax(most, per_unit(explanation_bench_plot(&t->records->items[i])));
    return most;
}

static int search_points(const jp_tables *t, const char *label, double step, jp_point *points) {
    double end = longest_run(t, label);
    int    n = 0;
    for (int g = 0; g < GRID && (g == 0 || points[n - 1].x < end); g++) {
        double x = fmin(g * step, end), sum = 0;
        int    count = 0;
        for (int i = 0; i < t->records->n; i++) {
            const jp_explanation *found = explanation_bench_plot(&t->records->items[i]);
            if (strcmp(t->records->items[i].label, label)) continue;
            sum += drop_after(found, x * found->n_units + 1e-9);
            count++;
        }
        points[n++] = (jp_point){x, sum / count};
    }
    return n;
}

bool jp_bench_figure_search(jp_buffer *out, const jp_tables *t) {
    bundle b = {0};
    double longest = longest_run(t, NULL);
    if (!(longest > 0) || !out) return longest > 0;
    if (bundle_init(&b, t, GRID)) {
        for (int m = 0; m < t->n_methods; m++)
            if (!strchr(t->methods[m], '@'))
                add_series(&b, t->methods[m], search_points(t, t->methods[m], longest / (GRID - 1), next_points(&b)),
                           is_baseline(t, m));
        draw_bench_plot(out, &b, "Mean of the best drop so far against evaluations",
                        "evaluations per unit of the prompt", "best drop, nats");
    } else {
        out->failed = true;
    }
    bundle_free(&b);
    return true;
}

/* ---- deletion and insertion curves
 * ------------------------------------------------------------------------------------------ */

static double curve_value(const jp_explanation *x, const char *curve, int percent) {
    char name[32];
    snprintf(name, sizeof name, "%s_%d", curve, percent);
    for (int i = 0; i < x->n_metrics; i++)
        if (!strcmp(x->metrics[i].group, "curves") && !strcmp(x->metrics[i].name, name)) return x->metrics[i].value;
    return NAN;
}

static int curve_points(const jp_tables *t, const char *label, const char *curve, jp_point *points) {
    for (int p = 0; p < CURVE; p++) {
        double sum = 0;
        int    count = 0, percent = p * 100 / (CURVE - 1);
        for (int i = 0; i < t->records->n; i++) {
            const jp_explanation *x = explanation_bench_plot(&t->records->items[i]);
            double                change =
                (curve_value(x, curve, percent) - curve_value(x, "deletion", 0)) / (x->target_last - x->target_first);
            if (strcmp(t->records->items[i].label, label) || !isfinite(change)) continue;
            sum += change;
            count++;
        }
        if (!count) return 0;
        points[p] = (jp_point){percent, sum / count};
    }
    return CURVE;
}

bool jp_bench_figure_curve(jp_buffer *out, const jp_tables *t, bool insertion) {
    const char *curve = insertion ? "insertion" : "deletion";
    bundle      b = {0};
    bool        there = measure_index(t, "curves.deletion_area") >= 0;
    if (!there || !out) return there;
    if (bundle_init(&b, t, CURVE)) {
        for (int m = 0; m < t->n_methods; m++)
            add_series(&b, t->methods[m], curve_points(t, t->methods[m], curve, next_points(&b)), is_baseline(t, m));
        draw_bench_plot(out, &b, insertion ? "Insertion curves" : "Deletion curves",
                        insertion ? "units shown, %" : "units hidden, %", "change of log-probability per token");
    } else {
        out->failed = true;
    }
    bundle_free(&b);
    return there;
}
