#include "servers.h"

#include <stdlib.h>
#include <string.h>

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

/* A host that is this machine. */
static bool is_near(const char *address) {
    static const char *const near[] = {"http://127.", "http://localhost", "http://[::1]"};
    bool                     found = strncmp(address, "http://", 7) != 0;
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        found = found || !strncmp(address, near[i], strlen(near[i]));
    return found;
}

/* A key that anybody between here and there can read. */
static void warn_of_plain(const options *o, const char *engine) {
    for (const char *at = engine; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (is_near(at)) continue;
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
