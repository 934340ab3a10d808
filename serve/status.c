#include "status.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json-text.h"
#include "runs.h"

const char *state_name(run_state state) {
    static const char *const names[] = {"queued", "running", "done", "failed", "cancelled"};
    return names[state];
}

unsigned http_status(int code) {
    static const unsigned statuses[] = {
        [JOPA_OK] = 200,          [JOPA_ERROR_MEMORY] = 503,     [JOPA_ERROR_INPUT] = 400,
        [JOPA_ERROR_USAGE] = 400, [JOPA_ERROR_MODEL] = 500,      [JOPA_ERROR_UNSUPPORTED] = 422,
        [JOPA_ERROR_IO] = 500,    [JOPA_ERROR_INTERRUPTED] = 409};
    return code >= 0 && code <= JOPA_ERROR_INTERRUPTED ? statuses[code] : 500;
}

static const char *error_type(int code) {
    static const char *const types[] = {[JOPA_ERROR_MEMORY] = "memory",
                                        [JOPA_ERROR_INPUT] = "input",
                                        [JOPA_ERROR_USAGE] = "usage",
                                        [JOPA_ERROR_MODEL] = "model",
                                        [JOPA_ERROR_UNSUPPORTED] = "unsupported",
                                        [JOPA_ERROR_IO] = "io",
                                        [JOPA_ERROR_INTERRUPTED] = "interrupted"};
    return code > 0 && code <= JOPA_ERROR_INTERRUPTED ? types[code] : "input";
}

static json_t *error_object(const jopa_error *e, unsigned status) {
    return json_pack("{s:s, s:s, s:i}", "message", e->message, "type", error_type(e->code), "code", (int)status);
}

char *error_json(const jopa_error *e, unsigned status) {
    return json_text(json_pack("{s:o}", "error", error_object(e, status)), 0);
}

static void put_finite(json_t *to, const char *name, double value) {
    if (isfinite(value)) json_object_set_new(to, name, json_real(value));
}

static void put_text(json_t *to, const char *name, const char *text) {
    if (text) json_object_set_new(to, name, json_string(text));
}

char *progress_json(const jopa_progress *p, double seconds, double limit) {
    json_t *all = json_pack("{s:s, s:i, s:i}", "stage", p->stage, "evaluations", p->evaluations, "budget", p->budget);
    json_t *best = json_array();
    if (!all || !best) {
        json_decref(all);
        json_decref(best);
        return NULL;
    }
    for (int i = 0; i < p->n_best; i++) json_array_append_new(best, json_integer(p->best[i]));
    json_object_set_new(all, "best", best);
    put_text(all, "best_text", p->best_text);
    put_text(all, "method", p->method);
    put_finite(all, "best_drop", p->best_drop);
    put_finite(all, "seconds", seconds);
    double left = p->seconds_left;
    if (left > limit - seconds) left = limit - seconds;
    if (left >= 0) put_finite(all, "seconds_left", left);
    if (p->fraction >= 0) put_finite(all, "fraction", p->fraction);
    return json_text(all, 8);
}

static void put_member(FILE *f, const char *name, const char *json) {
    if (json) fprintf(f, ",\"%s\":%s", name, json);
}

char *status_json(const hub *h, const run *r, bool whole) {
    char  *text = NULL, *error = NULL;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    if (!f) return NULL;
    fprintf(f, "{\"id\":\"%s\",\"command\":\"%s\",\"state\":\"%s\",\"place\":%d", r->id, r->command,
            state_name(r->state), run_place(h, r));
    put_member(f, "progress", run_ended(r) ? NULL : r->progress);
    if (r->error.code) {
        error = error_json(&r->error, http_status(r->error.code));
        if (error) fprintf(f, ",%.*s", (int)strlen(error) - 2, error + 1);
        free(error);
    }
    if (whole) put_member(f, "result", r->result);
    fputc('}', f);
    return fclose(f) ? free(text), NULL : text;
}
