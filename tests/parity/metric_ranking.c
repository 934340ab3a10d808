/* Figures of metrics that rank, for test_metric_ranking.sh.
 *   metric_ranking spearman    reads problems, "N", N numbers and N numbers each, and prints a line with the
 * correlation metric_ranking sets        prints problems of 24 units, a line each: f with nothing hidden; the weights
 * of the units; the weights of units 2 i and 2 i + 1 hidden together; the scores; lds; the top-k drops; and for each of
 * the sets that lds scored, what it hides in zeros and ones, and its drop */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "formula_problem.h"
#include "metric/metric.h"
#include "metric/ranking.h"

enum { UNITS = 24, PAIRS = UNITS / 2, PROBLEMS = 100 };

static void must(bool good, const char *what) {
    if (good) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void read_numbers(double *out, int n) {
    for (int i = 0; i < n; i++) must(scanf("%lf", &out[i]) == 1, "a number is missing");
}

static void correlate_problems(void) {
    int        n;
    jopa_error e = {0};
    while (scanf("%d", &n) == 1) {
        double *x = malloc((2 * (size_t)n + 1) * sizeof *x), value;
        must(x != NULL, "no memory");
        read_numbers(x, 2 * n);
        must(!jp_spearman(x, x + n, n, &value, &e), e.message);
        printf("%.17g\n", value);
        free(x);
    }
}

/* Multiples of 1/64, which floats hold exactly, from -1/16 to 1/4. */
static void draw_weights(jp_random *random, double *out, int n) {
    for (int i = 0; i < n; i++) printf("%.17g ", out[i] = (jp_random_below(random, 21) - 4) / 64.0);
}

/* One in three is 0, as in a sparse model; the others are distinct. */
static void draw_scores(jp_random *random, const double *weight, double *out) {
    for (int i = 0; i < UNITS; i++) {
        bool none = jp_random_below(random, 3) == 0;
        out[i] = none ? 0 : weight[i] + jp_random_unit(random) / 4;
        printf("%.17g ", out[i]);
    }
}

static void print_metrics(const formula_problem *p, const char *list, const double *score, uint64_t seed) {
    unsigned       bits = 0;
    jp_bitset      none;
    jopa_error     e = {0};
    jp_explanation x = {0};
    jp_measured    m = {.scorer = p->scorer, .selected = &none, .score = score, .response = "a", .seed = seed};
    must(!jp_bitset_init(&none, UNITS) && !jp_metric_parse(list, &bits, &e), e.message);
    must(!jp_metric_measure(bits, &m, &x, &e), e.message);
    for (int i = 0; i < x.n_metrics; i++) printf("%.17g ", x.metrics[i].value);
    jp_explanation_free(&x);
    jp_bitset_free(&none);
}

static void print_sets(const formula_problem *p) {
    jp_bitset set;
    double    drop;
    int       at = 0;
    while (jp_scorer_next(p->scorer, &at, &set, &drop)) {
        if (!jp_bitset_count(&set)) continue;
        for (int u = 0; u < UNITS; u++) putchar(jp_bitset_has(&set, u) ? '1' : '0');
        printf(" %.17g ", drop);
    }
}

static void print_problem(uint64_t seed) {
    formula_problem p;
    jp_random       random;
    jopa_error      e = {0};
    double          weight[UNITS], pair[PAIRS], score[UNITS];
    jp_random_seed(&random, seed);
    formula_problem_open(&p, UNITS);
    p.problem.n_response = p.problem.target_last = 1;
    formula_problem_start(&p, &(jp_limits){.k = UNITS});
    printf("%.17g ", jp_scorer_full(p.scorer));
    draw_weights(&random, weight, UNITS);
    draw_weights(&random, pair, PAIRS);
    draw_scores(&random, weight, score);
    must(!jp_formula_additive(p.engine, weight, &e), e.message);
    for (int i = 0; i < PAIRS; i++) must(!jp_formula_or(p.engine, pair[i], 2 * i, 2 * i + 1, &e), e.message);
    print_metrics(&p, "lds", score, seed);
    formula_problem other = p; /* another scorer, whose sets are not among those that are printed */
    other.scorer = NULL;
    formula_problem_start(&other, &(jp_limits){.k = UNITS});
    print_metrics(&other, "top_k_drop", score, seed);
    jp_scorer_free(other.scorer);
    print_sets(&p);
    putchar('\n');
    formula_problem_close(&p);
}

int main(int argc, char **argv) {
    must(argc == 2, "usage: metric_ranking spearman | sets");
    if (!strcmp(argv[1], "spearman")) correlate_problems();
    else
        for (uint64_t seed = 0; seed < PROBLEMS; seed++) print_problem(seed);
    return 0;
}
