/* Requests to servers by libcurl's multi interface: one jp_http a thread, many calls in flight. */
#ifndef JP_HTTP_H
#define JP_HTTP_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

typedef struct jp_http jp_http;

/* One request and what came back. The caller's: jp_http_end. */
typedef struct jp_http_call {
    int                  server, row; /* the caller's own marks */
    char                *reply;       /* NUL-terminated; NULL: nothing came */
    size_t               size;
    long                 status; /* of HTTP; 0: there was no answer, which `problem` explains */
    double               started, seconds;
    double               retry_after; /* seconds that the server asks to wait, 0: it does not say */
    bool                 finished;
    char                 problem[256];
    struct jp_http_call *next; /* of all that were sent and not ended */

    const char *key;            /* the jp_http's, or NULL */
    void       *easy, *headers; /* libcurl's */
    char       *body;
    size_t      capacity;
} jp_http_call;

/* `key` (may be NULL) is sent as a bearer's token and kept nowhere else. timeout: seconds for one answer.
 * JOPA_ERROR_USAGE for a key that no header can hold. */
int  jp_http_open(jp_http **out, const char *key, double timeout, jopa_error *e);
void jp_http_close(jp_http *h); /* ends all calls */

/* GET base + path, or POST it the JSON `body`, which is taken over. NULL: out of memory. */
jp_http_call *jp_http_send(jp_http *h, const char *base, const char *path, json_t *body);
/* A call that has finished since, or NULL after that long at most. */
jp_http_call *jp_http_wait(jp_http *h, int milliseconds);
/* Drop it, finished or not, and free it. */
void jp_http_end(jp_http *h, jp_http_call *call);
/* All that were sent and not ended. */
jp_http_call *jp_http_calls(jp_http *h);

/* A key of eight bytes or more that comes back in a reply is asterisks there: servers repeat what they were sent, and
 * what they say goes into messages and results. */

/* The reply as JSON; NULL and `problem` filled where it is none. */
json_t *jp_http_json(jp_http_call *call);
/* What a server says went wrong, in the shapes that they use; "" when it says nothing. Into out[room], one line. */
void jp_http_reason(const jp_http_call *call, char *out, size_t room);
/* The same, of its JSON. */
void jp_http_reason_of(const jp_http *h, const json_t *reply, char *out, size_t room);

#endif
