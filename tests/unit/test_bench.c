/* The benchmark's statistics and selection on made-up records. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cases.h"
#include "bench/tables.h"

/* ---- records --------------------------------------------------------------------------------------------------------
 */

static jp_record make_record(int prompt, const char *task, const char *label, double drop, double bleu) {
    char      id[16];
    jp_record r = {.task = strdup(task), .label = strdup(label), .result = jp_result_new("explain", 1)};
    snprintf(id, sizeof id, "%s%d", task, prompt);
    r.id = strdup(id);
    jp_explanation *x = &r.result->items[0];
    x->log_prob.drop = drop;
    x->sparsity = 0.1;
    x->metrics = calloc(1, sizeof *x->metrics);
    assert_non_null(x->metrics);
    x->metrics[0] = (jp_result_metric){.group = strdup("words"), .name = strdup("bleu"), .value = bleu};
    x->n_metrics = 1;
    return r;
}

enum { PROMPTS = 20 };

/* jopa's drops are 10 + i, the other's half of that, but equal on the last prompt; BLEU 2 against 3. */
static void fill(jp_records *records) {
    *records = (jp_records){.items = calloc(4 * PROMPTS, sizeof *records->items)};
    assert_non_null(records->items);
    for (int i = 0; i < PROMPTS; i++) {
        const char *task = i < 5 ? "first" : "second";
        double      drop = 10 + i;
        records->items[records->n++] = make_record(i, task, "other", i + 1 < PROMPTS ? drop / 2 : drop, 3);
        records->items[records->n++] = make_record(i, task, "jopa", drop, 2);
    }
}

static const jp_bench_cell *cell(const jp_tables *t, const char *key, const char *method, const char *task) {
    int at[3] = {-1, -1, -1};
    for (int i = 0; i < t->measures.n; i++)
        if (!strcmp(t->measures.items[i].key, key)) at[0] = i;
    for (int i = 0; i < t->n_methods; i++)
        if (!strcmp(t->methods[i], method)) at[1] = i;
    for (int i = 0; i < t->n_tasks; i++)
        if (!strcmp(t->tasks[i], task)) at[2] = i;
    for (int i = 0; i < 3; i++) assert_true(at[i] >= 0);
    return jp_tables_cell(t, at[0], at[1], at[2]);
}

static void near(double value, double expected) {
    if (!(fabs(value - expected) < 1e-9)) fail_msg("%.12g instead of %.12g", value, expected);
}

static void means_wins_and_ratios(void **state) {
    jp_records records;
    jp_tables  t;
    (void)state;
    fill(&records);
    assert_int_equal(jp_tables_make(&t, &records, NULL), JP_OK);
    assert_string_equal(t.methods[0], "jopa");
    assert_int_equal(t.n_tasks, 3);
    const jp_bench_cell *jopa = cell(&t, "log_prob.drop", "jopa", "all"),
                        *other = cell(&t, "log_prob.drop", "other", "all");
    near(jopa->mean, 19.5);
    assert_true(isnan(jopa->wins) && isnan(jopa->ratio));
    assert_int_equal(other->n, PROMPTS);
    near(other->mean, (19.5 * PROMPTS - 29) / 2 / PROMPTS + 29.0 / PROMPTS);
    near(other->wins, 0.5 / PROMPTS);
    near(other->ratio, other->mean / jopa->mean);
    near(cell(&t, "log_prob.drop", "other", "first")->mean, 6);
    near(cell(&t, "words.bleu", "other", "second")->wins, 0); /* a smaller BLEU is better */
    near(cell(&t, "sparsity", "jopa", "all")->mean, 10);
    assert_true(isnan(cell(&t, "sparsity", "other", "all")->wins)); /* neither is better */
    jp_tables_free(&t);
    jp_records_free(&records);
}

/* The drops are 10, 11, ..., 29: the mean's standard error is known, and the interval is about 1.96 of them each way.
 * Where the ratio is the same on all prompts, resampling does not move it. */
