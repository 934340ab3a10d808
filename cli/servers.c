#include "servers.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command.h"
#include "file.h"
#include "say.h"

static const char OPENAI[] = "openai";

bool servers_asked(const options *o) {
    const char *engine = options_text(o, "engine");
    return engine && (strstr(engine, "://") || !strcmp(engine, OPENAI));
}

static int set_found(jopa_options *found, const char *name, const char *value) {
    jopa_error e = {0};
    return jopa_options_set(found, name, value, &e) ? say_error(&e) : -1;
}

static int find_address(const options *o, jopa_options *found) {
    const char *base = getenv("OPENAI_BASE_URL");
    if (strcmp(options_text(o, "engine"), OPENAI)) return -1;
    if (!base || !strstr(base, "://"))
        return say(EXIT_USAGE, "--engine openai: the address is that of OPENAI_BASE_URL, which is not set");
    return set_found(found, "engine", base);
}

/* Four numbers, of which the first is 127. */
static bool is_loopback_number(const char *host) {
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* What nobody else can read: https, or a host that is this machine. The list goes on behind a comma. */
static bool is_private(const char *address) {
    static const char PLAIN[] = "http://";
    char              host[256];
    if (strncasecmp(address, PLAIN, sizeof PLAIN - 1)) return true;
    const char *from = address + sizeof PLAIN - 1, *at = from + strcspn(from, "@/?#,");
    if (*at == '@') from = at + 1;
    size_t size = *from == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":/?#,");
    if (size >= sizeof host) return false;
    memcpy(host, from, size);
    host[size] = '\0';
    return !strcasecmp(host, "localhost") || !strcmp(host, "[::1]") || is_loopback_number(host);
}

/* A key that anybody between here and there can read. */
static void warn_of_plain(const options *o, const char *engine) {
    for (const char *at = engine; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (is_private(at)) continue;
        if (!options_on(o, "quiet")) say(0, "the key goes to %.*s unencrypted: use https", (int)strcspn(at, ","), at);
    }
}

static int find_key(const options *o, jopa_options *found) {
    const char *file = options_text(o, "key_file"), *given = getenv("OPENAI_API_KEY");
    char       *key = file ? file_read(file, NULL) : NULL;
    if (file && !key) return EXIT_FAILED;
    if (key) key[strcspn(key, "\r\n")] = '\0';
    if (key && !*key) {
        free(key);
        return say(EXIT_FAILED, "'%s': the first line is empty, where the key should be", file);
    }
    const char *secret = key ? key : given;
    int         code = secret && *secret ? set_found(found, "key", secret) : -1;
    if (code < 0 && secret && *secret) warn_of_plain(o, jopa_options_get(found, "engine"));
    free(key);
    return code;
}

int servers_find(const options *o, jopa_options *found) {
    int code = find_address(o, found);
    return code < 0 ? find_key(o, found) : code;
}
