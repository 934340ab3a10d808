/* The part of jopa.h that needs no model: results are read, rendered and asked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "question/options.h"
#include "report/report.h"
#include "result/json-read.h"
#include "result/lookup.h"

static bool is_list_of_audits(const jopa_result *r) { return r->list && !strcmp(r->command, "audit"); }

static jp_render_options render_options_of(const jopa_options *o) {
    const char       *color = o ? jp_options_text(o, "color") : NULL;
    jp_render_options made = {.color = color && !strcmp(color, "always")};
    made.width = o ? jp_options_integer(o, "width") : 0;
    if (!made.width) made.width = 80;
    made.scores = o && jp_options_switch(o, "scores");
    return made;
}

char *jopa_result_render(const jopa_result *r, const char *format, const jopa_options *o, size_t *size, jopa_error *e) {
    const jp_format  *f = jp_format_find(format ? format : "text");
    jp_render_options how = render_options_of(o);
    jp_buffer         out = {0};
    int               status = JP_OK;
    if (!r || !r->n_items) status = jp_fail(e, JOPA_ERROR_USAGE, "no result to render: there is none, or it is empty");
    else if (!f) status = jp_fail(e, JOPA_ERROR_USAGE, "no format is called \"%s\"", jp_excerpt(format, 100).text);
    else if (is_list_of_audits(r) && strcmp(f->name, "text") && strcmp(f->name, "json"))
        status = jp_fail(e, JOPA_ERROR_USAGE, "the format %s shows one audit: a list of them as text or json", f->name);
    else status = f->write(r, &how, &out, e);
    char *text = status ? NULL : jp_buffer_take(&out, size);
    if (!status && !text) jp_fail_memory(e);
    jp_buffer_free(&out);
    return text;
}

void jopa_free(void *memory) { free(memory); }

int jopa_result_parse(jopa_result **out, const char *json, size_t size, jopa_error *e) {
    if (!out || !json) return jp_fail(e, JOPA_ERROR_USAGE, "no result to read: the text or its place is NULL");
    return jp_json_read(out, json, size, e);
}

static const jp_explanation *item(const jopa_result *r, int i) {
    return r && i >= 0 && i < r->n_items ? &r->items[i] : NULL;
}

int jopa_result_count(const jopa_result *r) { return r ? r->n_items : 0; }

const char *jopa_result_method(const jopa_result *r, int i) { return item(r, i) ? item(r, i)->method : NULL; }

double jopa_result_drop(const jopa_result *r, int i) { return item(r, i) ? item(r, i)->log_prob.drop : 0.0; }

const int *jopa_result_selected(const jopa_result *r, int i, int *n) {
    const jp_explanation *x = item(r, i);
    if (n) *n = x ? x->n_selected : 0;
    return x ? x->selected : NULL;
}

int jopa_result_units(const jopa_result *r, int i) { return item(r, i) ? item(r, i)->n_units : 0; }

const char *jopa_result_unit_text(const jopa_result *r, int i, int u) {
    const jp_explanation *x = item(r, i);
    return x && u >= 0 && u < x->n_units ? x->units[u].text : NULL;
}

bool jopa_result_triggered(const jopa_result *r, int i) {
    const jp_explanation *x = item(r, i);
    return x && x->audit.present && x->audit.reached;
}

const char *jopa_result_compressed(const jopa_result *r, int i) {
    const jp_explanation *x = item(r, i);
    return x && x->compression.present ? x->compression.text : NULL;
}

bool jopa_result_interrupted(const jopa_result *r) {
    for (int i = 0; r && i < r->n_items; i++)
        if (r->items[i].stopped && !strcmp(r->items[i].stopped, "interrupted")) return true;
    return false;
}

/* ---- any member by its path ----------------------------------------------------------------------------------------
 */

static int refuse_path(const char *path, const jp_node *n, const char *wanted, jopa_error *e) {
    const char *shown = path ? path : "";
    if (!n->kind) return jp_fail(e, JOPA_ERROR_INPUT, "the result has no \"%s\"", jp_excerpt(shown, 200).text);
    return jp_fail(e, JOPA_ERROR_INPUT, "\"%s\" of the result is no %s", jp_excerpt(shown, 200).text, wanted);
}

jopa_kind jopa_result_kind(const jopa_result *r, int i, const char *path) { return jp_lookup(r, i, path).kind; }

int jopa_result_number(const jopa_result *r, int i, const char *path, double *out, jopa_error *e) {
    jp_node n = jp_lookup(r, i, path);
    if (n.kind != JOPA_KIND_NUMBER && n.kind != JOPA_KIND_BOOL && n.kind != JOPA_KIND_NULL)
        return refuse_path(path, &n, "number", e);
    if (out) *out = n.kind == JOPA_KIND_NULL ? NAN : n.number;
    return JOPA_OK;
}

int jopa_result_integer(const jopa_result *r, int i, const char *path, int64_t *out, jopa_error *e) {
    jp_node n = jp_lookup(r, i, path);
    if (!n.whole) return refuse_path(path, &n, "whole number", e);
    if (out) *out = n.integer;
    return JOPA_OK;
}

const char *jopa_result_text(const jopa_result *r, int i, const char *path) { return jp_lookup(r, i, path).text; }

int jopa_result_size(const jopa_result *r, int i, const char *path) {
    jp_node n = jp_lookup(r, i, path);
    return n.kind == JOPA_KIND_ARRAY || n.kind == JOPA_KIND_OBJECT ? n.size : -1;
}

const char *jopa_result_name(const jopa_result *r, int i, const char *path, int index) {
    jp_node n = jp_lookup(r, i, path);
    return jp_node_name(&n, index);
}
