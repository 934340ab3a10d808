/* What is told of the server itself. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoints.h"
#include "json-text.h"
#include "openapi.h"
#include "reply.h"

enum MHD_Result answer_health(exchange *x) {
    hub    *h = x->hub;
    json_t *all = json_pack("{s:s, s:s}", "status", "ok", "version", jopa_version());
    json_object_set_new(all, "model", json_string(h->model_name));
    json_object_set_new(all, "capabilities", json_string(h->capabilities));
    hub_lock(h);
    json_object_set_new(all, "queued", json_integer(h->queued));
    json_object_set_new(all, "running", json_integer(h->running ? 1 : 0));
    hub_unlock(h);
    return reply_json(x, 200, json_text(all, 0));
}

enum MHD_Result answer_openapi(exchange *x) { return reply_json(x, 200, openapi_json()); }

/* ---- Prometheus ---- */

static void put_figure(FILE *f, const char *name, const char *kind, const char *help, double value) {
    fprintf(f, "# HELP jopa_%s %s\n# TYPE jopa_%s %s\njopa_%s %.17g\n", name, help, name, kind, name, value);
}

static void put_requests(FILE *f, const tally *t) {
    fputs("# HELP jopa_requests_total Answers by the hundreds of their status\n# TYPE jopa_requests_total counter\n",
          f);
    for (int i = 2; i < 6; i++) fprintf(f, "jopa_requests_total{status=\"%dxx\"} %lu\n", i, t->requests[i]);
}

static void put_run_counts(FILE *f, const tally *t) {
    fputs("# HELP jopa_runs_total Questions by how they ended\n# TYPE jopa_runs_total counter\n", f);
    fprintf(f, "jopa_runs_total{state=\"done\"} %lu\njopa_runs_total{state=\"failed\"} %lu\n", t->done, t->failed);
    fprintf(f, "jopa_runs_total{state=\"cancelled\"} %lu\njopa_runs_total{state=\"refused\"} %lu\n", t->cancelled,
            t->refused);
}

enum MHD_Result answer_metrics(exchange *x) {
    hub   *h = x->hub;
    char  *text = NULL;
    size_t size = 0;
    FILE  *f = open_memstream(&text, &size);
    if (!f) return MHD_NO;
    hub_lock(h);
    put_requests(f, &h->tally);
    put_run_counts(f, &h->tally);
    put_figure(f, "model_seconds_total", "counter", "Time that the model's thread worked", h->tally.seconds);
    put_figure(f, "queue_length", "gauge", "Questions that wait", h->queued);
    put_figure(f, "running", "gauge", "Questions that run", h->running ? 1 : 0);
    put_figure(f, "kept_results", "gauge", "Results in memory", h->kept);
    put_figure(f, "kept_bytes", "gauge", "Their size", (double)h->kept_bytes);
    put_figure(f, "connections", "gauge", "Open connections", h->connections);
    put_figure(f, "event_streams", "gauge", "Of which listen to events", h->streams);
    put_figure(f, "uptime_seconds", "gauge", "Since the server began", seconds_now() - h->began);
    hub_unlock(h);
    return fclose(f) ? MHD_NO : reply_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
}
