#include "result/lookup.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/ascii.h"
#include "result/member.h"

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

static jp_node whole_node(int64_t value) {
    return (jp_node){.kind = JOPA_KIND_NUMBER, .number = (double)value, .integer = value, .whole = true};
}

static jp_node real_node(double value) {
    return isfinite(value) ? (jp_node){.kind = JOPA_KIND_NUMBER, .number = value} : (jp_node){.kind = JOPA_KIND_NULL};
}

static jp_node text_node(const char *text) { return (jp_node){.kind = JOPA_KIND_TEXT, .text = text}; }

static jp_node seed_node(uint64_t seed) {
    jp_node n = whole_node((int64_t)seed);
    n.number = (double)seed;
    return n;
}

static jp_node object_node(const jp_field *fields, const void *base, int row) {
    jp_node n = {.kind = JOPA_KIND_OBJECT, .fields = fields, .base = base, .row = row};
    for (; fields->name; fields++) n.size += !jp_field_absent(fields, base);
    return n;
}

static jp_node array_node(const jp_field *f, const void *base, int size) {
    return (jp_node){.kind = JOPA_KIND_ARRAY, .field = f, .base = base, .size = size};
}

/* The struct's metrics or options as an object of what is looked up by name. */
static jp_node named_node(const jp_field *f, const void *base, const char *group) {
    jp_node n = {.kind = JOPA_KIND_OBJECT, .field = f, .base = base, .group = group};
    while (jp_node_name(&n, n.size)) n.size++;
    return n;
}

static jp_node field_node(const jp_field *f, const void *base, int row) {
    size_t at = f->offset;
    switch (f->kind) {
    case JP_FIELD_SCHEMA: return whole_node(JP_JSON_SCHEMA);
    case JP_FIELD_TEXT: return text_node(jp_load_text(base, at));
    case JP_FIELD_INT: return whole_node(jp_load_int(base, at));
    case JP_FIELD_I32: return whole_node(jp_load_i32(base, at));
    case JP_FIELD_I64: return whole_node(jp_load_i64(base, at));
    case JP_FIELD_SIZE: return whole_node((int64_t)jp_load_size(base, at));
    case JP_FIELD_SEED: return seed_node(jp_load_u64(base, at));
    case JP_FIELD_REAL: return real_node(jp_load_real(base, at));
    case JP_FIELD_UNIT:
        return jp_load_int(base, at) < 0 ? (jp_node){.kind = JOPA_KIND_NULL} : whole_node(jp_load_int(base, at));
    case JP_FIELD_ROW: return whole_node(row);
    case JP_FIELD_RANGE: return array_node(f, base, 2);
    case JP_FIELD_INTS:
    case JP_FIELD_REALS:
    case JP_FIELD_ROWS: return array_node(f, base, jp_load_int(base, f->count));
    case JP_FIELD_OBJECT: return object_node(f->fields, base, row);
    case JP_FIELD_METRICS:
    case JP_FIELD_OPTIONS: return named_node(f, base, NULL);
    case JP_FIELD_BOOL: break;
    }
    jp_node n = whole_node(jp_load_bool(base, at));
    n.kind = JOPA_KIND_BOOL;
    return n;
}

