/* Asking, and what comes of it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "commands.h"
#include "endpoints.h"
#include "fail.h"
#include "reply.h"
#include "request.h"
#include "runs.h"
#include "status.h"
#include "store.h"

/* ---- asking ---- */

/* The result of the run that the body asks again: *out, owned by the caller; NULL: it asks none again. */
static int find_like(exchange *x, const json_t *body, jopa_result **out, jopa_error *e) {
    const char *id;
    int         status = request_like(&id, body, e);
    if (status || !id) return status;
    run *r = runs_find(x->hub, id);
    hub_lock(x->hub);
    bool there = r && r->state == RUN_DONE;
    hub_unlock(x->hub);
    status = there ? jopa_result_parse(out, r->result, r->size, e)
                   : fail(e, JOPA_ERROR_INPUT, "`like`: there is no result of that id");
    runs_release(x->hub, r);
    return status;
}

static int make_run(exchange *x, run **out, jopa_error *e) {
    const char   *command = x->endpoint->name;
    jopa_options *asked = NULL;
    jopa_result  *like = NULL;
    json_t       *body = NULL;
    int           status = request_parse(&body, x->body, x->size, e);
    if (!status) status = find_like(x, body, &like, e);
    if (!status) status = request_options(&asked, command, body, like, x->hub->set.most_prompt, e);
    jopa_result_free(like);
    json_decref(body);
    return status ? status : runs_new(out, command, command_run, asked, e);
}

static bool wants_to_wait(const exchange *x) {
    const char *wait = exchange_argument(x, "wait");
    return !wait || (strcmp(wait, "false") && strcmp(wait, "0"));
}

static enum MHD_Result reply_status(exchange *x, unsigned status, run *r, bool whole) {
    hub_lock(x->hub);
    char *text = status_json(x->hub, r, whole);
    hub_unlock(x->hub);
    struct MHD_Response *response = reply_taken(text, text ? strlen(text) : 0);
    char                 place[64];
    snprintf(place, sizeof place, "/v1/runs/%s", r->id);
    if (response && (status == 201 || status == 202)) MHD_add_response_header(response, "Location", place);
    return reply_with(x, status, "application/json", POLICY_NOTHING, response);
}

enum MHD_Result answer_command(exchange *x) {
    jopa_error e = {0};
    run       *r = NULL;
    if (x->wait.run) return call_wait(x);
    int status = make_run(x, &r, &e);
    if (status) return reply_error(x, http_status(status), &e);
    status = runs_queue(x->hub, r, &e);
    x->wait.run = r;
    if (status) return reply_error(x, 503, &e);
    return wants_to_wait(x) ? call_wait(x) : reply_status(x, 202, r, false);
}

enum MHD_Result answer_import(exchange *x) {
    jopa_error  e = {0};
    const char *command = result_command(x->body ? x->body : "", x->size, &e);
    char       *json = command ? strndup(x->body, x->size) : NULL;
    run        *r = NULL;
    if (!command) return reply_error(x, 400, &e);
    if (!json || runs_import(x->hub, &r, command, json, x->size, &e)) return reply_error(x, 500, &e);
    x->wait.run = r;
    return reply_status(x, 201, r, false);
}

/* ---- one run ---- */

static enum MHD_Result reply_unknown(exchange *x) {
    return reply_fail(x, 404, "no run of this id is known: results are forgotten in time, or when the server ends");
}

enum MHD_Result answer_run(exchange *x) {
    run *r = x->wait.run = runs_find(x->hub, x->id);
    return r ? reply_status(x, 200, r, true) : reply_unknown(x);
}

enum MHD_Result answer_cancel(exchange *x) {
    run *r = x->wait.run = runs_find(x->hub, x->id);
    if (!r) return reply_unknown(x);
    hub_lock(x->hub);
    bool ended = run_ended(r);
    hub_unlock(x->hub);
    if (ended) runs_remove(x->hub, r);
    else runs_cancel(x->hub, r);
    return reply_status(x, 200, r, false);
}

/* ---- reports ---- */

static const struct {
    const char *format, *type, *suffix;
} types[] = {{"html", "text/html; charset=utf-8", "html"},
             {"json", "application/json", "json"},
             {"svg", "image/svg+xml", "svg"},
             {"csv", "text/csv; charset=utf-8", "csv"},
             {"markdown", "text/markdown; charset=utf-8", "md"}};

/* Reports carry a policy of their own; none may be framed, and this one lets nothing in from elsewhere. */
static const char report_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts";

static enum MHD_Result reply_report(exchange *x, const char *format, char *text, size_t size) {
    const char          *type = "text/plain; charset=utf-8", *suffix = "txt";
    char                 name[96];
    struct MHD_Response *response = reply_taken(text, size);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].format, format)) {
            type = types[i].type;
            suffix = types[i].suffix;
        }
    snprintf(name, sizeof name, "attachment; filename=\"jopa-%.8s.%s\"", x->id, suffix);
    if (response && exchange_argument(x, "download")) MHD_add_response_header(response, "Content-Disposition", name);
    return reply_with(x, 200, type, report_policy, response);
}

static bool is_format(const char *format) {
    jopa_name name;
    for (int i = 0; jopa_list("formats", i, &name); i++)
        if (!strcmp(name.name, format)) return true;
    return false;
}

enum MHD_Result answer_report(exchange *x) {
    const char  *format = exchange_argument(x, "format");
    run         *r = x->wait.run = runs_find(x->hub, x->id);
    jopa_result *result = NULL;
    jopa_error   e = {0};
    size_t       size = 0;
    if (!format) format = "html";
    if (!r) return reply_unknown(x);
    if (!is_format(format)) return reply_fail(x, 400, "no format is called so: see the formats in /openapi.json");
    hub_lock(x->hub);
    bool there = r->state == RUN_DONE;
    hub_unlock(x->hub);
    if (!there) return reply_fail(x, 409, "there is no result of this run");
    int   status = jopa_result_parse(&result, r->result, r->size, &e);
    char *text = status ? NULL : jopa_result_render(result, format, NULL, &size, &e);
    jopa_result_free(result);
    return text ? reply_report(x, format, text, size) : reply_error(x, http_status(e.code), &e);
}
