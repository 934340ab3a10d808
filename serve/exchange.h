/* One request and its answer, on libmicrohttpd's thread. */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include <microhttpd.h>

#include "hub.h"

struct endpoint;

typedef struct {
    hub                   *hub;
    struct MHD_Connection *connection;
    const struct endpoint *endpoint;
    const char            *method;
    char                   id[ID_SIZE]; /* of the run that its path names, or "" */
    bool                   head;        /* only the headers are wanted */
    bool                   answered, too_large;
    bool                   streams;          /* its answer is a stream of events */
    char                  *body;             /* owned */
    size_t                 size, room, most; /* of the body */
    waiter                 wait;             /* wait.run: held, what it waits for; or NULL */
    peer                  *peer;
} exchange;

/* Its header, or NULL; its argument in the query, or NULL. */
const char *exchange_header(const exchange *x, const char *name);
const char *exchange_argument(const exchange *x, const char *name);
/* A piece of the body comes. */
void exchange_take(exchange *x, const char *data, size_t size);
void exchange_free(exchange *x);

#endif
