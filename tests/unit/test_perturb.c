/* Linear models of random masks: the regressions, and what they take in memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "formula_problem.h"
#include "search/joint.h"
#include "search/perturb.h"

enum { MOST_ROWS = 400, MOST_COLS = 64 };

typedef struct {
    uint64_t      x[MOST_COLS * (MOST_ROWS / 64 + 1)];
    double        y[MOST_ROWS], weight[MOST_ROWS];
    jp_regression r;
} table;

static void table_init(table *t, int rows, int cols) {
    assert_true(rows <= MOST_ROWS && cols <= MOST_COLS);
    *t = (table){0};
    t->r = (jp_regression){t->x, t->y, t->weight, (rows + 63) / 64, rows, cols};
    for (int i = 0; i < rows; i++) t->weight[i] = 1;
}

static void set(table *t, int row, int col) {
    t->x[(size_t)col * (size_t)t->r.words + (size_t)row / 64] |= (uint64_t)1 << (row % 64);
}

static void regressions_find_the_coefficients(void **state) {
    enum { ROWS = 60, COLS = 5 };
    const double truth[COLS] = {2, 0, -1, 0.5, 0};
    double       coef[COLS];
    jp_random    r;
    table        t;
    (void)state;
    jp_random_seed(&r, 1);
    table_init(&t, ROWS, COLS);
    for (int i = 0; i < ROWS; i++) {
        t.y[i] = 7;
        t.weight[i] = 0.5 + jp_random_unit(&r);
        for (int j = 0; j < COLS; j++) {
            if (jp_random_unit(&r) >= 0.5) continue;
            set(&t, i, j);
            t.y[i] += truth[j];
        }
    }
    assert_int_equal(jp_least_squares(&t.r, coef, NULL), JP_OK);
    for (int j = 0; j < COLS; j++) assert_true(fabs(coef[j] - truth[j]) < 1e-9);
    assert_int_equal(jp_lasso(&t.r, 0.05, coef, NULL), JP_OK);
    assert_true(coef[1] == 0 && coef[4] == 0 && coef[0] > 1.6 && coef[0] < 2 && coef[2] > -1 && coef[2] < -0.6);
}

/* Fewer rows than columns: of all exact solutions the shortest, either way. */
static void least_squares_takes_the_shortest(void **state) {
    double coef[3];
    table  t;
    (void)state;
    table_init(&t, 2, 3);
    set(&t, 0, 0);
    set(&t, 0, 1);
    t.y[0] = 3;
    t.y[1] = 1;
    for (int way = 0; way < 2; way++) {
        assert_int_equal((way ? jp_least_squares_iterated : jp_least_squares)(&t.r, coef, NULL), JP_OK);
        assert_true(fabs(coef[0] - 1) < 1e-9 && fabs(coef[1] - 1) < 1e-9 && fabs(coef[2]) < 1e-9);
    }
}

/* Conjugate gradients agree with singular values, also with the weights of Kernel SHAP. */
static void both_ways_agree(void **state) {
    const int sizes[][2] = {{25, 8}, {80, 20}, {180, 45}, {400, 64}, {400, 10}, {40, 64}, {30, 30}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            formula_problem p;
            jp_samples      s;
            double          dense[MOST_COLS], iterated[MOST_COLS], largest = 0;
            formula_problem_open(&p, sizes[i][1]);
            jp_formula_random(p.engine, 0.1, seed, NULL);
            formula_problem_start(&p, &(jp_limits){.k = 1});
            jp_task task = {.scorer = p.scorer, .n = sizes[i][1], .k = 1, .budget = sizes[i][0] + 1, .seed = seed};
            assert_int_equal(jp_samples_take(&s, &task, &jp_kernelshap, NULL), JP_OK);
            assert_int_equal(s.rows, sizes[i][0]);
            jp_regression r = jp_samples_regression(&s);
            assert_int_equal(jp_least_squares(&r, dense, NULL), JP_OK);
            assert_int_equal(jp_least_squares_iterated(&r, iterated, NULL), JP_OK);
            for (int j = 0; j < s.cols; j++) largest = fmax(largest, fabs(dense[j]));
            for (int j = 0; j < s.cols; j++)
                if (fabs(dense[j] - iterated[j]) > 1e-9 * largest)
                    fail_msg("%d x %d, seed %d: %.17g beside %.17g", s.rows, s.cols, (int)seed, iterated[j], dense[j]);
            jp_samples_free(&s);
            formula_problem_close(&p);
        }
}

