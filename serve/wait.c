#include "wait.h"

#include <errno.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include "runs.h"

void wait_sleep(hub *h, waiter *w) {
    w->asleep = true;
    w->since = seconds_now();
    w->before = NULL;
    w->next = h->waiters;
    if (w->next) w->next->before = w;
    h->waiters = w;
    MHD_suspend_connection(w->connection);
}

static void wake(hub *h, waiter *w) {
    *(w->before ? &w->before->next : &h->waiters) = w->next;
    if (w->next) w->next->before = w->before;
    w->asleep = false;
    MHD_resume_connection(w->connection);
}

void wait_wake(hub *h, const run *r) {
    for (waiter *w = h->waiters, *next; w; w = next) {
        next = w->next;
        if (!r || w->run == r) wake(h, w);
    }
}

static bool is_gone(const waiter *w) {
    char    byte;
    ssize_t got = recv(w->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* One client that waits for an answer and is no longer there; its run is held. NULL: there is none. */
static run *find_abandoned(hub *h) {
    for (waiter *w = h->waiters; w; w = w->next)
        if (!w->stream && !w->run->cancel && is_gone(w)) {
            w->run->users++;
            return w->run;
        }
    return NULL;
}

void wait_look_after(hub *h, double seconds) {
    run *abandoned;
    do {
        hub_lock(h);
        abandoned = find_abandoned(h);
        hub_unlock(h);
        if (abandoned) runs_cancel(h, abandoned);
        runs_release(h, abandoned);
    } while (abandoned);
    hub_lock(h);
    double now = seconds_now();
    for (waiter *w = h->waiters, *next; w; w = next) {
        next = w->next;
        if (w->stream && (now - w->since >= seconds || is_gone(w))) wake(h, w);
    }
    hub_unlock(h);
}
