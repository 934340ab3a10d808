#include "calls.h"

#include <jansson.h>
#include <string.h>

#include "endpoints.h"
#include "reply.h"
#include "request.h"
#include "runs.h"
#include "status.h"
#include "wait.h"

static enum MHD_Result reply_ended(exchange *x) {
    run *r = x->wait.run;
    if (r->state == RUN_DONE) return reply_json(x, 200, strdup(r->result));
    bool unasked = r->state == RUN_CANCELLED && !(r->named && r->cancel);
    return reply_error(x, unasked ? 503 : http_status(r->error.code), &r->error);
}

enum MHD_Result call_wait(exchange *x) {
    hub_lock(x->hub);
    bool ended = run_ended(x->wait.run);
    if (!ended) wait_sleep(x->hub, &x->wait);
    hub_unlock(x->hub);
    return ended ? reply_ended(x) : MHD_YES;
}

static int begin_call(exchange *x, int (*check)(const void *body, jopa_error *e), run_function function,
                      jopa_error *e) {
    json_t *body = NULL;
    int     status = request_parse(&body, x->body, x->size, e);
    if (!status) status = check(body, e);
    if (!status) status = runs_new(&x->wait.run, x->endpoint->name, function, NULL, e);
    if (status) json_decref(body);
    else x->wait.run->body = body;
    return status;
}

enum MHD_Result call_model(exchange *x, int (*check)(const void *body, jopa_error *e), run_function function) {
    jopa_error e = {0};
    if (!x->wait.run) {
        int status = begin_call(x, check, function, &e);
        if (status) return reply_error(x, http_status(status), &e);
        if (runs_queue(x->hub, x->wait.run, &e)) return reply_error(x, 503, &e);
    }
    return call_wait(x);
}
