#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "status.h"

static void count_status(hub *h, unsigned status) {
    hub_lock(h);
    h->tally.requests[status / 100 < 6 ? status / 100 : 5]++;
    hub_unlock(h);
}

enum MHD_Result reply_with(exchange *x, unsigned status, const char *type, const char *policy,
                           struct MHD_Response *response) {
    if (!response) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (x->wait.run && x->wait.run->named) MHD_add_response_header(response, "Jopa-Run", x->wait.run->id);
    if (status == 401) MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (status == 503) MHD_add_response_header(response, "Retry-After", "5");
    enum MHD_Result done = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);
    x->answered = true;
    peers_set(x->hub, x->peer, x->streams ? PEER_STREAMING : PEER_ANSWERING);
    count_status(x->hub, status);
    return done;
}

struct MHD_Response *reply_taken(char *text, size_t size) {
    if (!text) return NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (!response) free(text);
    return response;
}

enum MHD_Result reply_text(exchange *x, unsigned status, const char *type, char *text, size_t size) {
    return reply_with(x, status, type, POLICY_NOTHING, reply_taken(text, size));
}

enum MHD_Result reply_json(exchange *x, unsigned status, char *json) {
    return reply_text(x, status, "application/json", json, json ? strlen(json) : 0);
}

enum MHD_Result reply_static(exchange *x, const char *type, const char *policy, const char *text, size_t size) {
    return reply_with(x, 200, type, policy,
                      MHD_create_response_from_buffer(size, (char *)text, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result reply_error(exchange *x, unsigned status, const jopa_error *e) {
    return reply_json(x, status, error_json(e, status));
}

enum MHD_Result reply_fail(exchange *x, unsigned status, const char *format, ...) {
    jopa_error e = {.code = status >= 500 ? JOPA_ERROR_IO : JOPA_ERROR_USAGE};
    va_list    args;
    va_start(args, format);
    vsnprintf(e.message, sizeof e.message, format, args);
    va_end(args);
    return reply_error(x, status, &e);
}