/* Rows without a score are left out, and the others keep their masks. */
static void unscored_rows_are_left_out(void **state) {
    formula_problem p;
    jp_samples      all, some;
    (void)state;
    formula_problem_open(&p, 30);
    jp_formula_random(p.engine, 0.1, 1, NULL);
    formula_problem_start(&p, &(jp_limits){.k = 1});
    jp_task task = {.scorer = p.scorer, .n = 30, .k = 1, .budget = 201, .seed = 4};
    assert_int_equal(jp_samples_take(&all, &task, &jp_lime, NULL), JP_OK);
    formula_problem_start(&p, &(jp_limits){.k = 1, .budget = 101});
    task.scorer = p.scorer;
    assert_int_equal(jp_samples_take(&some, &task, &jp_lime, NULL), JP_STOP);
    assert_true(all.rows == 200 && some.rows == 100);
    for (int i = 0, at = 0; i < some.rows; i++, at++) {
        while (at < all.rows && all.f[at] != some.f[i]) at++;
        assert_true(at < all.rows);
        for (int u = 0; u < 30; u++) assert_int_equal(jp_samples_shown(&some, i, u), jp_samples_shown(&all, at, u));
    }
    jp_samples_free(&all);
    jp_samples_free(&some);
    formula_problem_close(&p);
}

/* ---- memory ---------------------------------------------------------------------------------------------------------
 */

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
enum { LONG = 800, MOST = 8000, ROOM = 32 << 20 }; /* the masks, and a copy of them, would take 40 MB as numbers */

static rlim_t address_space(void) {
    long  pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* In a process that gets no more than ROOM bytes beyond what it has: its exit code. */
static int explain_long(const char *method) {
    formula_problem p;
    jp_selection    found;
    jopa_error      e = {0};
    formula_problem_open(&p, LONG);
    for (int u = 0; u < LONG; u += 100) jp_formula_add(p.engine, 1, &u, 1, NULL);
    formula_problem_start(&p, &(jp_limits){.k = LONG / 100});
    if (jp_selection_init(&found, LONG, NULL)) return 2;
    struct rlimit limit = {address_space() + ROOM, address_space() + ROOM};
    if (limit.rlim_cur == ROOM || setrlimit(RLIMIT_AS, &limit)) return 77;
    jp_task task = {.scorer = p.scorer, .n = LONG, .k = LONG / 100, .seed = 1};
    if (jp_method_find(method)->run(&task, &found, &e)) {
        fprintf(stderr, "%s: %s\n", method, e.message);
        return 1;
    }
    for (int u = 0; u < LONG; u += 100)
        if (!jp_bitset_has(&found.selected, u)) return 3;
    return 0;
}

/* `ask` of `what` in a process of its own. */
static void check_in_child(int (*ask)(const char *), const char *what) {
    int   status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) _exit(ask(what));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != 77))
        fail_msg("%s: %d", what, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void masks_of_long_prompts_take_little(void **state) {
    (void)state;
    if (SANITIZED) skip();
    check_in_child(explain_long, "lime");
    check_in_child(explain_long, "kernelshap");
}

/* 8,000 units: a set of 200 of them is analysed in 128 MB. */
static int analyse_most(const char *what) {
    formula_problem p;
    jp_joint        joint;
    jp_bitset       set;
    (void)what;
    formula_problem_open(&p, MOST);
    for (int u = 0; u < MOST; u += 100) jp_formula_add(p.engine, 1, &u, 1, NULL);
    formula_problem_start(&p, &(jp_limits){.k = MOST});
    if (jp_bitset_init(&set, MOST)) return 2;
    for (int u = 0; u < MOST; u += 40) jp_bitset_add(&set, u);
    struct rlimit limit = {address_space() + 4 * ROOM, address_space() + 4 * ROOM};
    if (limit.rlim_cur == 4 * ROOM || setrlimit(RLIMIT_AS, &limit)) return 77;
    jopa_error e = {0};
    if (jp_joint_analyse(&joint, p.scorer, &set, &e)) {
        fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    return fabs(joint.drop - MOST / 200) < 1e-3 ? 0 : 3;
}

/* A joint search of so many says what it would take before it takes it, whatever the method. */
static int refuse_most(const char *method) {
    formula_problem p;
    jp_selection    found;
    jopa_error      e = {0};
    formula_problem_open(&p, MOST);
    formula_problem_start(&p, &(jp_limits){.k = 3});
    if (jp_selection_init(&found, MOST, NULL)) return 2;
    struct rlimit limit = {(rlim_t)400 << 20, (rlim_t)400 << 20};
    if (address_space() > limit.rlim_cur / 2 || setrlimit(RLIMIT_AS, &limit)) return 77;
    jp_task task = {.scorer = p.scorer, .n = MOST, .k = 3, .seed = 1};
    if (jp_method_find(method)->run(&task, &found, &e) != JOPA_ERROR_INPUT) return 1;
    return strstr(e.message, "8000 units at once takes 0.5 GiB of memory, there are 0.4: search by `levels`") ? 0 : 3;
}

static void most_units_fit_or_are_refused(void **state) {
    const char *const methods[] = {"jopa", "jopa-nograd", "jopa-noprob"};
    (void)state;
    if (SANITIZED) skip();
    check_in_child(analyse_most, "joint analysis");
    for (int i = 0; i < 3; i++) check_in_child(refuse_most, methods[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regressions_find_the_coefficients),
        cmocka_unit_test(least_squares_takes_the_shortest),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(unscored_rows_are_left_out),
        cmocka_unit_test(masks_of_long_prompts_take_little),
        cmocka_unit_test(most_units_fit_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
