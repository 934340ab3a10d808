#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"
#include "runs.h"
#include "server.h"
#include "store.h"
#include "wait.h"
#include "work.h"

enum { TICK = 250 /* milliseconds */, STREAM_SIGN = 10 /* seconds between signs that a stream lives */ };

/* ---- signals ---- */

static sigset_t ending_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

static bool is_told_to_end(const sigset_t *set) {
    struct timespec pause = {0, TICK * 1000000L};
    return sigtimedwait(set, NULL, &pause) > 0;
}

/* A second one ends the process at once. */
static void restore_signals(const sigset_t *set) {
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

/* ---- while it serves ---- */

/* What runs longer than it may hears so from here, whatever it is busy with. */
static void end_overdue(hub *h) {
    hub_lock(h);
    const run *r = h->running;
    if (r && h->model && run_must_end(h, r)) jopa_cancel(h->model);
    hub_unlock(h);
}

static void look_after_serving(hub *h) {
    peers_look_after(h);
    wait_look_after(h, STREAM_SIGN);
    end_overdue(h);
}

static void announce(const hub *h, const serve_caller *caller) {
    const char *host = h->set.host, *token = h->set.token;
    bool        any = !strcmp(host, "0.0.0.0") || !strcmp(host, "::"), six = strchr(host, ':') && !any;
    char        name[256] = "localhost", address[768];
    if (any) gethostname(name, sizeof name - 1);
    snprintf(address, sizeof address, "http://%s%s%s:%d/%s%s", six ? "[" : "", any ? name : host, six ? "]" : "",
             h->set.port, *token ? "?token=" : "", token);
    if (caller->ready) caller->ready(caller->user, address, h->set.token_made);
}

/* Nothing new is begun; what runs ends with its best so far. */
static void begin_to_stop(hub *h) {
    run *waiting;
    hub_lock(h);
    h->stopping = true;
    if (h->running && h->model) jopa_cancel(h->model);
    pthread_cond_broadcast(&h->work);
    hub_unlock(h);
    do {
        hub_lock(h);
        waiting = h->first;
        if (waiting) waiting->users++;
        hub_unlock(h);
        if (waiting) runs_cancel(h, waiting);
        runs_release(h, waiting);
    } while (waiting);
}

/* A cancel that comes before the model has begun to work has no effect: say it until the thread has ended. */
static void *cancel_until_ended(void *user) {
    hub            *h = user;
    struct timespec pause = {0, 50 * 1000000L};
    bool            there = true;
    while (there) {
        nanosleep(&pause, NULL);
        hub_lock(h);
        there = h->model;
        if (there) jopa_cancel(h->model);
        hub_unlock(h);
    }
    return NULL;
}

static void end_work(hub *h, work *w) {
    pthread_t helper;
    bool      helped = !pthread_create(&helper, NULL, cancel_until_ended, h);
    work_join(w);
    if (helped) pthread_join(helper, NULL);
}

static int serve_until_told(hub *h, work *w, int socket, const serve_caller *caller, const sigset_t *signals,
                            jopa_error *e) {
    struct MHD_Daemon *daemon = NULL;
    int                status = server_start(h, socket, &daemon, e);
    if (status) close(socket);
    else announce(h, caller);
    while (!status && !is_told_to_end(signals)) look_after_serving(h);
    restore_signals(signals);
    begin_to_stop(h);
    end_work(h, w);
    if (!status) server_stop(h, daemon);
    return status;
}

static int serve_hub(hub *h, const serve_caller *caller, jopa_error *e) {
    sigset_t signals = ending_signals();
    work     w;
    int      socket = -1, status = server_listen(h, &socket, e);
    if (status) return status;
    store_tidy(h->set.store);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    status = work_start(&w, h, e);
    if (!status) return serve_until_told(h, &w, socket, caller, &signals, e);
    close(socket);
    return status;
}

int serve_run(const jopa_options *o, const serve_caller *caller, jopa_error *e) {
    hub h;
    int status = hub_init(&h, o, e);
    if (!status) status = serve_hub(&h, caller, e);
    hub_free(&h);
    return status;
}
