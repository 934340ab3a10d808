/* The JSON contract, written. Keys come in the order of the tables, one row of an array a line. */
#include <string.h>

#include "base/number.h"
#include "result/json-fields.h"
#include "result/json-write.h"
#include "result/triggers.h"

void jp_json_string(jp_buffer *out, const char *text) {
    jp_buffer_text(out, "\"");
    for (const char *p = text; *p;) {
        size_t plain = strcspn(p, "\"\\\x01\x02\x03\x04\x05\x06\x07\b\t\n\x0b\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
                                  "\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");
        jp_buffer_bytes(out, p, plain);
        p += plain;
        if (!*p) break;
        const char *pair = strchr("\"\"\\\\\bb\ff\nn\rr\tt", *p); /* the character, then its escape */
        if (pair) jp_buffer_format(out, "\\%c", pair[1]);
        else jp_buffer_format(out, "\\u%04x", (unsigned)*p);
        p++;
    }
    jp_buffer_text(out, "\"");
}

static void put_key(jp_buffer *out, const char *name) {
    jp_json_string(out, name);
    jp_buffer_text(out, ": ");
}

static void new_line(jp_buffer *out, int indent) { jp_buffer_format(out, "\n%*s", indent, ""); }

static void put_object(jp_buffer *out, const jp_field *fields, const char *base, int row, int indent);

static void put_ints(jp_buffer *out, const int *values, int n) {
    for (int i = 0; i < n; i++) jp_buffer_format(out, "%s%d", i ? ", " : "[", values[i]);
    jp_buffer_text(out, n ? "]" : "[]");
}

static void put_reals(jp_buffer *out, const double *values, int n) {
    for (int i = 0; i < n; i++) {
        jp_buffer_text(out, i ? ", " : "[");
        jp_put_exact(out, values[i]);
    }
    jp_buffer_text(out, n ? "]" : "[]");
}

static void put_rows(jp_buffer *out, const jp_field *f, const char *rows, int n, int indent) {
    jp_buffer_text(out, "[");
    for (int i = 0; i < n; i++) {
        if (i) jp_buffer_text(out, ",");
        new_line(out, indent + 2);
        put_object(out, f->fields, rows + (size_t)i * f->stride, i, -1);
    }
    if (n) new_line(out, indent);
    jp_buffer_text(out, "]");
}

static void put_metrics_json(jp_buffer *out, const jp_explanation *x) {
    const jp_result_metric *m = x->metrics;
    int                     n = x->n_metrics;
    jp_buffer_text(out, "{");
    for (int i = 0, groups = 0; i < n; i++) {
        if (!jp_first_of_group(x, i)) continue;
        if (groups++) jp_buffer_text(out, ", ");
        put_key(out, m[i].group);
        jp_buffer_text(out, "{");
        for (int j = i, names = 0; j < n; j++) {
            if (strcmp(m[j].group, m[i].group)) continue;
            if (names++) jp_buffer_text(out, ", ");
            put_key(out, m[j].name);
            jp_put_exact(out, m[j].value);
        }
        jp_buffer_text(out, "}");
    }
    jp_buffer_text(out, "}");
}

static void put_seed(jp_buffer *out, uint64_t seed) {
    jp_buffer_format(out, seed > INT64_MAX ? "\"%llu\"" : "%llu", (unsigned long long)seed);
}

#define MEMBER(type) (*(const type *)(const void *)(base + f->offset))
#define COUNT        (*(const int *)(const void *)(base + f->count))

static void put_value_json(jp_buffer *out, const jp_field *f, const char *base, int row, int indent) {
    switch (f->kind) {
    case JP_FIELD_TEXT: jp_json_string(out, MEMBER(char *)); break;
    case JP_FIELD_INT: jp_buffer_format(out, "%d", MEMBER(int)); break;
    case JP_FIELD_I32: jp_buffer_format(out, "%d", (int)MEMBER(int32_t)); break;
    case JP_FIELD_I64: jp_buffer_format(out, "%lld", (long long)MEMBER(int64_t)); break;
    case JP_FIELD_SIZE: jp_buffer_format(out, "%zu", MEMBER(size_t)); break;
    case JP_FIELD_SEED: put_seed(out, MEMBER(uint64_t)); break;
    case JP_FIELD_REAL: jp_put_exact(out, MEMBER(double)); break;
    case JP_FIELD_BOOL: jp_buffer_text(out, MEMBER(bool) ? "true" : "false"); break;
    case JP_FIELD_UNIT:
        if (MEMBER(int) < 0) jp_buffer_text(out, "null");
        else jp_buffer_format(out, "%d", MEMBER(int));
        break;
    case JP_FIELD_ROW: jp_buffer_format(out, "%d", row); break;
    case JP_FIELD_RANGE: put_ints(out, &MEMBER(int), 2); break;
    case JP_FIELD_INTS: put_ints(out, MEMBER(int *), COUNT); break;
    case JP_FIELD_REALS: put_reals(out, MEMBER(double *), COUNT); break;
    case JP_FIELD_OBJECT: put_object(out, f->fields, base, 0, indent); break;
    case JP_FIELD_ROWS: put_rows(out, f, MEMBER(const char *), COUNT, indent); break;
    case JP_FIELD_METRICS: put_metrics_json(out, (const jp_explanation *)(const void *)base); break;
    }
}

