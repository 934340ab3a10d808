#include "result/json-read.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json-problem.h"
#include "base/utf8.h"
#include "result/json-check.h"
#include "result/json-fields.h"
#include "result/member.h"
#include "result/triggers.h"

/* Where in the document the reader is, for messages: "results[1].units[3].start". */
typedef struct path {
    const struct path *parent;
    const char        *name; /* NULL: a row */
    int                row;
} path;

static void write_path(const path *p, char *out, size_t size) {
    char before[200] = "";
    if (p->parent) write_path(p->parent, before, sizeof before);
    if (p->name) jp_one_line(out, size, "%s%s%s", before, *before ? "." : "", p->name);
    else if (p->parent) jp_one_line(out, size, "%s[%d]", before, p->row);
    else *out = '\0';
}

static int wrong_json(const path *at, const char *expected, jopa_error *e) {
    char where[256];
    write_path(at, where, sizeof where);
    return jp_fail(e, JOPA_ERROR_INPUT, "not a usable result: \"%s\" %s", where, expected);
}

static int read_object(const json_t *object, const jp_field *fields, char *base, const path *at, jopa_error *e);

static int read_text(const json_t *value, char **out, const path *at, jopa_error *e) {
    if (!json_is_string(value)) return wrong_json(at, "should be a string", e);
    *out = strdup(json_string_value(value));
    return *out ? JP_OK : jp_fail_memory(e);
}

static int read_integer(const json_t *value, json_int_t low, json_int_t high, json_int_t *out, const path *at,
                        jopa_error *e) {
    if (!json_is_integer(value)) return wrong_json(at, "should be a whole number", e);
    *out = json_integer_value(value);
    return *out < low || *out > high ? wrong_json(at, "is out of range", e) : JP_OK;
}

static int read_int(const json_t *value, int *out, const path *at, jopa_error *e) {
    json_int_t number;
    int        status = read_integer(value, INT_MIN, INT_MAX, &number, at, e);
    if (!status) *out = (int)number;
    return status;
}

static int read_real(const json_t *value, double *out, const path *at, jopa_error *e) {
    if (!json_is_number(value) && !json_is_null(value)) return wrong_json(at, "should be a number", e);
    *out = json_is_null(value) ? NAN : json_number_value(value);
    return JP_OK;
}

static int read_seed(const json_t *value, uint64_t *out, const path *at, jopa_error *e) {
    json_int_t number;
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t      digits = strspn(text, "0123456789");
        *out = strtoull(text, NULL, 10);
        return !digits || digits > 20 || text[digits] ? wrong_json(at, "should be a whole number", e) : JP_OK;
    }
    int status = read_integer(value, 0, INT64_MAX, &number, at, e);
    if (!status) *out = (uint64_t)number;
    return status;
}

static int read_ints(const json_t *value, int *out, size_t n, const path *at, jopa_error *e) {
    for (size_t i = 0; i < n; i++) {
        path row = {at, NULL, (int)i};
        int  status = read_int(json_array_get(value, i), out + i, &row, e);
        if (status) return status;
    }
    return JP_OK;
}

/* Zeroed room for an array's members of `size` bytes each: f's pointer and count in `base`. */
static int make_room(const json_t *value, size_t size, const jp_field *f, char *base, const path *at, jopa_error *e) {
    if (!json_is_array(value)) return wrong_json(at, "should be an array", e);
    size_t n = json_array_size(value);
    if (n > INT_MAX / 2) return wrong_json(at, "is too long", e);
    void *room = calloc(n ? n : 1, size);
    if (!room) return jp_fail_memory(e);
    jp_store_array(base, f->offset, room);
    jp_store_int(base, f->count, (int)n);
    return JP_OK;
}

static int read_int_array(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    int status = make_room(value, sizeof(int), f, base, at, e);
    return status ? status : read_ints(value, jp_load_array(base, f->offset), json_array_size(value), at, e);
}

static int read_real_array(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    int     status = make_room(value, sizeof(double), f, base, at, e);
    double *reals = status ? NULL : jp_load_array(base, f->offset);
    for (size_t i = 0; !status && i < json_array_size(value); i++) {
        path row = {at, NULL, (int)i};
        status = read_real(json_array_get(value, i), reals + i, &row, e);
    }
    return status;
}

static int read_rows_json(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    int   status = make_room(value, f->stride, f, base, at, e);
    char *rows = status ? NULL : jp_load_array(base, f->offset);
    for (size_t i = 0; !status && i < json_array_size(value); i++) {
        path row = {at, NULL, (int)i};
        status = read_object(json_array_get(value, i), f->fields, rows + i * f->stride, &row, e);
    }
    return status;
}

static size_t count_metrics(json_t *groups) {
    const char *name;
    json_t     *group;
    size_t      n = 0;
    json_object_foreach(groups, name, group) n += json_object_size(group);
    return n;
}

