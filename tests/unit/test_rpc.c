/* Models on a ggml-rpc-server, a process that this test forks: several models in one process, threads beside each
 * other, a server that is lost and comes back, one that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ggml-backend.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/llama/llama-rpc.h"
#include "tiny_question.h"

enum { MODELS = 3, ROUNDS = 4 };

/* ---- the server ------------------------------------------------------------------------------------------------- */

typedef void start_server(const char *endpoint, const char *cache, size_t threads, size_t n, ggml_backend_dev_t *);

static char  place[32]; /* HOST:PORT */
static pid_t server;
static char  files[MODELS][64];

static struct sockaddr_in address_of(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void choose_port(void) {
    struct sockaddr_in a = address_of(0);
    socklen_t          size = sizeof a;
    int                s = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (void *)&a, sizeof a), 0);
    assert_int_equal(getsockname(s, (void *)&a, &size), 0);
    close(s);
    snprintf(place, sizeof place, "127.0.0.1:%d", ntohs(a.sin_port));
}

static bool listens(void) {
    struct sockaddr_in a = address_of(atoi(strchr(place, ':') + 1));
    int                s = socket(AF_INET, SOCK_STREAM, 0);
    bool               yes = !connect(s, (void *)&a, sizeof a);
    close(s);
    return yes;
}

static void be_server(void) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    start_server *start = (start_server *)(uintptr_t)ggml_backend_reg_get_proc_address(ggml_backend_reg_by_name("RPC"),
                                                                                       "ggml_backend_rpc_start_server");
    int           nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    start(place, NULL, 1, 1, &cpu);
    _exit(1);
}

static void start_server_process(void) {
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_server();
    }
    for (int i = 0; i < 500 && !listens(); i++) usleep(10000);
    assert_true(listens());
}

