/* What llama-rpc.c and llama-rpc-run.c share. */
#ifndef JP_LLAMA_RPC_LOCAL_H
#define JP_LLAMA_RPC_LOCAL_H

#include <ggml-rpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/split.h"
#include "engine/llama/llama-rpc.h"

struct jp_rpc {
    char              *names;                      /* the list, owned */
    jp_parts           name;                       /* its parts */
    ggml_backend_t     held[GGML_RPC_MAX_SERVERS]; /* the connections: [name.n] */
    ggml_backend_dev_t devices[GGML_RPC_MAX_SERVERS + 1];
    int                n_devices;
    bool (*is_lost)(ggml_backend_t);
    void (*drop)(ggml_backend_t);
    double patience;
    bool   given_up; /* by the thread that waits */

    pthread_t       thread;
    pthread_mutex_t lock; /* of work, data and ending */
    pthread_cond_t  changed;
    void (*work)(void *data); /* NULL: done */
    void          *data;
    bool           started, ending;
    atomic_bool    stop;     /* the work is to end */
    _Atomic double fraction; /* of it, below 0: unknown */
};

int  jp_rpc_start(jp_rpc *r, jopa_error *e);
void jp_rpc_end(jp_rpc *r);
void jp_rpc_give_up(jp_rpc *r);

#endif
