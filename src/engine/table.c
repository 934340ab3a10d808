#include "engine/table.h"

#include <string.h>

#include "engine/llama/llama-open.h"
#include "engine/remote/remote-open.h"
#include "engine/remote/remote-url.h"

typedef struct {
    const char *name, *summary;
    int (*open)(jp_engine **out, const jp_engine_options *o, jopa_error *e);
    bool (*is)(const char *name); /* whether that names it; NULL: its own name alone */
} entry;

static const entry engines[] = {
    {"local", "a GGUF model on this machine, by libllama", jp_local_open, NULL},
    {"URL[,URL...]", "servers that have the model: llama-server, vLLM, SGLang, completions with echo", jp_remote_open,
     jp_url_is},
};

enum { ENGINES = sizeof engines / sizeof *engines };

const char *jp_engine_name(int index, const char **summary) {
    if (index < 0 || index >= ENGINES) return NULL;
    *summary = engines[index].summary;
    return engines[index].name;
}

static const entry *find_engine(const char *name) {
    for (int i = 0; i < ENGINES; i++)
        if (engines[i].is ? engines[i].is(name) : !strcmp(engines[i].name, name)) return &engines[i];
    return NULL;
}

int jp_engine_check(const char *name, jopa_error *e) {
    if (!name || find_engine(name)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "unknown engine '%s': see `jopa list engines`; servers are addresses such as http://127.0.0.1:8080",
                   name);
}

bool jp_engine_is_remote(const char *name) { return name && jp_url_is(name); }

int jp_engine_open(jp_engine **out, const char *name, const jp_engine_options *o, jopa_error *e) {
    jp_engine_options named = *o;
    int               status = jp_engine_check(name, e);
    named.servers = name;
    return status ? status : find_engine(name ? name : "local")->open(out, &named, e);
}
