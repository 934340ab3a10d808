/* ggml's RPC devices: other machines that run ggml-rpc-server hold a model's layers and compute them. libllama's calls
 * are as before, but for what a network adds: a server that is lost or says nothing. */
#ifndef JP_LLAMA_RPC_H
#define JP_LLAMA_RPC_H

#include <ggml-backend.h>

#include "engine/stop.h"

typedef struct jp_rpc jp_rpc;

/* Connect to the servers of a list, "HOST:PORT,…", each of which answers within 10 s or not at all. On success *out is
 * owned by the caller. JOPA_ERROR_USAGE: no such list; JOPA_ERROR_IO: no ggml-rpc-server of this release is there, or
 * it is busy; JOPA_ERROR_UNSUPPORTED: this libllama has no RPC. */
int  jp_rpc_open(jp_rpc **out, const char *list, jp_ear *ear, jopa_error *e);
void jp_rpc_free(jp_rpc *r); /* NULL is safe; after all that was made with its devices */

/* Their devices in the order of the list, then NULL: llama_model_params.devices. */
ggml_backend_dev_t *jp_rpc_devices(jp_rpc *r);
const char         *jp_rpc_names(const jp_rpc *r); /* the list */

/* JP_OK: no server was lost since jp_rpc_open. Otherwise JOPA_ERROR_IO, and nothing that was computed counts. */
int jp_rpc_check(jp_rpc *r, jopa_error *e);

/* ---- llama-rpc-run.c ---- */

/* Run work(data), which computes with the devices, on a thread of its own and wait for it. Meanwhile this thread asks
 * `ear`. Work that goes on for long after a stop, or after the last sign of life, is ended: the servers are given up.
 */
void jp_rpc_run(jp_rpc *r, jp_ear *ear, void (*work)(void *data), void *data);
/* For the work: how far it is, a sign of life. False: it is to end. */
bool jp_rpc_goes_on(jp_rpc *r, double fraction);
/* The same question as ggml's callback: true ends a graph. `rpc`: a jp_rpc *. */
bool jp_rpc_stopped_callback(void *rpc);
/* Seconds without a sign of life after which servers are given up, for tests. */
void jp_rpc_set_patience(jp_rpc *r, double seconds);

/* ---- llama-rpc-hello.c ---- */

/* Ask who listens at HOST:PORT. JP_OK: a ggml-rpc-server of this release, `address` has its numbers for ggml. */
int jp_rpc_hello(const char *name, char *address, size_t size, jp_ear *ear, jopa_error *e);
/* The numbers alone; JOPA_ERROR_USAGE: malformed, JOPA_ERROR_IO: an unknown host. */
int jp_rpc_resolve(const char *name, char *address, size_t size, jopa_error *e);

#endif
