#include "engine/table.h"

#include <string.h>

#include "engine/llama/llama-open.h"
#include "engine/remote/remote-open.h"
#include "engine/remote/remote-url.h"

typedef struct {
    const char *name, *summary;
    int (*open)(jp_engine **out, const jp_engine_options *o, jopa_error *e);
} entry;

static const entry engines[] = {
    {"local", "a GGUF model on this machine, by libllama", jp_local_open},
    {"URL[,URL...]", "servers that have the model: llama-server, vLLM, SGLang, completions with echo", jp_remote_open},
};

enum { ENGINES = sizeof engines / sizeof *engines };

const char *jp_engine_name(int index, const char **summary) {
    if (index < 0 || index >= ENGINES) return NULL;
    *summary = engines[index].summary;
    return engines[index].name;
}

int jp_engine_open(jp_engine **out, const char *name, const jp_engine_options *o, jopa_error *e) {
    jp_engine_options remote = *o;
    remote.servers = name;
    if (jp_url_is(name)) return jp_remote_open(out, &remote, e);
    for (int i = 0; i < ENGINES; i++)
        if (!strcmp(engines[i].name, name ? name : "local")) return engines[i].open(out, o, e);
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "unknown engine '%s': `local`, or addresses of servers such as http://127.0.0.1:8080", name);
}