static void kill_server(void) {
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int set_up(void **state) {
    (void)state;
    choose_port();
    start_server_process(); /* before there are threads */
    for (int i = 0; i < MODELS; i++) {
        snprintf(files[i], sizeof files[i], "tiny-rpc-%d-%d.gguf", i, (int)getpid());
        tiny_write(files[i], &(tiny_gguf_options){.seed = (uint64_t)i + 1, .n_layer = i + 2});
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    kill_server();
    for (int i = 0; i < MODELS; i++) unlink(files[i]);
    return 0;
}

/* ---- models and answers ----------------------------------------------------------------------------------------- */

static jopa_model *open_model(int i, bool remote) {
    jopa_options *o = asked("explain", "model", files[i], "threads", "1", NULL);
    jopa_model   *m = NULL;
    jopa_error    e = {0};
    if (remote) ask_also(o, "rpc", place, NULL);
    if (jopa_model_open(&m, o, &e)) print_error("%s\n", e.message);
    jopa_options_free(o);
    return m;
}

/* The drop of what ablation finds; NAN: failed. */
static double drop_of(jopa_model *m, jopa_error *e) {
    jopa_options *o = tiny_question("explain");
    jopa_result  *r = NULL;
    double        drop = NAN;
    if (!jopa_explain(&r, m, o, e)) jopa_result_number(r, 0, "log_prob.drop", &drop, e);
    jopa_result_free(r);
    jopa_options_free(o);
    return drop;
}

static double drop_here(int i) {
    jopa_error  e = {0};
    jopa_model *m = open_model(i, false);
    assert_non_null(m);
    double drop = drop_of(m, &e);
    jopa_model_free(m);
    return drop;
}

static void assert_near(double a, double b) {
    if (!(fabs(a - b) < 1e-4)) fail_msg("%.9g is not %.9g", a, b);
}

/* A model that is freed takes its buffers from the server, and the graphs with them: the others go on. */
static void models_share_a_server(void **state) {
    (void)state;
    jopa_error  e = {0};
    double      alone[] = {drop_here(0), drop_here(1)};
    jopa_model *first = open_model(0, true);
    assert_non_null(first);
    assert_string_equal(jopa_model_devices(first), place);
    for (int i = 0; i < ROUNDS; i++) {
        assert_near(drop_of(first, &e), alone[0]);
        jopa_model *second = open_model(1, true);
        assert_non_null(second);
        assert_near(drop_of(second, &e), alone[1]);
        if (i % 2) assert_near(drop_of(first, &e), alone[0]);
        jopa_model_free(second);
    }
    assert_near(drop_of(first, &e), alone[0]);
    jopa_model_free(first);
}

typedef struct {
    jopa_model *model;
    int         i;
    double      drops[ROUNDS];
} asker;

static void *ask_in_thread(void *user) {
    asker     *a = user;
    jopa_error e = {0};
    for (int round = 0; round < ROUNDS; round++) {
        a->drops[round] = drop_of(a->model, &e);
        if (a->i == 0 && round == 1) { /* opened and freed beside the others */
            jopa_model_free(a->model);
            a->model = open_model(a->i, true);
        }
    }
    return NULL;
}

static void threads_beside_each_other(void **state) {
    (void)state;
    asker     askers[MODELS] = {0};
    pthread_t threads[MODELS];
    for (int i = 0; i < MODELS; i++) {
        askers[i] = (asker){.model = open_model(i, true), .i = i};
        assert_non_null(askers[i].model);
    }
    for (int i = 0; i < MODELS; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask_in_thread, &askers[i]), 0);
    for (int i = 0; i < MODELS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < MODELS; i++) {
        double alone = drop_here(i);
        for (int round = 0; round < ROUNDS; round++) assert_near(askers[i].drops[round], alone);
        jopa_model_free(askers[i].model);
    }
}

/* ---- lost ------------------------------------------------------------------------------------------------------- */

static void assert_lost(jopa_model *m) {
    jopa_error e = {0};
    assert_true(isnan(drop_of(m, &e)));
    assert_int_equal(e.code, JOPA_ERROR_IO);
    assert_non_null(strstr(e.message, "was lost"));
    assert_non_null(strstr(e.message, place));
}

static void what_was_lost_stays_lost(void **state) {
    (void)state;
    jopa_error  e = {0};
    jopa_model *old = open_model(0, true);
    assert_near(drop_of(old, &e), drop_here(0));
    kill_server();
    assert_lost(old);
    assert_lost(old);
    start_server_process();
    jopa_model *again = open_model(0, true);
    assert_non_null(again);
    assert_near(drop_of(again, &e), drop_here(0));
    assert_lost(old);
    jopa_model_free(old);
    assert_near(drop_of(again, &e), drop_here(0));
    jopa_model_free(again);
}

typedef struct {
    ggml_backend_dev_t device;
    size_t             bytes;
} room;

static void ask_for_room(void *user) {
    room  *r = user;
    size_t available = 0;
    ggml_backend_dev_memory(r->device, &available, &r->bytes);
}

/* A server that was stopped is given up when patience ends; all that waits is answered. */
static void a_silent_server_is_given_up(void **state) {
    (void)state;
    jopa_error e = {0};
    jp_rpc    *r = NULL;
    assert_int_equal(jp_rpc_open(&r, place, NULL, &e), JP_OK);
    room asked_for = {jp_rpc_devices(r)[0], 0};
    jp_rpc_run(r, NULL, ask_for_room, &asked_for);
    assert_true(asked_for.bytes > 0);
    assert_int_equal(jp_rpc_check(r, &e), JP_OK);
    jp_rpc_set_patience(r, 0.3);
    kill(server, SIGSTOP);
    double start = jp_seconds();
    jp_rpc_run(r, NULL, ask_for_room, &asked_for);
    kill(server, SIGCONT);
    assert_true(jp_seconds() - start < 5);
    assert_int_equal(asked_for.bytes, 0);
    assert_int_equal(jp_rpc_check(r, &e), JOPA_ERROR_IO);
    assert_non_null(strstr(e.message, "given up"));
    jp_rpc_free(r);
}

/* ggml keeps what it knows of servers for the life of the process, and loses the address at its end. */
static const char LEAKS[] = "leak:ggml_backend_rpc_add_server\nleak:ggml_backend_rpc_buffer_type\n";

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char                                        *__lsan_default_suppressions(void) { return LEAKS; }

/* libllama is built without ThreadSanitizer, which does not see how its threads wait for each other. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) { return "race:socket_t::impl\nrace:rpc_dispatcher\n"; }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_share_a_server),
        cmocka_unit_test(threads_beside_each_other),
        cmocka_unit_test(what_was_lost_stays_lost),
        cmocka_unit_test(a_silent_server_is_given_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
