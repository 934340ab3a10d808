#include "bench/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/parse.h"
#include "engine/template/template-render.h"
#include "engine/template/template.h"

/* Names that the header had before options had one table. */
static const char *setting_name(const char *option) {
    return !strcmp(option, "k") ? "units" : !strcmp(option, "time") ? "seconds" : option;
}

static json_t *setting_value(const jp_option *option, const char *text) {
    uint64_t whole = 0;
    double   number = 0;
    int      small = 0;
    switch (option->type) {
    case JP_TYPE_INTEGER:
        if (jp_parse_integer(text, &small)) return json_integer(small);
        jp_parse_unsigned(text, &whole);
        return json_integer((json_int_t)whole);
    case JP_TYPE_NUMBER: jp_parse_double(text ? text : "0", NULL, &number); return json_real(number);
    case JP_TYPE_SWITCH: return json_boolean(text && !strcmp(text, "true"));
    default: return text ? json_string(text) : json_null();
    }
}

/* In alphabetical order, whatever that of the table, and so of the command's help. Takes `all` over. */
static json_t *sorted(json_t *all) {
    char   *text = all ? json_dumps(all, JSON_SORT_KEYS | JSON_REAL_PRECISION(17)) : NULL;
    json_t *made = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    json_decref(all);
    return made;
}

json_t *jp_settings_of(const jopa_options *o) {
    json_t *all = json_object();
    bool    fine = all != NULL;
    for (int i = 0; jp_option_row(i) && fine; i++) {
        const jp_option *row = jp_option_row(i);
        if (!(row->commands & JP_BENCH) || !row->answers) continue;
        const char *text = o ? jp_options_text(o, row->info.name) : row->info.fallback;
        fine = !json_object_set_new(all, setting_name(row->info.name), setting_value(row, text));
    }
    if (fine) return sorted(all);
    json_decref(all);
    return NULL;
}

/* The chat template that prompts are put into, by its SHA-256; false without memory. None with `raw`, and where the
 * engine alone knows it. */
static bool add_template(json_t *settings, const jopa_model *m, const jopa_options *o) {
    jp_template t;
    char        hash[65];
    bool        fine = true;
    const char *raw = jp_options_text(o, "raw");
    if (raw && !strcmp(raw, "true")) return true;
    if (jp_template_open(&t, m->engine, jp_options_text(o, "template"), NULL, false, NULL)) return true;
    if (t.source) {
        jp_template_hash(t.source, hash);
        fine = !json_object_set_new(settings, "chat_template", json_string(hash));
    }
    jp_template_close(&t);
    return fine;
}

json_t *jp_bench_settings(const jopa_model *m, const jopa_options *o) {
    jp_model_info info = {0};
    m->engine->ops->model_info(m->engine, &info);
    json_t *settings = jp_settings_of(o);
    json_t *model = json_pack("{s:s, s:s, s:s, s:I, s:b, s:b}", "engine", m->engine->ops->name, "model", info.file,
                              "quantization", info.quantization, "parameters", (json_int_t)info.parameters, "encoder",
                              m->encoder != NULL, "precise", m->precise);
    bool    fine = settings && model && !json_object_update(settings, model) && add_template(settings, m, o);
    json_decref(model);
    if (fine) return settings;
    json_decref(settings);
    return NULL;
}
