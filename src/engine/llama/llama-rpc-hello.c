/* Who listens at HOST:PORT? ggml waits for ever where a server says nothing, so its greeting is sent here first. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ggml-rpc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/excerpt.h"
#include "base/parse.h"
#include "engine/llama/llama-rpc.h"

enum { CONNECT_SECONDS = 5, HELLO_SECONDS = 3, HTTP_SECONDS = 2 }; /* together 10 */

typedef struct {
    const char *name;
    jp_ear     *ear;
    double      until;
    int         socket;
} caller;

/* ---- the address ------------------------------------------------------------------------------------------------ */

static int refuse_place(const char *name, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "`rpc`: '%s' is not HOST:PORT, a name or IPv4 address and the port of a ggml-rpc-server",
                   jp_excerpt(name, 80).text);
}

int jp_rpc_resolve(const char *name, char *address, size_t size, jopa_error *e) {
    const char      *colon = strchr(name, ':');
    char             host[256];
    int              port = 0;
    struct addrinfo *found = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (!colon || colon == name || (size_t)(colon - name) >= sizeof host || strspn(colon + 1, "0123456789") < 1 ||
        !jp_parse_integer(colon + 1, &port) || port < 1 || port > 65535)
        return refuse_place(name, e);
    snprintf(host, sizeof host, "%.*s", (int)(colon - name), name);
    if (getaddrinfo(host, NULL, &hints, &found) || !found)
        return jp_fail(e, JOPA_ERROR_IO, "`rpc`: no host called '%s' was found", jp_excerpt(host, 80).text);
    const struct sockaddr_in *to = (const void *)found->ai_addr;
    char                      numbers[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &to->sin_addr, numbers, sizeof numbers);
    snprintf(address, size, "%s:%d", numbers, port);
    freeaddrinfo(found);
    return JP_OK;
}

/* ---- one exchange ----------------------------------------------------------------------------------------------- */

/* Until the socket is ready for `events`. False: time is up, or a stop was heard. */
static bool wait_ready(caller *c, short events) {
    while (jp_seconds() < c->until && !jp_hears_stop(c->ear)) {
        struct pollfd p = {c->socket, events, 0};
        int           n = poll(&p, 1, 100);
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return false;
    }
    return false;
}

/* 0, or the errno of what went wrong; c->socket is open in both cases, unless below 0. */
static int dial(caller *c, const char *address, double seconds) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char               host[INET_ADDRSTRLEN];
    int                port = 0, error = 0;
    socklen_t          size = sizeof error;
    snprintf(host, sizeof host, "%.*s", (int)strcspn(address, ":"), address);
    jp_parse_integer(strchr(address, ':') + 1, &port);
    inet_pton(AF_INET, host, &to.sin_addr);
    to.sin_port = htons((uint16_t)port);
    c->until = jp_seconds() + seconds;
    c->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->socket < 0) return errno;
    if (!connect(c->socket, (const void *)&to, sizeof to)) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait_ready(c, POLLOUT)) return ETIMEDOUT;
    return getsockopt(c->socket, SOL_SOCKET, SO_ERROR, &error, &size) ? errno : error;
}

/* What is received, up to `room` bytes, until the other end closes or time is up. */
static size_t receive(caller *c, unsigned char *reply, size_t room, bool *closed) {
    size_t got = 0;
    while (got < room && !*closed && wait_ready(c, POLLIN)) {
        ssize_t n = recv(c->socket, reply + got, room - got, 0);
        if (n > 0) got += (size_t)n;
        *closed = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    }
    return got;
}

typedef struct {
    int           error; /* errno of the connection, or 0 */
    size_t        size;
    bool          closed;
    unsigned char bytes[64];
} reply;

