/* Work that waits for other machines, beside a thread that hears stops. */
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "engine/llama/llama-rpc-local.h"

static const double AFTER_STOP = 10; /* seconds that a batch may still take, so that a search ends with its best */

/* ---- the thread ------------------------------------------------------------------------------------------------- */

static void *serve_work(void *user) {
    jp_rpc *r = user;
    pthread_mutex_lock(&r->lock);
    while (!r->ending) {
        if (r->work) {
            pthread_mutex_unlock(&r->lock);
            r->work(r->data);
            pthread_mutex_lock(&r->lock);
            r->work = NULL;
            pthread_cond_broadcast(&r->changed);
        } else pthread_cond_wait(&r->changed, &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

int jp_rpc_start(jp_rpc *r, jopa_error *e) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, &clock);
    pthread_condattr_destroy(&clock);
    r->started = !pthread_create(&r->thread, NULL, serve_work, r);
    return r->started ? JP_OK : jp_fail_memory(e);
}

void jp_rpc_end(jp_rpc *r) {
    if (r->started) {
        pthread_mutex_lock(&r->lock);
        r->ending = true;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}

/* ---- looking after it ------------------------------------------------------------------------------------------- */

typedef struct {
    double alive, stopped; /* when: the last sign of life, the stop or INFINITY */
    double fraction;
} watched;

static void look_after(jp_rpc *r, jp_ear *ear, watched *w) {
    double now = jp_seconds(), fraction = atomic_load(&r->fraction);
    if (fraction != w->fraction) w->alive = now;
    if (fraction != w->fraction && ear) ear->fraction = fraction;
    w->fraction = fraction;
    if (isinf(w->stopped) && jp_hears_stop(ear)) {
        w->stopped = now;
        atomic_store(&r->stop, true);
    }
    if (now - w->stopped > AFTER_STOP || now - w->alive > r->patience) jp_rpc_give_up(r);
}

static void wait_a_tenth(jp_rpc *r) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&r->changed, &r->lock, &until);
}

void jp_rpc_run(jp_rpc *r, jp_ear *ear, void (*work)(void *data), void *data) {
    watched w = {.alive = jp_seconds(), .stopped = INFINITY, .fraction = -1};
    atomic_store(&r->stop, false);
    atomic_store(&r->fraction, -1);
    pthread_mutex_lock(&r->lock);
    r->data = data;
    r->work = work;
    pthread_cond_broadcast(&r->changed);
    while (r->work) {
        wait_a_tenth(r);
        if (!r->work) break;
        pthread_mutex_unlock(&r->lock);
        look_after(r, ear, &w);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
}

bool jp_rpc_goes_on(jp_rpc *r, double fraction) {
    atomic_store(&r->fraction, fraction);
    return !atomic_load(&r->stop);
}

bool jp_rpc_stopped_callback(void *rpc) { return atomic_load(&((jp_rpc *)rpc)->stop); }

void jp_rpc_set_patience(jp_rpc *r, double seconds) { r->patience = seconds; }
