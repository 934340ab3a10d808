/* Allocations of whole runs on a model fail one by one: explain, compare, score, audit, compress and the reports end
 * with an error or a right answer, lose nothing (meant for the sanitizers), and the next run works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    static const char *const methods[] = {"jopa", "exhaustive", "lime", "gradient", "attention"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        jopa_options *o = ask("explain");
        ask_also(o, "method", methods[i], "unit", "word", "k", "2", "budget", "6", "metrics",
                 i ? "none" : "prob,words,curves", "max_tokens", "3", NULL);
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
    o = ask("compress");
    ask_also(o, "budget", "12", "max_tokens", "2", "metrics", "none", "ratio", "0.4", "keep", "hi", NULL);
    survive(jopa_compress, o, "prompt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explanations),
        cmocka_unit_test(other_paths),
        cmocka_unit_test(uses),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
