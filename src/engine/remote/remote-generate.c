/* Greedy continuation by a server. */
#include <stdlib.h>
#include <string.h>

#include "engine/remote/remote.h"

static int take_generated(jp_remote *r, const jp_server *s, const json_t *reply, jopa_generate_request *rq,
                          jopa_error *e) {
    jp_wire_tokens t = {0};
    int            status = JP_OK;
    if (!s->dialect->read_generated(reply, &t))
        status = jp_fail(e, JOPA_ERROR_MODEL,
                         "%s does not tell the ids of the tokens that it writes: give the `response`", s->base);
    else if (!jp_remote_know(r, &t)) status = jp_fail_memory(e);
    if (!status) {
        rq->n = t.n < rq->max ? t.n : rq->max;
        memcpy(rq->out, t.ids, (size_t)rq->n * sizeof *t.ids);
    }
    jp_wire_tokens_free(&t);
    return status;
}

/* A server with a slot left; JP_NO_SERVER: told to stop. */
static int wait_for_slot(jp_remote *r, int turn, const jopa_stop *stop) {
    enum { SOON = 5 }; /* milliseconds: other handles give theirs back */
    jp_ear ear = jp_ear_for(stop);
    int    i = jp_pool_borrow(r->pool, turn);
    while (i < 0 && !jp_hears_stop(&ear)) {
        jp_http_wait(r->http, SOON);
        i = jp_pool_borrow(r->pool, turn);
    }
    return i;
}

/* One try: JP_OK and its HTTP status, of which 500 and more are worth another. */
static int generate_once(jp_remote *r, jopa_generate_request *rq, int turn, long *http, jopa_error *e) {
    jp_asking ask = jp_remote_asking(r, rq->stop);
    json_t   *reply = NULL;
    int       i = wait_for_slot(r, turn, rq->stop);
    if (i < 0) return jp_fail_interrupted(e);
    const jp_server *s = &r->pool->at[i].server;
    int              status =
        jp_wire_ask(&ask, s->base, s->dialect->generate(s, rq->symbols, rq->n_symbols, rq->max), &reply, http, e);
    jp_pool_dropped(r->pool, i);
    if (!status && *http == 200) status = take_generated(r, s, reply, rq, e);
    else if (!status && *http < 500)
        status = jp_fail(e, JOPA_ERROR_INPUT, "%s refuses to go on after %d tokens (HTTP %ld)", s->base, rq->n_symbols,
                         *http);
    json_decref(reply);
    return status;
}

int jp_remote_generate(void *self, jopa_generate_request *rq, jopa_error *e) {
    enum { TRIES = 3 };
    long http = 0;
    int  status = JOPA_ERROR_IO;
    rq->n = 0;
    rq->cost = (jopa_engine_cost){0};
    for (int i = 0; i < TRIES && (status == JOPA_ERROR_IO || http >= 500); i++) {
        http = 0;
        status = generate_once(self, rq, i, &http, e);
    }
    if (!status && http >= 500)
        status = jp_fail(e, JOPA_ERROR_MODEL, "the server fails to write an answer (HTTP %ld)", http);
    if (!status) rq->cost.decoded_tokens = rq->n_symbols + rq->n;
    return status;
}
