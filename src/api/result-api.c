/* The part of jopa.h that needs no model: results are read, rendered and asked. */
#include <stdlib.h>
#include <string.h>

#include "result/json-read.h"
#include "report/report.h"

void jopa_render_options_init(jopa_render_options *o) { *o = (jopa_render_options){.width = 80}; }

char *jopa_result_render(const jopa_result *r, const char *format, const jopa_render_options *o, size_t *size,
                         jopa_error *e) {
    const jp_format *f = jp_format_find(format);
    jp_buffer        out = {0};
    if (!f) {
        jp_fail(e, JOPA_ERROR_USAGE, "no format is called \"%s\"", format);
        return NULL;
    }
    if (r->list && !strcmp(r->command, "audit") && strcmp(format, "text") && strcmp(format, "json")) {
        jp_fail(e, JOPA_ERROR_USAGE, "the format %s shows one audit: a list of them as text or json", format);
        return NULL;
    }
    if (f->write(r, o, &out, e)) {
        jp_buffer_free(&out);
        return NULL;
    }
    char *text = jp_buffer_take(&out, size);
    if (!text) jp_fail_memory(e);
    return text;
}

void jopa_free(void *memory) { free(memory); }

int jopa_result_parse(jopa_result **out, const char *json, size_t size, jopa_error *e) {
    return jp_json_read(out, json, size, e);
}

static const jp_explanation *item(const jopa_result *r, int i) {
    return r && i >= 0 && i < r->n_items ? &r->items[i] : NULL;
}

int jopa_result_count(const jopa_result *r) { return r->n_items; }

const char *jopa_result_method(const jopa_result *r, int i) { return item(r, i) ? item(r, i)->method : NULL; }

double jopa_result_drop(const jopa_result *r, int i) { return item(r, i) ? item(r, i)->log_prob.drop : 0.0; }

const int *jopa_result_selected(const jopa_result *r, int i, int *n) {
    const jp_explanation *x = item(r, i);
    *n = x ? x->n_selected : 0;
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
    for (int i = 0; i < r->n_items; i++)
        if (r->items[i].stopped && !strcmp(r->items[i].stopped, "interrupted")) return true;
    return false;
}
