/* What was asked of the server. */
#ifndef SERVE_SETTINGS_H
#define SERVE_SETTINGS_H

#include <jopa.h>

enum {
    TOKEN_SIZE = 129,        /* a token and its NUL */
    HEADER_BYTES = 32768,    /* of a request's line and headers, and what of its body is not read yet */
    IMPORT_BYTES = 16 << 20, /* of a saved result */
    BODIES_BYTES = 64 << 20, /* of all requests that are being read */
    MOST_CONNECTIONS = 600,
    MANY_CONNECTIONS = 480, /* above that slow clients have a twentieth of the time */
    MOST_STREAMS = 400,     /* of events, so that they leave room for others */
    PATIENCE = 30,          /* seconds for a request to come, or for nothing to move on a connection */
    ANSWER_PATIENCE = 120   /* seconds for an answer to be taken */
};

typedef struct {
    const jopa_options *options;      /* borrowed */
    const char         *host, *store; /* store: NULL for none */
    int                 port, queue;
    char                token[TOKEN_SIZE]; /* "": none is needed */
    bool                token_made;
    size_t              most_prompt, most_body, keep; /* bytes */
    double              seconds;                      /* of a run */
} settings;

int settings_read(settings *s, const jopa_options *o, jopa_error *e);
/* 32 hexadecimal digits by chance, and a NUL. */
int random_name(char out[33], jopa_error *e);

#endif
