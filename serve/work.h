/* The model's thread: it opens the model, takes runs from the queue, one at a time, and frees the model. No other
 * thread touches it. */
#ifndef SERVE_WORK_H
#define SERVE_WORK_H

#include "hub.h"

struct session_cache;

struct work {
    hub                  *hub;
    jopa_model           *model;
    struct session_cache *sessions;
    jopa_session         *session; /* of the run in hand, or NULL */
    pthread_t             thread;
    pthread_mutex_t       lock; /* of what follows */
    pthread_cond_t        opened;
    bool                  is_open;
    int                   status; /* of the opening */
    jopa_error            error;
};

/* Start it, and wait until the model is open. On failure it has ended. */
int work_start(work *w, hub *h, jopa_error *e);
/* Once hub.stopping is set: wait until it has ended. */
void work_join(work *w);

/* jopa_progress_function of everything that runs; `user` is the work. */
int work_progress(void *user, const jopa_progress *p);

#endif
