#include "bench/settings.h"

#include <string.h>

#include "base/number.h"
#include "base/parse.h"

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

json_t *jp_bench_settings(const jopa_model *m, const jp_question *q, bool defaults) {
    jp_model_info info = {0};
    m->engine->ops->model_info(m->engine, &info);
    json_t *settings =
        json_pack("{s:s, s:s, s:s, s:I, s:b}", "engine", m->engine->ops->name, "model", info.file, "quantization",
                  info.quantization, "parameters", (json_int_t)info.parameters, "encoder", m->encoder != NULL);
    bool fine = settings != NULL;
    for (int i = 0; jp_option_row(i) && fine; i++) {
        const jp_option *o = jp_option_row(i);
        const char      *name = o->info.name;
        if (!(o->commands & JP_BENCH) || !o->answers) continue;
        json_t *value = setting_value(o, defaults ? o->info.fallback : jp_options_text(q->options, name));
        fine = value && !json_object_set_new(settings, setting_name(name), value);
    }
    if (fine) return settings;
    json_decref(settings);
    return NULL;
}
