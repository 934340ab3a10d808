/* What the files of the remote engine share. Only src/engine/remote/ includes this. */
#ifndef JP_REMOTE_H
#define JP_REMOTE_H

#include "engine/engine.h"
#include "engine/remote/pool.h"
#include "engine/stop.h"

/* One handle: the pool is shared, the connections are its own. */
typedef struct {
    jp_engine       base; /* first */
    jopa_engine_ops ops;
    jp_pool        *pool;
    jp_http        *http;
    /* the last chat that the server templated, and its ids */
    char    *chat_text;
    int32_t *chat_ids;
    int      n_chat;
} jp_remote;

jp_asking        jp_remote_asking(const jp_remote *r, const jopa_stop *stop);
const jp_server *jp_remote_first(const jp_remote *r); /* what all replicas are like */

/* Ask one of the servers, and another where that one fails. JP_OK: the reply and its HTTP status; otherwise what the
 * last one said. Takes rq.body over. */
int jp_remote_ask(jp_remote *r, const jopa_stop *stop, jp_wire_request rq, json_t **reply, long *status, jopa_error *e);

/* ---- remote-score.c ---- */
int jp_remote_score(void *self, const jopa_score_request *rq, jopa_error *e);
/* One row by one server, waited for. */
int jp_remote_score_one(const jp_server *s, const jp_asking *ask, const jp_wire_row *row, float *out, jopa_error *e);

/* ---- remote-text.c ---- */
int jp_remote_tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e);
int jp_remote_piece(void *self, int32_t id, bool special, char *out, int size);
int jp_remote_chat(void *self, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                   char **text, jopa_error *e);
int32_t jp_remote_token_called(void *self, const char *part);
bool    jp_remote_know(jp_remote *r, const jp_wire_tokens *t);

/* ---- remote-generate.c ---- */
int jp_remote_generate(void *self, jopa_generate_request *rq, jopa_error *e);

/* ---- remote-probe.c: what each server is, whether it scores, and whether all are the same ---- */
int jp_remote_probe(jp_remote *r, const char *model, const jopa_stop *stop, jopa_error *e);

#endif