static int read_group(const char *name, json_t *group, jp_result_metric *out, int *count, const path *at,
                      jopa_error *e) {
    const char *key;
    json_t     *value;
    if (!json_is_object(group)) return wrong_json(at, "should be an object", e);
    json_object_foreach(group, key, value) {
        path              here = {at, key, 0};
        jp_result_metric *m = out + (*count)++;
        int               status = read_real(value, &m->value, &here, e);
        if (status) return status;
        m->group = strdup(name);
        m->name = strdup(key);
        if (!m->group || !m->name) return jp_fail_memory(e);
    }
    return JP_OK;
}

static int read_metrics(json_t *groups, jp_explanation *x, const path *at, jopa_error *e) {
    const char *name;
    json_t     *group;
    if (!json_is_object(groups)) return wrong_json(at, "should be an object", e);
    size_t n = count_metrics(groups);
    x->metrics = calloc(n ? n : 1, sizeof *x->metrics);
    if (!x->metrics) return jp_fail_memory(e);
    json_object_foreach(groups, name, group) {
        path here = {at, name, 0};
        int  status = read_group(name, group, x->metrics, &x->n_metrics, &here, e);
        if (status) return status;
    }
    return JP_OK;
}

static int read_options(json_t *object, jp_explanation *x, const path *at, jopa_error *e) {
    const char *name;
    json_t     *value;
    if (!json_is_object(object)) return wrong_json(at, "should be an object", e);
    x->options = calloc(json_object_size(object) + 1, sizeof *x->options);
    if (!x->options) return jp_fail_memory(e);
    json_object_foreach(object, name, value) {
        path              here = {at, name, 0};
        jp_result_option *o = &x->options[x->n_options++];
        int               status = read_text(value, &o->value, &here, e);
        if (status) return status;
        o->name = strdup(name);
        if (!o->name) return jp_fail_memory(e);
    }
    return JP_OK;
}

static int read_whole(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    json_int_t number = 0;
    int        status = f->kind == JP_FIELD_I32   ? read_integer(value, INT32_MIN, INT32_MAX, &number, at, e)
                        : f->kind == JP_FIELD_I64 ? read_integer(value, 0, INT64_MAX, &number, at, e)
                        : f->kind == JP_FIELD_INT ? read_integer(value, 0, INT_MAX - 1, &number, at, e)
                                                  : read_integer(value, 0, LONG_MAX, &number, at, e);
    if (status) return status;
    if (f->kind == JP_FIELD_I32) jp_store_i32(base, f->offset, (int32_t)number);
    else if (f->kind == JP_FIELD_I64) jp_store_i64(base, f->offset, number);
    else if (f->kind == JP_FIELD_INT) jp_store_int(base, f->offset, (int)number);
    else jp_store_size(base, f->offset, (size_t)number);
    return JP_OK;
}

static int read_single(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    char    *text = NULL;
    double   real = NAN;
    uint64_t seed = 0;
    int      unit = -1, status = JP_OK;
    switch (f->kind) {
    case JP_FIELD_TEXT:
        if (!(status = read_text(value, &text, at, e))) jp_store_text(base, f->offset, text);
        return status;
    case JP_FIELD_REAL:
        if (!(status = read_real(value, &real, at, e))) jp_store_real(base, f->offset, real);
        return status;
    case JP_FIELD_SEED:
        if (!(status = read_seed(value, &seed, at, e))) jp_store_u64(base, f->offset, seed);
        return status;
    case JP_FIELD_UNIT:
        if (!json_is_null(value) && !(status = read_int(value, &unit, at, e))) jp_store_int(base, f->offset, unit);
        return status;
    case JP_FIELD_BOOL:
        if (!json_is_boolean(value)) return wrong_json(at, "should be true or false", e);
        jp_store_bool(base, f->offset, json_is_true(value));
        return JP_OK;
    default: return read_whole(value, f, base, at, e);
    }
}

static int read_range(const json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    int ends[2], status = JP_OK;
    if (json_array_size(value) != 2) return wrong_json(at, "should be two numbers", e);
    status = read_ints(value, ends, 2, at, e);
    for (size_t i = 0; i < 2 && !status; i++) jp_store_int(base, f->offset + i * sizeof(int), ends[i]);
    return status;
}

static int read_value(json_t *value, const jp_field *f, char *base, const path *at, jopa_error *e) {
    switch (f->kind) {
    case JP_FIELD_SCHEMA:
    case JP_FIELD_ROW: return JP_OK;
    case JP_FIELD_RANGE: return read_range(value, f, base, at, e);
    case JP_FIELD_INTS: return read_int_array(value, f, base, at, e);
    case JP_FIELD_REALS: return read_real_array(value, f, base, at, e);
    case JP_FIELD_ROWS: return read_rows_json(value, f, base, at, e);
    case JP_FIELD_METRICS: return read_metrics(value, (jp_explanation *)(void *)base, at, e);
    case JP_FIELD_OPTIONS: return read_options(value, (jp_explanation *)(void *)base, at, e);
    case JP_FIELD_OBJECT:
        if (f->present == JP_PRESENT_BOOL) jp_store_bool(base, f->offset, true);
        return read_object(value, f->fields, base, at, e);
    default: return read_single(value, f, base, at, e);
    }
}

