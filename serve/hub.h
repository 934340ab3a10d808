/* What the threads share, under hub.lock: the runs, their queue, and the connections that wait. */
#ifndef SERVE_HUB_H
#define SERVE_HUB_H

#include <pthread.h>

#include "settings.h"

struct MHD_Connection;

typedef enum { RUN_QUEUED, RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_CANCELLED } run_state;

enum { ID_SIZE = 33 };

typedef struct run  run;
typedef struct hub  hub;
typedef struct work work; /* what the model's thread has: work.h */

/* What a run does on the model's thread: *json is malloc'd. */
typedef int (*run_function)(work *w, run *r, char **json, jopa_error *e);

/* A question, from the time it is asked until nobody wants its answer any more. */
struct run {
    char          id[ID_SIZE];
    const char   *command;
    run_function  function;
    jopa_options *asked; /* owned */
    void         *body;  /* a json_t of calls that are no command, owned; or NULL */
    run_state     state;
    bool          cancel;                 /* it is to end */
    bool          named;                  /* its answer can be asked for by its id */
    bool          kept;                   /* it is in memory for that */
    char         *progress, *result;      /* JSON, owned; NULL: none yet */
    size_t        size;                   /* of result */
    jopa_error    error;                  /* of one that failed */
    unsigned      version;                /* grows with all that a client may see */
    int           users;                  /* who holds it */
    double        queued, started, ended; /* seconds of seconds_now */
    double        told;                   /* when its progress was last told */
    run          *behind;                 /* in the queue */
    run          *newer, *older;          /* of those that are kept */
};

/* A connection that sleeps until something happens to its run. */
typedef struct waiter {
    struct MHD_Connection *connection;
    int                    socket;
    run                   *run;
    bool                   asleep, stream;
    double                 since; /* when it fell asleep */
    struct waiter         *next, *before;
} waiter;

/* A connection, for who looks after those that hang. */
typedef struct peer {
    int          socket;
    double       since; /* something moved */
    int          state; /* peer_state */
    struct peer *next, *before;
} peer;

typedef struct {
    unsigned long requests[6];                      /* by the hundreds of their status */
    unsigned long done, failed, cancelled, refused; /* runs */
    double        seconds;                          /* of the model's thread at work */
} tally;

struct hub {
    settings        set;
    pthread_mutex_t lock;
    pthread_cond_t  work;         /* something is queued, or all ends */
    run            *first, *last; /* the queue */
    int             queued;
    run            *running;
    run            *newest, *oldest; /* that are kept */
    size_t          kept_bytes, body_bytes;
    int             kept, streams, connections;
    bool            stopping;
    waiter         *waiters;
    peer           *peers;
    tally           tally;
    double          began;
    jopa_model     *model; /* of the model's thread; others call jopa_cancel alone */
    char            model_name[512], capabilities[256];
    char            begin[64], end[64]; /* the tokens with which its texts do, or "" */
};

int    hub_init(hub *h, const jopa_options *o, jopa_error *e);
void   hub_free(hub *h);
void   hub_lock(hub *h);
void   hub_unlock(hub *h);
double seconds_now(void); /* of a clock that only goes forward */

#endif
