#include "hub.h"

#include <time.h>

#include "runs.h"

double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int hub_init(hub *h, const jopa_options *o, jopa_error *e) {
    *h = (hub){.began = seconds_now()};
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work, NULL);
    return settings_read(&h->set, o, e);
}

void hub_free(hub *h) {
    runs_clear(h);
    pthread_cond_destroy(&h->work);
    pthread_mutex_destroy(&h->lock);
}

void hub_lock(hub *h) { pthread_mutex_lock(&h->lock); }
void hub_unlock(hub *h) { pthread_mutex_unlock(&h->lock); }