static jp_node element_node(const jp_node *array, int i) {
    const jp_field *f = array->field;
    if (f->kind == JP_FIELD_RANGE) return whole_node(jp_load_int(array->base, f->offset + (size_t)i * sizeof(int)));
    const char *rows = jp_load_array(array->base, f->offset);
    if (f->kind == JP_FIELD_INTS) return whole_node(jp_load_int(rows, (size_t)i * sizeof(int)));
    if (f->kind == JP_FIELD_REALS) return real_node(jp_load_real(rows, (size_t)i * sizeof(double)));
    return object_node(f->fields, rows + (size_t)i * f->stride, i);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const jp_result_metric *metrics_of(const jp_node *n, int *count) {
    *count = jp_load_int(n->base, n->field->count);
    return jp_load_array(n->base, n->field->offset);
}

static const jp_result_option *options_of(const jp_node *n, int *count) {
    *count = jp_load_int(n->base, n->field->count);
    return jp_load_array(n->base, n->field->offset);
}

/* The name of group `index` (group NULL), or of its metric `index`. */
static const char *metric_name(const jp_node *n, int index) {
    int                     count;
    const jp_result_metric *m = metrics_of(n, &count);
    for (int i = 0; i < count; i++) {
        bool counts = n->group ? !strcmp(m[i].group, n->group) : jp_first_of_group(m, i);
        if (counts && index-- == 0) return n->group ? m[i].name : m[i].group;
    }
    return NULL;
}

static const char *option_name(const jp_node *n, int index) {
    int                     count;
    const jp_result_option *o = options_of(n, &count);
    return index < count ? o[index].name : NULL;
}

static const char *field_name(const jp_node *n, int index) {
    for (const jp_field *f = n->fields; f->name; f++)
        if (!jp_field_absent(f, n->base) && index-- == 0) return f->name;
    return NULL;
}

const char *jp_node_name(const jp_node *n, int index) {
    if (n->kind != JOPA_KIND_OBJECT || index < 0) return NULL;
    if (n->fields) return field_name(n, index);
    return n->field->kind == JP_FIELD_METRICS ? metric_name(n, index) : option_name(n, index);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static jp_node member_named(const jp_node *n, const char *name) {
    int count;
    for (const jp_field *f = n->fields; f && f->name; f++)
        if (!strcmp(f->name, name)) return field_node(f, n->base, n->row);
    if (n->field->kind == JP_FIELD_OPTIONS) {
        const jp_result_option *o = options_of(n, &count);
        while (strcmp(o->name, name)) o++;
        return text_node(o->value);
    }
    if (!n->group) return named_node(n->field, n->base, name);
    const jp_result_metric *m = metrics_of(n, &count);
    while (strcmp(m->group, n->group) || strcmp(m->name, name)) m++;
    return real_node(m->value);
}

/* Bytes of `name` when the path begins with it as a whole step, otherwise 0. */
static size_t begins_with(const char *path, const char *name) {
    size_t size = strlen(name);
    return !strncmp(path, name, size) && (path[size] == '.' || !path[size]) ? size : 0;
}

/* A metric's name may have a full stop in it: of several names that fit the longest is meant. */
static jp_node step_into_object(const jp_node *n, const char *path, size_t *taken) {
    const char *best = NULL;
    *taken = 0;
    for (int i = 0; i < n->size; i++) {
        const char *name = jp_node_name(n, i);
        size_t      size = begins_with(path, name);
        if (size > *taken) {
            *taken = size;
            best = name;
        }
    }
    return best ? member_named(n, best) : (jp_node){0};
}

static jp_node step_into_array(const jp_node *n, const char *path, size_t *taken) {
    int index = 0;
    for (*taken = 0; jp_ascii_is_digit(path[*taken]) && index < INT_MAX / 10 - 1; ++*taken)
        index = 10 * index + (path[*taken] - '0');
    bool ends = *taken && (path[*taken] == '.' || !path[*taken]);
    return ends && index < n->size ? element_node(n, index) : (jp_node){0};
}

jp_node jp_lookup(const jopa_result *r, int i, const char *path) {
    jp_node n = {0};
    if (!r || !path || i < -1 || i >= r->n_items) return n;
    if (i < 0 && r->list) n = object_node(jp_json_list, r, 0);
    else if (r->n_items) n = object_node(jp_json_explanation, &r->items[i < 0 ? 0 : i], 0);
    for (size_t taken; *path && n.kind; path += taken + (path[taken] == '.')) {
        if (n.kind == JOPA_KIND_OBJECT) n = step_into_object(&n, path, &taken);
        else if (n.kind == JOPA_KIND_ARRAY) n = step_into_array(&n, path, &taken);
        else return (jp_node){0};
        if (path[taken] == '.' && !path[taken + 1]) return (jp_node){0}; /* nothing after the last full stop */
    }
    return n;
}
