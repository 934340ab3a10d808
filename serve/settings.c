#include "settings.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "fail.h"

int random_name(char out[33], jopa_error *e) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return fail(e, JOPA_ERROR_IO, "no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return JOPA_OK;
}

/* An address of this machine alone. Names are not looked up: any but localhost may mean any machine. */
static bool is_loopback(const char *host) {
    struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
    if (!strcmp(host, "localhost")) return true;
    if (getaddrinfo(host, NULL, &wanted, &found)) return false;
    const struct sockaddr *a = found->ai_addr;
    bool own = a->sa_family == AF_INET ? ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
                                       : IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
    freeaddrinfo(found);
    return own;
}

/* Letters that need no escape in an address or a header. */
static int read_token(settings *s, const char *token, jopa_error *e) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t            size = token ? strlen(token) : 0;
    if (!token && is_loopback(s->host)) return JOPA_OK;
    s->token_made = !token;
    if (!token) return random_name(s->token, e);
    if (size < 8 || size >= TOKEN_SIZE || strspn(token, letters) != size)
        return fail(e, JOPA_ERROR_USAGE, "`token`: 8 to %d letters, digits, '-', '.', '_' or '~' are needed",
                    TOKEN_SIZE - 1);
    memcpy(s->token, token, size + 1);
    return JOPA_OK;
}

static int check_store(const char *folder, jopa_error *e) {
    struct stat info;
    if (!folder) return JOPA_OK;
    if (mkdir(folder, 0700) && errno != EEXIST)
        return fail(e, JOPA_ERROR_IO, "`store`: cannot make '%.300s': %s", folder, strerror(errno));
    if (stat(folder, &info) || !S_ISDIR(info.st_mode))
        return fail(e, JOPA_ERROR_IO, "`store`: '%.300s' is no folder", folder);
    return JOPA_OK;
}

int settings_read(settings *s, const jopa_options *o, jopa_error *e) {
    *s = (settings){.options = o, .host = jopa_options_get(o, "host"), .store = jopa_options_get(o, "store")};
    s->port = atoi(jopa_options_get(o, "port"));
    s->queue = atoi(jopa_options_get(o, "queue"));
    s->most_prompt = (size_t)atol(jopa_options_get(o, "max_prompt"));
    s->most_body = 6 * s->most_prompt + 65536; /* JSON may write a byte as \u0001 */
    s->seconds = atof(jopa_options_get(o, "time"));
    s->keep = (size_t)(1e6 * atof(jopa_options_get(o, "keep")));
    int status = read_token(s, jopa_options_get(o, "token"), e);
    return status ? status : check_store(s->store, e);
}