/* Absent members: numbers are NAN, units -1, the rest zero. */
static void set_absent(const jp_field *f, char *base) {
    if (f->kind == JP_FIELD_REAL) jp_store_real(base, f->offset, NAN);
    if (f->kind == JP_FIELD_UNIT) jp_store_int(base, f->offset, -1);
    if (f->kind == JP_FIELD_OBJECT)
        for (f = f->fields; f->name; f++) set_absent(f, base);
}

static int read_object(const json_t *object, const jp_field *fields, char *base, const path *at, jopa_error *e) {
    if (!json_is_object(object)) return wrong_json(at, "should be an object", e);
    for (const jp_field *f = fields; f->name; f++) {
        path    here = {at, f->name, 0};
        json_t *value = json_object_get(object, f->name);
        set_absent(f, base);
        if (!value && f->required) return wrong_json(&here, "is missing", e);
        int status = value ? read_value(value, f, base, &here, e) : JP_OK;
        if (status) return status;
    }
    return JP_OK;
}

static int read_explanation(const json_t *object, jp_explanation *x, const path *at, jopa_error *e) {
    char where[256], problem[256];
    int  status = read_object(object, jp_json_explanation, (char *)x, at, e);
    if (status) return status;
    if (!json_object_get(json_object_get(object, "response"), "target")) x->target_last = x->n_response_tokens;
    if (jp_json_check(x, problem, sizeof problem)) return JP_OK;
    write_path(at, where, sizeof where);
    return jp_fail(e, JOPA_ERROR_INPUT, "not a usable result: %s%s%s", where, *where ? ": " : "", problem);
}

static int check_schema(const json_t *root, jopa_error *e) {
    const json_t *schema = json_object_get(root, "schema");
    if (!json_is_integer(schema)) return jp_fail(e, JOPA_ERROR_INPUT, "not a jopa result: it has no \"schema\" number");
    if (json_integer_value(schema) == JP_JSON_SCHEMA) return JP_OK;
    return jp_fail(e, JOPA_ERROR_INPUT,
                   "the result has schema %lld, this version reads schema %d: use the jopa that wrote it",
                   (long long)json_integer_value(schema), JP_JSON_SCHEMA);
}

static int read_all(const json_t *root, struct jopa_result *r, jopa_error *e) {
    path top = {NULL, NULL, 0}, results = {NULL, "results", 0};
    if (!r->list) return read_explanation(root, &r->items[0], &top, e);
    for (int i = 0; i < r->n_items; i++) {
        path row = {&results, NULL, i};
        int  status =
            read_explanation(json_array_get(json_object_get(root, "results"), (size_t)i), &r->items[i], &row, e);
        if (status) return status;
    }
    return JP_OK;
}

static int read_root(struct jopa_result **out, const json_t *root, jopa_error *e) {
    if (!json_is_object(root))
        return jp_fail(e, JOPA_ERROR_INPUT, "not a jopa result: the document is not a JSON object");
    int status = check_schema(root, e);
    if (status) return status;
    const char   *command = json_string_value(json_object_get(root, "command"));
    const json_t *results = json_object_get(root, "results");
    bool          list = command && (!strcmp(command, "compare") || results);
    if (!command) return jp_fail(e, JOPA_ERROR_INPUT, "not a usable result: \"command\" is missing");
    if (list && (!json_is_array(results) || !json_array_size(results)))
        return jp_fail(e, JOPA_ERROR_INPUT, "not a usable result: \"results\" should be an array with something in it");
    struct jopa_result *r = jp_result_new(command, list ? (int)json_array_size(results) : 1);
    if (!r) return jp_fail_memory(e);
    r->list = list;
    status = read_all(root, r, e);
    if (!status && list && !strcmp(command, "audit")) status = jp_triggers_count(r, r->n_items, e);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}

/* jansson quotes the document: nothing of it may steer a terminal. */
static void make_printable(char *text) {
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
}

int jp_json_read(struct jopa_result **out, const char *json, size_t size, jopa_error *e) {
    json_error_t problem;
    size_t       mark = jp_utf8_mark(json, size);
    json_t      *root = json_loadb(json + mark, size - mark, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        enum json_error_code code = json_error_code(&problem);
        if (code == json_error_out_of_memory) return jp_fail_memory(e);
        if (!size) return jp_fail(e, JOPA_ERROR_INPUT, "not a jopa result: it is empty");
        if (code == json_error_premature_end_of_input)
            return jp_fail(e, JOPA_ERROR_INPUT, "not a whole jopa result: it ends too early, at line %d", problem.line);
        make_printable(problem.text);
        return jp_fail(e, JOPA_ERROR_INPUT, "not a jopa result: no JSON at line %d: %s", problem.line,
                       jp_json_problem(&problem));
    }
    int status = read_root(out, root, e);
    json_decref(root);
    return status;
}