static void intervals(void **state) {
    jp_records records;
    jp_tables  t;
    (void)state;
    fill(&records);
    assert_int_equal(jp_tables_make(&t, &records, NULL), JP_OK);
    const jp_bench_cell *jopa = cell(&t, "log_prob.drop", "jopa", "all"),
                        *first = cell(&t, "log_prob.drop", "other", "first");
    double error = sqrt((PROMPTS * PROMPTS - 1) / 12.0 / PROMPTS);
    assert_true(fabs(jopa->mean - jopa->low - 1.96 * error) < 0.15 * error);
    assert_true(fabs(jopa->high - jopa->mean - 1.96 * error) < 0.15 * error);
    near(first->ratio_low, 0.5);
    near(first->ratio_high, 0.5);
    near(cell(&t, "words.bleu", "jopa", "all")->low, 2);
    jp_tables_free(&t);
    jp_records_free(&records);
}

static void nothing_to_show(void **state) {
    jp_records records = {0};
    jp_tables  t;
    (void)state;
    assert_int_equal(jp_tables_make(&t, &records, NULL), JOPA_ERROR_INPUT);
}

/* ---- cases
 * ------------------------------------------------------------------------------------------------------------ */

static void count_line(void *user, const char *text) {
    (void)text;
    ++*(int *)user;
}

/* Write `text` to a file of the working folder and read it. */
static int read_cases(jp_cases *c, const char *text, int *complaints) {
    char        name[] = "test_bench_cases.tmp";
    jp_warnings warn = {count_line, complaints};
    FILE       *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    *c = (jp_cases){0};
    *complaints = 0;
    int status = jp_cases_read(c, name, NULL, &warn, NULL);
    remove(name);
    return status;
}

static void cases_are_read(void **state) {
    jp_cases c;
    int      complaints;
    (void)state;
    assert_int_equal(read_cases(&c,
                                "{\"prompt\": \"a\", \"system\": \"s\", \"response\": \"r\"}\r\n\n \n{\"prompt\": "
                                "\"b\", \"id\": \"x\", \"task\": \"t\"}",
                                &complaints),
                     JP_OK);
    assert_int_equal(c.n, 2);
    assert_int_equal(complaints, 0);
    assert_string_equal(c.items[0].id, "test_bench_cases-1");
    assert_string_equal(c.items[0].task, "test_bench_cases");
    assert_string_equal(c.items[0].system, "s");
    assert_string_equal(c.items[0].response, "r");
    assert_string_equal(c.items[1].id, "x");
    assert_null(c.items[1].response);
    jp_cases_free(&c);
    assert_int_equal(read_cases(&c, "", &complaints), JOPA_ERROR_INPUT);
    jp_cases_free(&c);
    assert_int_equal(read_cases(&c, "{}\n[]\n1\n{\"prompt\": \"\"}\n", &complaints), JOPA_ERROR_INPUT);
    assert_int_equal(complaints, 4);
    jp_cases_free(&c);
    assert_int_equal(
        read_cases(&c, " [{\"instruction\": \"i\", \"input\": \"j\"}, 3, {\"instruction\": \"k\"}]", &complaints),
        JP_OK);
    assert_int_equal(complaints, 1);
    assert_string_equal(c.items[0].prompt, "i\n\nj");
    assert_string_equal(c.items[1].prompt, "k");
    jp_cases_free(&c);
    assert_int_equal(read_cases(&c, "[{\"prompt\": ", &complaints), JOPA_ERROR_INPUT);
    jp_cases_free(&c);
}

static void thinning_keeps_so_many_of_each_task(void **state) {
    (void)state;
    for (int n = 1; n < 40; n += 3) {
        for (int per_task = 1; per_task < 20; per_task += 2) {
            jp_cases c = {.items = calloc(2 * (size_t)n, sizeof *c.items), .n = 2 * n};
            assert_non_null(c.items);
            for (int i = 0; i < 2 * n; i++)
                c.items[i] = (jp_case){.id = strdup("id"), .task = strdup(i % 2 ? "b" : "a"), .prompt = strdup("p")};
            assert_int_equal(jp_cases_thin(&c, per_task, NULL), JP_OK);
            int kept[2] = {0, 0};
            for (int i = 0; i < c.n; i++) kept[c.items[i].task[0] - 'a']++;
            assert_int_equal(kept[0], n < per_task ? n : per_task);
            assert_int_equal(kept[1], kept[0]);
            jp_cases_free(&c);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_wins_and_ratios),
        cmocka_unit_test(intervals),
        cmocka_unit_test(nothing_to_show),
        cmocka_unit_test(cases_are_read),
        cmocka_unit_test(thinning_keeps_so_many_of_each_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