static bool absent(const jp_field *f, const char *base) {
    if (f->kind == JP_FIELD_TEXT || (f->kind == JP_FIELD_OBJECT && f->present == JP_PRESENT_TEXT))
        return !MEMBER(char *);
    if (f->kind == JP_FIELD_ROWS && f->present == JP_PRESENT_SOME) return !COUNT;
    if (f->kind == JP_FIELD_OBJECT && f->present == JP_PRESENT_BOOL) return !MEMBER(bool);
    return false;
}

/* One object. indent < 0: a row, on one line. Otherwise rows inside it are indented from `indent`. */
static void put_object(jp_buffer *out, const jp_field *fields, const char *base, int row, int indent) {
    jp_buffer_text(out, "{");
    for (int written = 0; fields->name; fields++) {
        if (absent(fields, base)) continue;
        if (written++) jp_buffer_text(out, ", ");
        put_key(out, fields->name);
        put_value_json(out, fields, base, row, indent < 0 ? 0 : indent);
    }
    jp_buffer_text(out, "}");
}

static void put_explanation(jp_buffer *out, const jp_explanation *x, int indent) {
    jp_buffer_format(out, "{");
    new_line(out, indent + 2);
    jp_buffer_format(out, "\"schema\": %d", JP_JSON_SCHEMA);
    for (const jp_field *f = jp_json_explanation; f->name; f++) {
        if (absent(f, (const char *)x)) continue;
        jp_buffer_text(out, ",");
        new_line(out, indent + 2);
        put_key(out, f->name);
        put_value_json(out, f, (const char *)x, 0, indent + 2);
    }
    new_line(out, indent);
    jp_buffer_text(out, "}");
}

/* "triggers": what a list of audits found most often. */
static int put_triggers(jp_buffer *out, const jopa_result *r, jopa_error *e) {
    jp_trigger_count *found = NULL;
    int               n = 0, status = jp_triggers_count(r, &found, &n, e);
    if (status) return status;
    jp_buffer_text(out, "\"triggers\": [");
    for (int i = 0; i < n; i++) {
        jp_buffer_text(out, i ? ",\n    {" : "\n    {");
        put_key(out, "text");
        jp_json_string(out, found[i].text);
        jp_buffer_text(out, ", ");
        put_key(out, "unit");
        jp_json_string(out, found[i].word ? "word" : r->items[0].unit ? r->items[0].unit : "unit");
        jp_buffer_format(out, ", \"questions\": %d}", found[i].questions);
    }
    jp_buffer_text(out, n ? "\n  ],\n  " : "],\n  ");
    jp_triggers_free(found, n);
    return JP_OK;
}

static int put_list(jp_buffer *out, const jopa_result *r, jopa_error *e) {
    int status = JP_OK;
    jp_buffer_format(out, "{\n  \"schema\": %d,\n  \"command\": ", JP_JSON_SCHEMA);
    jp_json_string(out, r->command);
    jp_buffer_text(out, ",\n  ");
    if (!strcmp(r->command, "audit")) status = put_triggers(out, r, e);
    jp_buffer_text(out, "\"results\": [");
    for (int i = 0; i < r->n_items; i++) {
        jp_buffer_text(out, i ? ", " : "");
        put_explanation(out, &r->items[i], 2);
    }
    jp_buffer_text(out, "]\n}");
    return status;
}

int jp_json_write(jp_buffer *out, const jopa_result *r, jopa_error *e) {
    int status = JP_OK;
    if (r->list) status = put_list(out, r, e);
    else put_explanation(out, &r->items[0], 0);
    jp_buffer_text(out, "\n");
    return status ? status : out->failed ? jp_fail_memory(e) : JP_OK;
}
