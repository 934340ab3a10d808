/* Allocations of whole runs on a model fail one by one: explain, compare, score, audit, compress and the reports end
 * with an error or a right answer, lose nothing (meant for the sanitizers), and the next run works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "result/result.h"
#include "tiny_question.h"

typedef int (*use_function)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

typedef struct {
    use_function  use;
    jopa_options *asked;
    const char   *format;
    char         *expected; /* the report of a run in which nothing failed, without what it cost */
} run_work;

/* A result's report without its cost, which a failure of an optional step may change. */
static int report(const run_work *w, const jopa_result *r, char **out, jopa_error *e) {
    size_t size;
    *out = jopa_result_render(r, w->format, NULL, &size, e);
    return *out ? JOPA_OK : e->code;
}

static int run_once(void *user, jopa_error *e) {
    const run_work *w = user;
    jopa_result    *r = NULL;
    char           *text = NULL;
    int             status = w->use(&r, tiny_model, w->asked, e);
    if (!status) status = report(w, r, &text, e);
    if (text && w->expected) check_same(strdup(text), w->expected, w->format);
    free(text);
    jopa_result_free(r);
    return status;
}

/* The run itself, then with each allocation failing, then itself again. */
static void survive(use_function use, jopa_options *asked, const char *format) {
    run_work   w = {use, asked, format, NULL};
    jopa_error e = {0};
    long       before = failed_points();
    if (run_once(&w, &e)) fail_msg("%s", e.message);
    fail_each(run_once, &w);
    if (run_once(&w, &e)) fail_msg("afterwards: %s", e.message);
    print_message("%ld failed allocations\n", failed_points() - before);
    jopa_options_free(asked);
}

static jopa_options *ask(const char *command) {
    return asked(command, "prompt", "Be kind. The doctor slept. Say hi.", "response", " hi there", NULL);
}

static void explanations(void **state) {
    static const char *const        methods[] = {"jopa", "exhaustive", "lime", "gradient", "attention"},
                             *const metrics[] = {"prob,words", "none", "curves,top_k_drop", "none", "lds"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        jopa_options *o = ask("explain");
        ask_also(o, "method", methods[i], "unit", "word", "k", "2", "budget", "6", "metrics", metrics[i], "max_tokens",
                 "3", NULL);
        survive(jopa_explain, o, i ? "text" : "html");
    }
}

static void other_paths(void **state) {
    (void)state;
    jopa_options *o = ask("explain");
    ask_also(o, "unit", "word", "k", "1", "budget", "4", "repeat", "1", "operators", "all", "metrics", "none", "target",
             "0:3", NULL);
    survive(jopa_explain, o, "json");
    o = ask("explain");
    ask_also(o, "unit", "word", "k", "1", "budget", "4", "matrix", "true", "metrics", "none", "target", "0:3", "target",
             "1:4", NULL);
    survive(jopa_explain, o, "html");
    o = ask("explain");
    ask_also(o, "unit", "marked", "prompt", "Be {{kind}} and {{still}}.", "metrics", "none", "operator", "delete",
             "budget", "4", NULL);
    survive(jopa_explain, o, "svg");
    o = ask("compare");
    ask_also(o, "method", "jopa,random", "unit", "sentence", "k", "1", "budget", "4", "metrics", "none", NULL);
    survive(jopa_compare, o, "markdown");
    o = ask("score");
    ask_also(o, "unit", "word", "hide", "doctor,0", "hide", "1", NULL);
    survive(jopa_score, o, "csv");
}

static void uses(void **state) {
    (void)state;
    jopa_options *o = ask("audit");
    ask_also(o, "budget", "12", "max_tokens", "2", "metrics", "none", "threshold", "0.01", NULL);
    survive(jopa_audit, o, "text");
    o = ask("cite");
    ask_also(o, "documents", "[{\"title\": \"a\", \"text\": \"the doctor slept. The patient wrote.\"}]", "threshold",
             "0", NULL);
    survive(jopa_cite, o, "html");
    o = ask("compress");
    ask_also(o, "budget", "12", "max_tokens", "2", "metrics", "none", "ratio", "0.4", "keep", "hi", NULL);
    survive(jopa_compress, o, "prompt");
}

/* ---- a benchmark ---------------------------------------------------------------------------------------------------
 */

static char data_path[80], results_path[80];

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int count_lines(const char *path) {
    FILE *f = fopen(path, "r");
    int   lines = 0;
    for (int c; f && (c = fgetc(f)) != EOF;) lines += c == '\n';
    if (f) fclose(f);
    return lines;
}

/* A run in which memory fails, and one that goes on with what it left: nothing is lost or there twice. */
static int bench_once(void *user, jopa_error *e) {
    jopa_error again = {0};
    unlink(results_path);
    int  status = jopa_bench(tiny_model, user, e);
    long before = memory_left;
    memory_left = -1;
    if (jopa_bench(tiny_model, user, &again)) fail_msg("resumed: %s", again.message);
    assert_int_equal(count_lines(results_path), 5); /* the settings, two methods on two prompts */
    memory_left = before;
    return status;
}

static void benches(void **state) {
    (void)state;
    snprintf(data_path, sizeof data_path, "%s.jsonl", tiny_path);
    snprintf(results_path, sizeof results_path, "%s.results", tiny_path);
    write_text(data_path, "{\"id\":\"a\",\"prompt\":\"the doctor slept\",\"response\":\" hi\"}\n"
                          "{\"id\":\"b\",\"prompt\":\"be kind\",\"response\":\" hi there\"}\n");
    jopa_options *o = asked("bench", "data", data_path, "results", results_path, "methods", "ablation,random@0.5/4",
                            "unit", "word", "metrics", "prob", NULL);
    fail_each(bench_once, o);
    print_message("%ld failed allocations in all\n", failed_points());
    unlink(data_path);
    unlink(results_path);
    jopa_options_free(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explanations),
        cmocka_unit_test(other_paths),
        cmocka_unit_test(uses),
        cmocka_unit_test(benches),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
