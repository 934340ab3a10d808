/* The JSON contract, written. Keys come in the order of the tables, one row of an array a line. */
#include <string.h>

#include "base/number.h"
#include "base/unseen.h"
#include "result/json-fields.h"
#include "result/json-write.h"
#include "result/member.h"

static void put_code_unit(jp_buffer *out, uint32_t unit) { jp_buffer_format(out, "\\u%04x", (unsigned)unit); }

/* An unseen character of `size` bytes as an escape, which is the same text to a parser. */
static void put_escape(jp_buffer *out, const char *text, size_t size) {
    uint32_t c = (unsigned char)*text & (size == 1 ? 0x7fu : 0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) c = c << 6 | ((unsigned char)text[i] & 0x3fu);
    if (c > 0xffff) put_code_unit(out, 0xd800 + ((c - 0x10000) >> 10));
    put_code_unit(out, c > 0xffff ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c);
}

static bool stands_as_it_is(char c) { return c != '"' && c != '\\' && (unsigned char)c >= 0x20 && c != 0x7f; }

/* What is not plain at text[at]; returns its bytes. */
static size_t put_special(jp_buffer *out, const char *text, size_t size, size_t at) {
    char        mark[JP_UNSEEN_SIZE];
    size_t      unseen = jp_unseen(text, size, at, mark);
    const char *pair = strchr("\"\"\\\\\bb\ff\nn\rr\tt", text[at]); /* the character, then its escape */
    if (!pair && unseen) return put_escape(out, text + at, unseen), unseen;
    if (pair && !stands_as_it_is(text[at])) jp_buffer_format(out, "\\%c", pair[1]);
    else jp_buffer_bytes(out, text + at, 1);
    return 1;
}

void jp_json_string(jp_buffer *out, const char *text) {
    size_t size = strlen(text);
    jp_buffer_text(out, "\"");
    for (size_t at = 0; at < size;) {
        size_t plain = 0;
        while (at + plain < size && stands_as_it_is(text[at + plain]) && !(text[at + plain] & 0x80)) plain++;
        jp_buffer_bytes(out, text + at, plain);
        at += plain;
        if (at < size) at += put_special(out, text, size, at);
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

static void put_metrics_json(jp_buffer *out, const jp_result_metric *m, int n) {
    jp_buffer_text(out, "{");
    for (int i = 0, groups = 0; i < n; i++) {
        if (!jp_first_of_group(m, i)) continue;
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

static void put_options(jp_buffer *out, const jp_result_option *o, int n) {
    for (int i = 0; i < n; i++) {
        jp_buffer_text(out, i ? ", " : "{");
        put_key(out, o[i].name);
        jp_json_string(out, o[i].value);
    }
    jp_buffer_text(out, n ? "}" : "{}");
}

static void put_unit_index(jp_buffer *out, int unit) {
    if (unit < 0) jp_buffer_text(out, "null");
    else jp_buffer_format(out, "%d", unit);
}

static void put_value_json(jp_buffer *out, const jp_field *f, const char *base, int row, int indent) {
    size_t at = f->offset;
    switch (f->kind) {
    case JP_FIELD_SCHEMA: jp_buffer_format(out, "%d", JP_JSON_SCHEMA); break;
    case JP_FIELD_TEXT: jp_json_string(out, jp_load_text(base, at)); break;
    case JP_FIELD_INT: jp_buffer_format(out, "%d", jp_load_int(base, at)); break;
    case JP_FIELD_I32: jp_buffer_format(out, "%d", (int)jp_load_i32(base, at)); break;
    case JP_FIELD_I64: jp_buffer_format(out, "%lld", (long long)jp_load_i64(base, at)); break;
    case JP_FIELD_SIZE: jp_buffer_format(out, "%zu", jp_load_size(base, at)); break;
    case JP_FIELD_SEED: put_seed(out, jp_load_u64(base, at)); break;
    case JP_FIELD_REAL: jp_put_exact(out, jp_load_real(base, at)); break;
    case JP_FIELD_BOOL: jp_buffer_text(out, jp_load_bool(base, at) ? "true" : "false"); break;
    case JP_FIELD_UNIT: put_unit_index(out, jp_load_int(base, at)); break;
    case JP_FIELD_ROW: jp_buffer_format(out, "%d", row); break;
    case JP_FIELD_RANGE:
        jp_buffer_format(out, "[%d, %d]", jp_load_int(base, at), jp_load_int(base, at + sizeof(int)));
        break;
    case JP_FIELD_INTS: put_ints(out, jp_load_array(base, at), jp_load_int(base, f->count)); break;
    case JP_FIELD_REALS: put_reals(out, jp_load_array(base, at), jp_load_int(base, f->count)); break;
    case JP_FIELD_OBJECT: put_object(out, f->fields, base, 0, indent); break;
    case JP_FIELD_ROWS: put_rows(out, f, jp_load_array(base, at), jp_load_int(base, f->count), indent); break;
    case JP_FIELD_METRICS: put_metrics_json(out, jp_load_array(base, at), jp_load_int(base, f->count)); break;
    case JP_FIELD_OPTIONS: put_options(out, jp_load_array(base, at), jp_load_int(base, f->count)); break;
    }
}

/* One object. indent < 0: a row, on one line. Otherwise rows inside it are indented from `indent`. */
static void put_object(jp_buffer *out, const jp_field *fields, const char *base, int row, int indent) {
    jp_buffer_text(out, "{");
    for (int written = 0; fields->name; fields++) {
        if (jp_field_absent(fields, base)) continue;
        if (written++) jp_buffer_text(out, ", ");
        put_key(out, fields->name);
        put_value_json(out, fields, base, row, indent < 0 ? 0 : indent);
    }
    jp_buffer_text(out, "}");
}

static void put_explanation(jp_buffer *out, const jp_explanation *x, int indent) {
    jp_buffer_text(out, "{");
    for (const jp_field *f = jp_json_explanation; f->name; f++) {
        if (jp_field_absent(f, x)) continue;
        if (f != jp_json_explanation) jp_buffer_text(out, ",");
        new_line(out, indent + 2);
        put_key(out, f->name);
        put_value_json(out, f, (const char *)x, 0, indent + 2);
    }
    new_line(out, indent);
    jp_buffer_text(out, "}");
}

static void put_explanations(jp_buffer *out, const jopa_result *r) {
    jp_buffer_text(out, "[");
    for (int i = 0; i < r->n_items; i++) {
        jp_buffer_text(out, i ? ", " : "");
        put_explanation(out, &r->items[i], 2);
    }
    jp_buffer_text(out, "]");
}

static void put_list(jp_buffer *out, const jopa_result *r) {
    jp_buffer_text(out, "{");
    for (const jp_field *f = jp_json_list; f->name; f++) {
        if (jp_field_absent(f, r)) continue;
        if (f != jp_json_list) jp_buffer_text(out, ",");
        new_line(out, 2);
        put_key(out, f->name);
        if (f->fields == jp_json_explanation) put_explanations(out, r);
        else put_value_json(out, f, (const char *)r, 0, 2);
    }
    new_line(out, 0);
    jp_buffer_text(out, "}");
}

int jp_json_write(jp_buffer *out, const jopa_result *r, jopa_error *e) {
    if (r->list) put_list(out, r);
    else put_explanation(out, &r->items[0], 0);
    jp_buffer_text(out, "\n");
    return out->failed ? jp_fail_memory(e) : JP_OK;
}
