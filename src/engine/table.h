/* The engines by name. To add one: write src/engine/NAME.c and NAME.h with an open function, list it in table.c. */
#ifndef JP_ENGINE_TABLE_H
#define JP_ENGINE_TABLE_H

#include "engine/engine.h"

typedef struct {
    const char *file;
    int         threads; /* 0: all cores */
    int         context; /* tokens at most, 0: as needed, up to the model's own */
    int         gpu_layers;
    const char *rpc;                              /* "HOST:PORT,…" of ggml-rpc-servers that compute, or NULL */
    const char *servers;                          /* set by jp_engine_open: what the engine was called */
    const char *key, *tokenizer;                  /* of them; `file` is then the model's name there; may be NULL */
    double      timeout;                          /* seconds for an answer of theirs, 0: 600 */
    bool        precise;                          /* no JP_CAN_HURRY */
    int (*progress)(void *user, double fraction); /* loading, 0..1; nonzero: stop */
    void *user;
} jp_engine_options;

/* The name and summary of an engine, NULL past the end: the table behind `jopa list engines`. */
const char *jp_engine_name(int index, const char **summary);

/* JP_OK where there is an engine of that name (NULL: `local`), or JOPA_ERROR_USAGE. */
int jp_engine_check(const char *name, jopa_error *e);
/* Whether the name is addresses of servers. */
bool jp_engine_is_remote(const char *name);

/* On success *out is owned by the caller: (*out)->ops->destroy(*out). JOPA_ERROR_USAGE for an unknown name. */
int jp_engine_open(jp_engine **out, const char *name, const jp_engine_options *o, jopa_error *e);

#endif
