/* Models of their own in threads of their own, at the same time: every answer is the one that it is alone. And
 * jopa_cancel from another thread at any moment. Built under ThreadSanitizer by `make sanitize-thread`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "copier.h"
#include "tiny_question.h"

enum { THREADS = 4, ROUNDS = 3, CANCELS = 40 };

static jopa_model *open_copier(void) {
    jopa_model *m = NULL;
    return jopa_model_open_engine(&m, &copier_ops, NULL, NULL) ? NULL : m;
}

/* ---- questions and their answers as text */

typedef int (*ask_function)(jopa_result **, jopa_model *, const jopa_options *, jopa_error *);

static const struct {
    const char  *command;
    ask_function ask;
} COMMANDS[] = {{"explain", jopa_explain}, {"compare", jopa_compare},   {"score", jopa_score},
                {"audit", jopa_audit},     {"compress", jopa_compress}, {"explain", jopa_explain}};
enum { N_COMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

/* Those of even numbers are chats, the others have no template. */
static jopa_options *question_of(int i) {
    jopa_options *o =
        asked(COMMANDS[i].command, "prompt", "Zoë wrote: “room 7 is free”, <b>ask</b> at desk 7 for a key 東京 =SUM(1)",
              "response", "key 7 of Zoë", "raw", i % 2 ? "true" : "false", "unit", "word", NULL);
    if (strcmp(COMMANDS[i].command, "compress") != 0) ask_also(o, "operator", "delete", NULL);
    if (!strcmp(COMMANDS[i].command, "score")) ask_also(o, "hide", "7,key", NULL);
    if (!strcmp(COMMANDS[i].command, "explain"))
        ask_also(o, "k", "2", "repeat", "2", "metrics", "words,sparsity", NULL);
    if (i == N_COMMANDS - 1) ask_also(o, "method", "kernelshap", "unit", "token", "levels", "none", NULL);
    return o;
}

/* Malloc'd: the answer as JSON, or a message. */
static char *answer_to(jopa_model *m, int i) {
    jopa_options *o = question_of(i);
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    char         *text = NULL;
    if (!COMMANDS[i].ask(&r, m, o, &e)) text = jopa_result_render(r, "json", NULL, NULL, &e);
    if (!text && (text = malloc(600))) snprintf(text, 600, "failed: %s", e.message);
    jopa_result_free(r);
    jopa_options_free(o);
    return text;
}

/* Whether two answers are the same but for what clocks say: the numbers of members called "second...". */
static bool same_but_for_seconds(const char *a, const char *b) {
    for (; *a && *a == *b; a++, b++)
        if (!strncmp(a, "second", 6)) {
            a += strcspn(a, "\n"), b += strcspn(b, "\n");
            if (!*a || !*b) break;
        }
    return *a == *b;
}

/* Malloc'd: the answer `json`, read, in all formats one after the other. */
static char *reports_of(const char *json) {
    jopa_result *r = NULL;
    jopa_name    format;
    size_t       size = 0, more;
    char        *all = NULL;
    if (jopa_result_parse(&r, json, strlen(json), NULL)) return NULL;
    for (int f = 0; jopa_list("formats", f, &format); f++) {
        char *text = jopa_result_render(r, format.name, NULL, &more, NULL);
        if (!text) continue; /* a format that this command does not have */
        all = realloc(all, size + more + 1);
        memcpy(all + size, text, more + 1);
        size += more;
        jopa_free(text);
    }
    jopa_result_free(r);
    return all;
}

/* ---- side by side ------------------------------------------------------------------------------------------------
 */

static char *alone[N_COMMANDS], *reports[N_COMMANDS];

/* The command whose answer differed, or NULL: in threads cmocka's assertions cannot be used. */
static void *ask_everything(void *user) {
    size_t      shift = *(size_t *)user;
    jopa_model *m = open_copier();
    const char *problem = m ? NULL : "no model";
    for (size_t round = 0; m && !problem && round < ROUNDS * N_COMMANDS; round++) {
        size_t i = (round + shift) % N_COMMANDS;
        char  *answer = answer_to(m, (int)i), *report = reports_of(alone[i]);
        bool   same = same_but_for_seconds(answer, alone[i]) && report && !strcmp(report, reports[i]);
        if (!same) problem = COMMANDS[i].command;
        free(answer), free(report);
    }
    jopa_model_free(m);
    return (void *)(uintptr_t)problem;
}

static void test_models_in_threads_of_their_own(void **state) {
    pthread_t   threads[THREADS];
    size_t      shifts[THREADS];
    jopa_model *m = open_copier();
    (void)state;
    for (int i = 0; i < N_COMMANDS; i++) {
        alone[i] = answer_to(m, i);
        if (strncmp(alone[i], "failed", 6) == 0) fail_msg("%s: %s", COMMANDS[i].command, alone[i]);
        reports[i] = reports_of(alone[i]);
        assert_non_null(reports[i]);
    }
    jopa_model_free(m);
    for (size_t t = 0; t < THREADS; t++) {
        shifts[t] = t;
        assert_int_equal(pthread_create(&threads[t], NULL, ask_everything, &shifts[t]), 0);
    }
    for (size_t t = 0; t < THREADS; t++) {
        void *problem = NULL;
        pthread_join(threads[t], &problem);
        if (problem) fail_msg("another answer, or none, beside other threads: %s", (char *)problem);
    }
    for (int i = 0; i < N_COMMANDS; i++) free(alone[i]), free(reports[i]);
}

/* libllama's models: the sets that they are alone, and drops but for rounding, which what was scored before has a part
 * in. */
static jopa_result *local_alone;

static void *ask_local(void *user) {
    jopa_model *m = tiny_open(tiny_path);
    void       *problem = NULL;
    (void)user;
    for (int round = 0; round < ROUNDS && !problem; round++) {
        jopa_options *o = tiny_question("explain");
        jopa_result  *r = NULL;
        int           n = 0, expected = 0;
        const int    *units, *alone_units = jopa_result_selected(local_alone, 0, &expected);
        if (jopa_explain(&r, m, o, NULL)) problem = "no result";
        else if (units = jopa_result_selected(r, 0, &n), n != expected || memcmp(units, alone_units, sizeof *units * n))
            problem = "another set";
        else if (fabs(jopa_result_drop(r, 0) - jopa_result_drop(local_alone, 0)) > 1e-3) problem = "another drop";
        jopa_result_free(r);
        jopa_options_free(o);
    }
    jopa_model_free(m);
    return problem;
}

static void test_local_models_beside_each_other(void **state) {
    pthread_t threads[2];
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it does not see libllama's own barriers */
#endif
    local_alone = tiny_explained(tiny_question("explain"));
    for (int t = 0; t < 2; t++) assert_int_equal(pthread_create(&threads[t], NULL, ask_local, NULL), 0);
    for (int t = 0; t < 2; t++) {
        void *problem = NULL;
        pthread_join(threads[t], &problem);
        if (problem) fail_msg("beside another model: %s", (char *)problem);
    }
    jopa_result_free(local_alone);
}

/* ---- jopa_cancel at any moment --------------------------------------------------------------------------------- */

typedef struct {
    jopa_model *model;
    atomic_int  wait; /* microseconds until the next cancel, -1: none is wanted, -2: the end */
} canceller;

static void *cancel_on_demand(void *user) {
    canceller *c = user;
    for (int wait; (wait = atomic_exchange(&c->wait, -1)) != -2;) {
        nanosleep(&(struct timespec){.tv_nsec = (wait < 0 ? 20 : wait) * 1000L}, NULL);
        if (wait >= 0) jopa_cancel(c->model);
    }
    return NULL;
}

static void test_cancel_from_another_thread(void **state) {
    canceller c = {.model = open_copier()};
    pthread_t thread;
    int       ended = 0;
    (void)state;
    atomic_store(&c.wait, -1);
    assert_int_equal(pthread_create(&thread, NULL, cancel_on_demand, &c), 0);
    for (int i = 0; i < CANCELS; i++) {
        jopa_options *o = question_of(i % N_COMMANDS);
        jopa_result  *r = NULL;
        jopa_error    e = {0};
        atomic_store(&c.wait, i * i * 10);
        int status = COMMANDS[i % N_COMMANDS].ask(&r, c.model, o, &e);
        if (status == JOPA_OK ? !r : status != JOPA_ERROR_INTERRUPTED) fail_msg("%s", e.message);
        ended += !r || jopa_result_interrupted(r);
        jopa_result_free(r);
        jopa_options_free(o);
    }
    atomic_store(&c.wait, -2);
    pthread_join(thread, NULL);
    print_message("%d of %d runs were ended\n", ended, CANCELS);
    jopa_model_free(c.model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_in_threads_of_their_own),
        cmocka_unit_test_setup_teardown(test_local_models_beside_each_other, tiny_setup, tiny_teardown),
        cmocka_unit_test(test_cancel_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
