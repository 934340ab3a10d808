#include "guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fail.h"

/* ---- the host: against a name that an attacker lets point at this machine ---- */

/* "[::1]:8765" -> "::1", "localhost:8765" -> "localhost". False: no host. */
static bool host_name(const char *header, char *out, size_t size) {
    const char *from = *header == '[' ? header + 1 : header;
    size_t      length = strcspn(from, *header == '[' ? "]" : ":");
    if (!length || length >= size) return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static bool is_any_address(const char *host) { return !strcmp(host, "0.0.0.0") || !strcmp(host, "::"); }

static bool is_our_host(const settings *s, const char *header) {
    char name[256];
    if (!host_name(header, name, sizeof name)) return false;
    if (is_any_address(s->host) && *s->token) return true; /* names of the machine are not known; the token is needed */
    return !strcasecmp(name, "localhost") || !strcmp(name, "127.0.0.1") || !strcmp(name, "::1") ||
           !strcasecmp(name, s->host);
}

/* ---- the origin: against other pages in the same browser ---- */

static bool is_our_origin(const char *origin, const char *host) {
    const char *at = !strncmp(origin, "http://", 7) ? origin + 7 : !strncmp(origin, "https://", 8) ? origin + 8 : NULL;
    return at && host && !strcasecmp(at, host);
}

/* ---- the token ---- */

bool guard_is_token(const settings *s, const char *text) {
    size_t        size = strlen(s->token), given = text ? strlen(text) : 0;
    unsigned char differs = size != given;
    for (size_t i = 0; i < size; i++) differs |= (unsigned char)(s->token[i] ^ (given ? text[i % given] : 1));
    return !differs;
}

static bool has_token(const exchange *x) {
    const char *header = exchange_header(x, "Authorization");
    const char *cookie = MHD_lookup_connection_value(x->connection, MHD_COOKIE_KIND, TOKEN_COOKIE);
    if (header && !strncasecmp(header, "Bearer ", 7) && guard_is_token(&x->hub->set, header + 7)) return true;
    return cookie && guard_is_token(&x->hub->set, cookie);
}

unsigned guard_check(const exchange *x, const char *version, bool open, jopa_error *e) {
    const char *host = exchange_header(x, "Host"), *origin = exchange_header(x, "Origin");
    unsigned    status = JOPA_OK;
    if (!host && strcmp(version, "HTTP/1.0")) {
        fail(e, JOPA_ERROR_USAGE, "the request names no host");
        status = 400;
    } else if (host && !is_our_host(&x->hub->set, host)) {
        fail(e, JOPA_ERROR_USAGE, "this server has another name: ask 127.0.0.1, localhost or its `host`");
        status = 421;
    } else if (origin && !is_our_origin(origin, host)) {
        fail(e, JOPA_ERROR_USAGE, "other pages may not ask this server");
        status = 403;
    } else if (!open && *x->hub->set.token && !has_token(x)) {
        fail(e, JOPA_ERROR_USAGE, "the server's token is needed: as Authorization: Bearer TOKEN, or by its link");
        status = 401;
    }
    return status;
}
