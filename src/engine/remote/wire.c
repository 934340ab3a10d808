#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remote/dialect.h"

json_t *jp_wire_ids(const int32_t *a, int n, const int32_t *b, int m) {
    json_t *ids = json_array();
    bool    fine = ids != NULL;
    for (int i = 0; i < n && fine; i++) fine = !json_array_append_new(ids, json_integer(a[i]));
    for (int i = 0; i < m && fine; i++) fine = !json_array_append_new(ids, json_integer(b[i]));
    if (fine) return ids;
    json_decref(ids);
    return NULL;
}

static bool is_told_to_stop(const jopa_stop *stop) { return stop && stop->ask && stop->ask(stop->user, -1); }

int jp_wire_ask(const jp_asking *ask, const char *base, jp_wire_request rq, json_t **reply, long *status,
                jopa_error *e) {
    *reply = NULL;
    jp_http_call *c = jp_http_send(ask->http, base, rq.path, rq.body);
    if (!c) return jp_fail_memory(e);
    while (!c->finished && !is_told_to_stop(ask->stop)) jp_http_wait(ask->http, 100);
    int code = JP_OK;
    *status = c->status;
    if (!c->finished) code = jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted while %s was asked", base);
    else if (!c->status) code = jp_fail(e, JOPA_ERROR_IO, "%s does not answer: %s", base, c->problem);
    else if (c->status == 401 || c->status == 403)
        code = jp_fail(e, JOPA_ERROR_IO, "%s refuses the key (HTTP %ld): give the right one", base, c->status);
    else if (c->status >= 300 && c->status < 400)
        code = jp_fail(e, JOPA_ERROR_IO,
                       "%s sends on to another address (HTTP %ld), which is not followed: give that "
                       "address itself",
                       base, c->status);
    else if (!(*reply = jp_http_json(c)) && c->status == 200)
        code = jp_fail(e, JOPA_ERROR_IO, "%s%s: %s", base, rq.path, c->problem);
    jp_http_end(ask->http, c);
    return code;
}

int jp_wire_get(const jp_asking *ask, const char *base, const char *path, json_t **reply, long *status, jopa_error *e) {
    return jp_wire_ask(ask, base, (jp_wire_request){path, NULL}, reply, status, e);
}

bool jp_wire_number(const json_t *value, float *out, char *why, size_t room) {
    enum { LEAST = -10000 };
    double number = json_is_number(value) ? json_number_value(value) : NAN;
    if (!(number <= 1e-4) || number < LEAST) {
        if (json_is_number(value)) snprintf(why, room, "it gives %g as a log-probability", number);
        else snprintf(why, room, "it gives no number as a log-probability");
        return false;
    }
    *out = number > 0 ? 0 : (float)number;
    return true;
}

int64_t jp_wire_count(const json_t *value, int64_t most) {
    int64_t n = json_integer_value(value);
    return n < 0 ? 0 : n < most ? n : most;
}

bool jp_wire_id(const json_t *value, int32_t *out) {
    json_int_t id = json_integer_value(value);
    bool       fine = json_is_integer(value) && id >= 0 && id <= INT32_MAX;
    if (fine) *out = (int32_t)id;
    return fine;
}

bool jp_wire_read_ids(const json_t *array, int32_t **ids, int *n) {
    size_t size = json_array_size(array);
    if (!json_is_array(array) || size > INT32_MAX / 8 || !(*ids = malloc((size + 1) * sizeof **ids))) return false;
    for (size_t i = 0; i < size; i++) {
        if (jp_wire_id(json_array_get(array, i), *ids + i)) continue;
        free(*ids);
        *ids = NULL;
        return false;
    }
    *n = (int)size;
    return true;
}

bool jp_wire_add_piece(jp_wire_tokens *t, int i, const char *bytes, size_t size) {
    if (!t->pieces) {
        t->pieces = calloc((size_t)t->n + 1, sizeof *t->pieces);
        t->sizes = calloc((size_t)t->n + 1, sizeof *t->sizes);
        if (!t->pieces || !t->sizes) return false;
    }
    if (!(t->pieces[i] = malloc(size + 1))) return false;
    memcpy(t->pieces[i], bytes, size);
    t->pieces[i][size] = '\0';
    t->sizes[i] = (int)size;
    return true;
}

void jp_wire_tokens_free(jp_wire_tokens *t) {
    for (int i = 0; t->pieces && i < t->n; i++) free(t->pieces[i]);
    free(t->pieces);
    free(t->sizes);
    free(t->ids);
    *t = (jp_wire_tokens){0};
}

/* ---- models ------------------------------------------------------------------------------------------------------
 */

static json_t *find_model(json_t *list, const char *wanted) {
    size_t  i;
    json_t *entry;
    json_array_foreach(list, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        if (id && (!wanted || !strcmp(id, wanted))) return entry;
    }
    return NULL;
}

static int refuse_model(const jp_server *s, const json_t *list, const jp_asking *ask, jopa_error *e) {
    const char *first = json_string_value(json_object_get(json_array_get(list, 0), "id"));
    if (!ask->wanted)
        return -jp_fail(e, JOPA_ERROR_USAGE, "%s has %zu models: name one with `model`, such as %s", s->base,
                        json_array_size(list), first ? first : "");
    return -jp_fail(e, JOPA_ERROR_USAGE, "`model` %s: %s has no such model; it has %s", ask->wanted, s->base,
                    first ? first : "none");
}

int jp_wire_models(jp_server *s, const jp_asking *ask, json_t **entry, jopa_error *e) {
    json_t *reply = NULL;
    long    status = 0;
    *entry = NULL;
    int code = jp_wire_get(ask, s->base, "/v1/models", &reply, &status, e);
    if (code) return -code;
    json_t *list = json_object_get(reply, "data"), *found = NULL;
    if (status != 200 || !json_is_array(list)) {
        json_decref(reply);
        return 0;
    }
    if (ask->wanted || json_array_size(list) == 1) found = find_model(list, ask->wanted);
    code = found ? 1 : refuse_model(s, list, ask, e);
    if (found) {
        snprintf(s->model, sizeof s->model, "%s", json_string_value(json_object_get(found, "id")));
        *entry = json_incref(found);
    }
    json_decref(reply);
    return code;
}
