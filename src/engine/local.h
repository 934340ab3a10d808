/* The local engine: a GGUF model run by libllama. */
#ifndef JP_LOCAL_H
#define JP_LOCAL_H

#include "engine/engine.h"

typedef struct {
    const char *file;
    int         threads;    /* 0: all cores */
    int         context;    /* tokens at most, 0: as needed, up to the model's own */
    int         gpu_layers;
    bool        encoder;    /* a sentence encoder: embed() only */
    int (*progress)(void *user, double fraction); /* nonzero: stop */
    void *user;
} jp_local_options;

/* On success *out is owned by the caller: (*out)->ops->destroy(*out). */
int jp_local_open(jp_engine **out, const jp_local_options *o, jopa_error *e);

#endif
