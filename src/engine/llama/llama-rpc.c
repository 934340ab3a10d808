#include "engine/llama/llama-rpc.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "engine/llama/llama-rpc-local.h"

static const double PATIENCE = 600; /* seconds: the largest batch on the slowest machine */

/* ---- ggml's functions, found by name ---------------------------------------------------------------------------- */

typedef ggml_backend_reg_t add_server_function(const char *endpoint);
typedef bool               connected_function(const char *endpoint);

typedef struct {
    add_server_function *add_server;
    connected_function  *connected; /* this, is_lost and drop: scripts/llama-rpc.patch */
} rpc_functions;

static int find_functions(jp_rpc *r, rpc_functions *f, jopa_error *e) {
    ggml_backend_reg_t reg = ggml_backend_reg_by_name("RPC");
    if (!reg)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "this libllama was built without GGML_RPC, which `rpc` needs: scripts/fetch-llama.sh builds "
                       "one that has it");
    void *(*find)(ggml_backend_reg_t, const char *) = ggml_backend_reg_get_proc_address;
    f->add_server = (add_server_function *)(uintptr_t)find(reg, "ggml_backend_rpc_add_server");
    f->connected = (connected_function *)(uintptr_t)find(reg, "ggml_backend_rpc_connected");
    r->is_lost = (bool (*)(ggml_backend_t))(uintptr_t)find(reg, "ggml_backend_rpc_lost");
    r->drop = (void (*)(ggml_backend_t))(uintptr_t)find(reg, "ggml_backend_rpc_drop");
    if (f->add_server && f->connected && r->is_lost && r->drop) return JP_OK;
    return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                   "this libllama ends the program when a server is lost: `rpc` needs the one that "
                   "scripts/fetch-llama.sh builds");
}

/* ---- servers ---------------------------------------------------------------------------------------------------- */

static int fail_lost(const char *name, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_IO,
                   "the ggml-rpc-server at %s was lost: it ended, or the connection broke; start it and ask again",
                   name);
}

/* Hold a connection to server i, and list its devices. */
static int hold_server(jp_rpc *r, int i, ggml_backend_reg_t server, jopa_error *e) {
    size_t n = server ? ggml_backend_reg_dev_count(server) : 0;
    if (!n) return fail_lost(r->name.at[i], e);
    if ((size_t)r->n_devices + n > GGML_RPC_MAX_SERVERS)
        return jp_fail(e, JOPA_ERROR_USAGE, "`rpc` names servers of more than %d devices: leave some out",
                       GGML_RPC_MAX_SERVERS);
    for (size_t j = 0; j < n; j++) r->devices[r->n_devices++] = ggml_backend_reg_dev_get(server, j);
    r->held[i] = ggml_backend_dev_init(ggml_backend_reg_dev_get(server, 0), NULL);
    return r->held[i] && !r->is_lost(r->held[i]) ? JP_OK : fail_lost(r->name.at[i], e);
}

/* A server serves one connection: who has one already, for another model, shares it and must not greet again. */
static int add_server(jp_rpc *r, int i, const rpc_functions *f, jp_ear *ear, jopa_error *e) {
    char address[64];
    int  status = jp_rpc_resolve(r->name.at[i], address, sizeof address, e);
    if (!status && !f->connected(address)) status = jp_rpc_hello(r->name.at[i], address, sizeof address, ear, e);
    return status ? status : hold_server(r, i, f->add_server(address), e);
}

static int split_list(jp_rpc *r, const char *list, jopa_error *e) {
    int status = jp_split(&r->name, list, e);
    for (int i = 0; i < r->name.n && !status; i++)
        for (int j = 0; j < i && !status; j++)
            if (!strcmp(r->name.at[i], r->name.at[j]))
                status = jp_fail(e, JOPA_ERROR_USAGE, "`rpc` names %s twice", jp_excerpt(r->name.at[i], 80).text);
    if (!status && (r->name.n < 1 || r->name.n > GGML_RPC_MAX_SERVERS))
        status = jp_fail(e, JOPA_ERROR_USAGE, "`rpc` takes 1 to %d servers, HOST:PORT each", GGML_RPC_MAX_SERVERS);
    if (!status && !(r->names = strdup(list))) status = jp_fail_memory(e);
    return status;
}

int jp_rpc_open(jp_rpc **out, const char *list, jp_ear *ear, jopa_error *e) {
    jp_rpc       *r = calloc(1, sizeof *r);
    rpc_functions f = {0};
    if (!r) return jp_fail_memory(e);
    r->patience = PATIENCE;
    int status = jp_rpc_start(r, e);
    if (!status) status = split_list(r, list, e);
    if (!status) status = find_functions(r, &f, e);
    for (int i = 0; i < r->name.n && !status; i++) status = add_server(r, i, &f, ear, e);
    if (status) jp_rpc_free(r);
    else *out = r;
    return status;
}

void jp_rpc_free(jp_rpc *r) {
    if (!r) return;
    jp_rpc_end(r);
    for (int i = 0; i < r->name.n && i < GGML_RPC_MAX_SERVERS; i++)
        if (r->held[i]) ggml_backend_free(r->held[i]);
    jp_parts_free(&r->name);
    free(r->names);
    free(r);
}

ggml_backend_dev_t *jp_rpc_devices(jp_rpc *r) { return r->devices; }
const char         *jp_rpc_names(const jp_rpc *r) { return r->names; }

void jp_rpc_give_up(jp_rpc *r) {
    r->given_up = true;
    for (int i = 0; i < r->name.n; i++) r->drop(r->held[i]);
}

int jp_rpc_check(jp_rpc *r, jopa_error *e) {
    if (r->given_up)
        return jp_fail(e, JOPA_ERROR_IO,
                       "no answer came from the ggml-rpc-server at %s, and it was given up: is it stopped, or the "
                       "network gone? Open the model again to go on",
                       r->names);
    for (int i = 0; i < r->name.n; i++)
        if (r->is_lost(r->held[i])) return fail_lost(r->name.at[i], e);
    return JP_OK;
}
