/* `jopa serve`: one model behind a web page and an HTTP interface. serve/ sees jopa.h and nothing of src/ or cli/.
 *
 * Two threads: one of libmicrohttpd talks to all clients, one (work.h) touches the model. Between them stands the hub
 * (hub.h): runs, their queue, and who waits for what, under one lock. The caller's thread waits for signals and looks
 * after what hangs. Every endpoint is a row in endpoints.c, from which /openapi.json is made, too. */
#ifndef SERVE_H
#define SERVE_H

#include <jopa.h>

typedef struct {
    /* It listens: where, and with what token, in an address for a browser; `made`: the token is a new one. */
    void (*ready)(void *user, const char *address, bool made);
    void *user;
} serve_caller;

/* Serve until SIGTERM or SIGINT: what runs is ended with its best so far, and what is finished is written. `o`: options
 * of "serve", "model" a file; who listens to them hears how the model is loaded. */
int serve_run(const jopa_options *o, const serve_caller *caller, jopa_error *e);

#endif
