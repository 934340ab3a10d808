/* A callback that stops at its n-th call, for many n, whatever is asked: a result that says it was interrupted, or
 * JOPA_ERROR_INTERRUPTED and no result; never a crash or a leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tiny_question.h"

enum { EVERY = 16, MOST = 2000 }; /* each n up to EVERY, then half as much again, until a run ends by itself */

typedef struct {
    int         left; /* calls, that one included, */
    const char *in;   /* of this stage; NULL: of any */
    int         calls;
    const char *stage; /* of the call that stopped */
} stopper;

static int stop_later(void *user, const jopa_progress *p) {
    stopper *s = user;
    s->calls++;
    if ((s->in && strcmp(s->in, p->stage)) || --s->left > 0) return 0;
    s->stage = p->stage;
    return 1;
}

typedef int (*run_function)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

static int open_model(jopa_result **out, jopa_model *unused, const jopa_options *o, jopa_error *e) {
    jopa_model *m = NULL;
    int         status = jopa_model_open(&m, o, e);
    (void)out, (void)unused;
    assert_true(!status == !!m);
    jopa_model_free(m);
    return status;
}

static int run_session(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    jopa_session *s = NULL;
    int           status = jopa_session_open(&s, m, o, e);
    if (!status) status = jopa_session_explain(out, s, o, e);
    jopa_session_free(s);
    return status;
}

/* One run that is stopped there. Whether it was: a run may be over before. */
static bool stop_at(run_function run, jopa_options *o, const char *stage, int n) {
    stopper      s = {.left = n, .in = stage};
    jopa_error   e = {0};
    jopa_result *r = NULL;
    jopa_options_listen(o, stop_later, NULL, &s);
    int code = run(&r, tiny_model, o, &e), calls = s.calls;
    if (code && code != JOPA_ERROR_INTERRUPTED) fail_msg("call %d, %s: code %d, %s", n, s.stage, code, e.message);
    if (code && (r || !*e.message)) fail_msg("call %d, %s: a result, or no message", n, s.stage);
    if (run != open_model && !code && jopa_result_interrupted(r) != !!s.stage)
        fail_msg("call %d, %s: the result does not say whether it was stopped", n, s.stage);
    if (s.stage && !stage && calls != n) fail_msg("call %d, %s: called %d times more", n, s.stage, calls - n);
    assert_true(s.stage || !code);
    jopa_result_free(r);
    return s.stage != NULL;
}

/* Stop it everywhere, and at the first two calls of these stages, which it has to have. Frees the options. */
static void stop_everywhere(run_function run, jopa_options *o, const char *stages) {
    jopa_name name;
    for (int n = 1; n <= MOST && stop_at(run, o, NULL, n);) n += n < EVERY ? 1 : n / 2;
    for (int i = 0; jopa_list("stages", i, &name); i++) {
        if (!strstr(stages, name.name)) continue;
        if (!stop_at(run, o, name.name, 1)) fail_msg("it is never %s", name.name);
        stop_at(run, o, name.name, 2);
    }
    jopa_options_free(o);
}

static void test_opening(void **state) {
    (void)state;
    stop_everywhere(open_model, asked("explain", "model", tiny_path, "threads", "1", NULL), "loading");
}

static void test_explaining(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "response", NULL, "max_tokens", "6", "metrics", "prob,words", "repeat", "2", "operators", "all", NULL);
    stop_everywhere(jopa_explain, o, "responding searching analysing repeating rewriting measuring");
    o = tiny_question("explain");
    ask_also(o, "matrix", "true", "target", "0:4", "target", "5:11", NULL);
    stop_everywhere(jopa_explain, o, "searching analysing");
}

static void test_every_method(void **state) {
    (void)state;
    jopa_name name;
    for (int i = 0; jopa_list("methods", i, &name); i++) {
        jopa_options *o = tiny_question("explain");
        ask_also(o, "method", name.name, "metrics", "words", "budget", "60", NULL);
        stop_everywhere(jopa_explain, o, "searching");
    }
}