/* Send a message that fits into any socket's buffer; at most `room` bytes of the reply are wanted. */
static reply exchange(caller *c, const char *address, const void *message, size_t size, size_t room, double seconds) {
    reply r = {.error = dial(c, address, CONNECT_SECONDS)};
    if (!r.error) {
        c->until = jp_seconds() + seconds;
        r.closed = send(c->socket, message, size, MSG_NOSIGNAL) != (ssize_t)size;
        r.size = receive(c, r.bytes, room, &r.closed);
    }
    if (c->socket >= 0) close(c->socket);
    return r;
}

/* ---- what it means ---------------------------------------------------------------------------------------------- */

/* ggml's greeting: command 14, then 24 bytes of what the connection can do; answered by 28, the version first. */
enum { HELLO = 14, HELLO_SIZE = 24, ANSWER_SIZE = 28, LENGTH = 8 };

static reply greet(caller *c, const char *address) {
    unsigned char hello[1 + LENGTH + HELLO_SIZE] = {HELLO};
    uint64_t      size = HELLO_SIZE;
    memcpy(hello + 1, &size, sizeof size);
    return exchange(c, address, hello, sizeof hello, LENGTH + ANSWER_SIZE, HELLO_SECONDS);
}

static bool is_http(const reply *r) { return r->size >= 5 && !memcmp(r->bytes, "HTTP/", 5); }

static int fail_connection(const caller *c, int error, jopa_error *e) {
    if (error == ECONNREFUSED)
        return jp_fail(e, JOPA_ERROR_IO, "nothing listens at %s: start ggml-rpc-server there", c->name);
    return jp_fail(e, JOPA_ERROR_IO, "%s cannot be reached: %s", c->name, strerror(error));
}

static int fail_other(caller *c, const char *address, const reply *r, jopa_error *e) {
    static const char http[] = "GET / HTTP/1.0\r\n\r\n";
    reply             second = {0};
    if (!is_http(r)) second = exchange(c, address, http, sizeof http - 1, 5, HTTP_SECONDS);
    if (is_http(r) || is_http(&second))
        return jp_fail(e, JOPA_ERROR_IO,
                       "an HTTP server answers at %s, no ggml-rpc-server: `rpc` takes what llama.cpp calls rpc-server",
                       c->name);
    if (r->closed || r->size)
        return jp_fail(e, JOPA_ERROR_IO,
                       "what listens at %s is no ggml-rpc-server, or one of another release of llama.cpp", c->name);
    return jp_fail(e, JOPA_ERROR_IO,
                   "what listens at %s does not answer: a ggml-rpc-server serves one client at a time, and may be busy "
                   "with another or stopped",
                   c->name);
}

/* Another patch level numbers the operations otherwise, so that it would compute something else. */
static int check_version(const caller *c, const unsigned char *v, jopa_error *e) {
    if (v[0] == RPC_PROTO_MAJOR_VERSION && v[1] == RPC_PROTO_MINOR_VERSION && v[2] == RPC_PROTO_PATCH_VERSION)
        return JP_OK;
    return jp_fail(e, JOPA_ERROR_IO,
                   "the ggml-rpc-server at %s speaks protocol %d.%d.%d, this libllama %d.%d.%d: take both of one "
                   "release of llama.cpp",
                   c->name, v[0], v[1], v[2], RPC_PROTO_MAJOR_VERSION, RPC_PROTO_MINOR_VERSION,
                   RPC_PROTO_PATCH_VERSION);
}

int jp_rpc_hello(const char *name, char *address, size_t size, jp_ear *ear, jopa_error *e) {
    caller c = {.name = name, .ear = ear, .socket = -1};
    int    status = jp_rpc_resolve(name, address, size, e);
    if (status) return status;
    reply    r = greet(&c, address);
    uint64_t length = 0;
    memcpy(&length, r.bytes, sizeof length);
    if (ear && ear->stopped) return jp_fail_interrupted(e);
    if (r.error) return fail_connection(&c, r.error, e);
    if (r.size == LENGTH + ANSWER_SIZE && length == ANSWER_SIZE) return check_version(&c, r.bytes + LENGTH, e);
    return fail_other(&c, address, &r, e);
}
