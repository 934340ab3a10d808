#include "server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoints.h"
#include "fail.h"
#include "guard.h"
#include "peers.h"
#include "reply.h"
#include "status.h"
#include "wait.h"

/* ---- the socket ---- */

static int listen_at(const struct addrinfo *at) {
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!bind(fd, at->ai_addr, at->ai_addrlen) && !listen(fd, 128)) return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int port_of(int fd) {
    struct sockaddr_storage address;
    socklen_t               size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size)) return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

int server_listen(hub *h, int *out, jopa_error *e) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    char            port[16];
    snprintf(port, sizeof port, "%d", h->set.port);
    int why = getaddrinfo(h->set.host, port, &hints, &found);
    if (why) return fail(e, JOPA_ERROR_USAGE, "`host` %.200s: %s", h->set.host, gai_strerror(why));
    int fd = listen_at(found);
    freeaddrinfo(found);
    if (fd < 0)
        return fail(e, JOPA_ERROR_IO, "cannot listen at %.200s, `port` %d: %s", h->set.host, h->set.port,
                    strerror(errno));
    h->set.port = port_of(fd);
    *out = fd;
    return JOPA_OK;
}

/* ---- one request ---- */

static peer *peer_of(struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static int socket_of(struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static enum MHD_Result refuse_method(exchange *x, const char *allowed) {
    jopa_error e = {.code = JOPA_ERROR_USAGE};
    if (!allowed) return reply_fail(x, 404, "nothing is at that path");
    snprintf(e.message, sizeof e.message, "that path has %s alone", allowed);
    char                *text = error_json(&e, 405);
    struct MHD_Response *response = reply_taken(text, text ? strlen(text) : 0);
    if (response) MHD_add_response_header(response, "Allow", allowed);
    return reply_with(x, 405, "application/json", POLICY_NOTHING, response);
}

/* What the body's length, kind and coding say before any of it is read. */
static enum MHD_Result check_body(exchange *x) {
    const char *length = exchange_header(x, "Content-Length"), *type = exchange_header(x, "Content-Type");
    bool        takes = x->endpoint->request;
    x->most = takes ? x->endpoint->imports ? IMPORT_BYTES : x->hub->set.most_body : 0;
    if (length && strtoull(length, NULL, 10) > x->most)
        return reply_fail(x, 413, "the body is too long: %zu bytes are taken here", x->most);
    if (takes && type && strncasecmp(type, "application/json", 16))
        return reply_fail(x, 415, "the body has to be application/json");
    if (takes && !type) return reply_fail(x, 415, "the header Content-Type: application/json is needed");
    return MHD_YES;
}

static enum MHD_Result begin_exchange(exchange *x, const char *path, const char *method, const char *version) {
    jopa_error  e = {0};
    const char *allowed;
    x->head = !strcmp(method, "HEAD");
    x->endpoint = endpoint_find(x->head ? "GET" : method, path, x->id, &allowed);
    unsigned refused = guard_check(x, version, x->endpoint && x->endpoint->open, &e);
    if (refused) return reply_error(x, refused, &e);
    if (!x->endpoint) return refuse_method(x, allowed);
    return check_body(x);
}

static exchange *new_exchange(hub *h, struct MHD_Connection *c) {
    exchange *x = calloc(1, sizeof *x);
    if (!x) return NULL;
    x->hub = h;
    x->connection = c;
    x->peer = peer_of(c);
    x->wait.connection = c;
    x->wait.socket = socket_of(c);
    return x;
}

static enum MHD_Result handle_request(void *user, struct MHD_Connection *c, const char *path, const char *method,
                                      const char *version, const char *data, size_t *size, void **state) {
    exchange *x = *state;
    if (!x) {
        if (!(x = new_exchange(user, c))) return MHD_NO;
        *state = x;
        return begin_exchange(x, path, method, version);
    }
    if (*size) {
        exchange_take(x, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (x->answered) return MHD_YES;
    peers_set(x->hub, x->peer, PEER_WAITING);
    if (x->too_large) return reply_fail(x, 413, "the body is too long: %zu bytes are taken here", x->most);
    return x->endpoint->answer(x);
}

static void end_request(void *user, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why) {
    (void)why;
    peers_set(user, peer_of(c), PEER_RECEIVING);
    if (*state) exchange_free(*state);
    *state = NULL;
}

/* ---- the daemon ---- */

static void watch_connection(void *user, struct MHD_Connection *c, void **context,
                             enum MHD_ConnectionNotificationCode what) {
    if (what == MHD_CONNECTION_NOTIFY_STARTED) *context = peers_open(user, socket_of(c));
    else {
        peers_close(user, *context);
        *context = NULL;
    }
}

static void keep_silent(void *user, const char *format, va_list args) { (void)user, (void)format, (void)args; }

int server_start(hub *h, int socket, struct MHD_Daemon **out, jopa_error *e) {
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    *out = MHD_start_daemon(flags, 0, NULL, NULL, handle_request, h, MHD_OPTION_EXTERNAL_LOGGER, keep_silent, NULL,
                            MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PATIENCE, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)HEADER_BYTES, MHD_OPTION_NOTIFY_COMPLETED, end_request, h,
                            MHD_OPTION_NOTIFY_CONNECTION, watch_connection, h, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_END);
    return *out ? JOPA_OK : fail(e, JOPA_ERROR_IO, "the HTTP server could not be started");
}

void server_stop(hub *h, struct MHD_Daemon *daemon) {
    int socket = MHD_quiesce_daemon(daemon);
    if (socket >= 0) close(socket);
    hub_lock(h);
    wait_wake(h, NULL);
    hub_unlock(h);
    for (double until = seconds_now() + 2; seconds_now() < until;) {
        hub_lock(h);
        bool busy = false;
        for (peer *l = h->peers; l; l = l->next) busy |= l->state != PEER_RECEIVING;
        hub_unlock(h);
        if (!busy) break;
        usleep(20000);
    }
    hub_lock(h);
    wait_wake(h, NULL);
    hub_unlock(h);
    MHD_stop_daemon(daemon);
}