static void test_levels_and_smallest(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "method", "jopa", "min_drop", "0.5", "k", "4", NULL);
    stop_everywhere(jopa_explain, o, "searching");
    o = tiny_question("explain");
    ask_also(o, "method", "jopa", "levels", "sentence", "prompt", "A doctor. The patient waits. They become friend.",
             NULL);
    stop_everywhere(jopa_explain, o, "searching");
}

static void test_comparing(void **state) {
    (void)state;
    jopa_options *o = tiny_question("compare");
    ask_also(o, "response", NULL, "max_tokens", "6", "metrics", "prob,words", "method", "ablation,random,self", NULL);
    stop_everywhere(jopa_compare, o, "responding searching rewriting measuring");
}

static void test_sessions(void **state) {
    (void)state;
    jopa_options *o = tiny_question("explain");
    ask_also(o, "response", NULL, "max_tokens", "6", "metrics", "words", NULL);
    stop_everywhere(run_session, o, "responding searching");
}

static void test_scoring(void **state) {
    (void)state;
    stop_everywhere(jopa_score,
                    asked("score", "prompt", TINY_PROMPT, "unit", "word", "max_tokens", "6", "hide", "doctor,patient",
                          "hide", "2-4", NULL),
                    "responding");
}

static void test_auditing(void **state) {
    (void)state;
    static const char *const until[] = {"probability", "response"}, *const units[] = {"sentence", "word"};
    for (int i = 0; i < 4; i++)
        stop_everywhere(jopa_audit,
                        asked("audit", "prompt", "A doctor. The patient waits. They become friend.", "max_tokens", "6",
                              "until", until[i % 2], "unit", units[i / 2], NULL),
                        "responding");
}

static void test_citing(void **state) {
    (void)state;
    static const char documents[] = "[{\"text\": \"The doctor slept. The patient wrote.\"}, {\"text\": \"Be kind.\"}]";
    stop_everywhere(
        jopa_cite,
        asked("cite", "prompt", "who slept?", "documents", documents, "max_tokens", "6", "threshold", "0", NULL),
        "responding");
}

static void test_compressing(void **state) {
    (void)state;
    static const char *const methods[] = {"jopa", "ablation", "surprisal"};
    for (int i = 0; i < 3; i++)
        stop_everywhere(jopa_compress,
                        asked("compress", "prompt", TINY_PROMPT, "max_tokens", "6", "method", methods[i], "ratio",
                              i ? "0.5" : NULL, NULL),
                        "responding");
}

/* A bench tells nothing by itself: what was done is in its file. */
static int run_bench(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    (void)out;
    remove(jopa_options_get(o, "results"));
    int status = jopa_bench(m, o, e);
    remove(jopa_options_get(o, "results"));
    return status;
}

static void test_benching(void **state) {
    (void)state;
    char data[64], results[64];
    snprintf(data, sizeof data, "tiny-stop-%d.jsonl", (int)getpid());
    snprintf(results, sizeof results, "tiny-stop-%d.results", (int)getpid());
    FILE *f = fopen(data, "w");
    assert_non_null(f);
    for (int i = 0; i < 2; i++) fprintf(f, "{\"id\": \"%d\", \"prompt\": \"%s\"}\n", i, TINY_PROMPT);
    fclose(f);
    jopa_options *o = asked("bench", "data", data, "results", results, "methods", "ablation,random", "unit", "word",
                            "max_tokens", "6", NULL);
    for (int n = 1; n < 60; n += 1 + n / 8) {
        stopper    s = {.left = n};
        jopa_error e = {0};
        jopa_options_listen(o, stop_later, NULL, &s);
        int code = run_bench(NULL, tiny_model, o, &e);
        if (code && code != JOPA_ERROR_INTERRUPTED) fail_msg("call %d: %s", n, e.message);
        if (s.stage) assert_int_equal(s.calls, n);
    }
    jopa_options_free(o);
    remove(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),      cmocka_unit_test(test_explaining),
        cmocka_unit_test(test_every_method), cmocka_unit_test(test_levels_and_smallest),
        cmocka_unit_test(test_comparing),    cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_scoring),      cmocka_unit_test(test_auditing),
        cmocka_unit_test(test_citing),       cmocka_unit_test(test_compressing),
        cmocka_unit_test(test_benching),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
