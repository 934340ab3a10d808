#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "runs.h"

const char *exchange_header(const exchange *x, const char *name) {
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *exchange_argument(const exchange *x, const char *name) {
    return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Room for `more` bytes, within what all requests may have. */
static bool grow_body(exchange *x, size_t more) {
    hub   *h = x->hub;
    size_t wanted = x->size + more, room = x->room ? x->room : 4096;
    if (wanted <= x->room) return true;
    while (room < wanted) room *= 2;
    hub_lock(h);
    bool fits = h->body_bytes + room - x->room <= BODIES_BYTES;
    if (fits) h->body_bytes += room - x->room;
    hub_unlock(h);
    char *body = fits ? realloc(x->body, room) : NULL;
    if (!body) {
        hub_lock(h);
        if (fits) h->body_bytes -= room - x->room;
        hub_unlock(h);
        return false;
    }
    x->body = body;
    x->room = room;
    return true;
}

void exchange_take(exchange *x, const char *data, size_t size) {
    if (x->too_large) return;
    if (x->size + size > x->most || !grow_body(x, size)) {
        x->too_large = true;
        return;
    }
    memcpy(x->body + x->size, data, size);
    x->size += size;
}

void exchange_free(exchange *x) {
    hub_lock(x->hub);
    x->hub->body_bytes -= x->room;
    hub_unlock(x->hub);
    runs_release(x->hub, x->wait.run);
    free(x->body);
    free(x);
}
