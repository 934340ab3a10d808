#include "engine/template/template-render.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <new>
#include <string>
#include <unordered_map>

#include "hash.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"

namespace {

/* What raise_exception throws: no std::exception, so that the interpreter wraps nothing around its words. */
struct refusal {
    std::string message;
};

/* Numbers are read and written with a decimal point, whatever the program's locale. */
class plain_locale {
    locale_t made, before;

  public:
    plain_locale() : made(newlocale(LC_ALL_MASK, "C", nullptr)), before(made ? uselocale(made) : nullptr) {}
    ~plain_locale() {
        if (!made) return;
        uselocale(before);
        freelocale(made);
    }
    plain_locale(const plain_locale &) = delete;
    plain_locale &operator=(const plain_locale &) = delete;
};

/* ---- JSON -> values: strings of the chat carry an origin, 1 + the text's index or DATA ------------------------- */

enum { MOST_NESTED = 100 };

class converter {
    std::unordered_map<const json_t *, int> texts;
    int                                     data;

    static jinja::value of_string(const json_t *j, int origin) {
        std::string text(json_string_value(j), json_string_length(j));
        return jinja::mk_val<jinja::value_string>(origin && !text.empty() ? jinja::string(text, origin)
                                                                          : jinja::string(text));
    }

    jinja::value of_array(const json_t *j, bool person, int depth) const {
        auto out = jinja::mk_val<jinja::value_array>();
        for (size_t i = 0; i < json_array_size(j); i++)
            out->push_back(convert(json_array_get(j, i), person, depth + 1));
        return out;
    }

    jinja::value of_object(const json_t *j, bool person, int depth) const {
        auto        out = jinja::mk_val<jinja::value_object>();
        const char *name;
        json_t     *member;
        json_object_foreach(const_cast<json_t *>(j), name, member) {
            bool theirs = person && (depth != 1 || std::strcmp(name, "role"));
            auto key = jinja::mk_val<jinja::value_string>(person && depth > 2 ? jinja::string(std::string(name), data)
                                                                              : jinja::string(std::string(name)));
            out->jinja::value_object_t::insert(key, convert(member, theirs, depth + 1));
        }
        return out;
    }

  public:
    explicit converter(const jp_template_task *task) : data(task->n_texts + 1) {
        for (int i = 0; i < task->n_texts; i++) texts[task->texts[i]] = i + 1;
    }

    int data_origin() const { return data; }

    jinja::value convert(const json_t *j, bool person, int depth) const {
        if (depth > MOST_NESTED) throw std::runtime_error("the chat is nested too deeply");
        switch (json_typeof(j)) {
        case JSON_OBJECT: return of_object(j, person, depth);
        case JSON_ARRAY: return of_array(j, person, depth);
        case JSON_STRING: {
            auto known = texts.find(j);
            return of_string(j, known != texts.end() ? known->second : person ? data : 0);
        }
        case JSON_INTEGER: return jinja::mk_val<jinja::value_int>(json_integer_value(j));
        case JSON_REAL: return jinja::mk_val<jinja::value_float>(json_real_value(j));
        case JSON_TRUE: return jinja::mk_val<jinja::value_bool>(true);
        case JSON_FALSE: return jinja::mk_val<jinja::value_bool>(false);
        default: return jinja::mk_val<jinja::value_none>();
        }
    }
};

/* ---- the context ------------------------------------------------------------------------------------------------ */

void set_functions(jinja::context &context, const jp_template_task *task, bool *dated) {
    std::time_t now = (std::time_t)task->now;
    context.set_val(
        "strftime_now",
        jinja::mk_val<jinja::value_func>("strftime_now", [now, dated](const jinja::func_args &args) -> jinja::value {
            char    text[256];
            std::tm local = {};
            *dated = true;
            std::string format = args.get_pos(0)->as_string().str();
            size_t      size = localtime_r(&now, &local) ? std::strftime(text, sizeof text, format.c_str(), &local) : 0;
            return jinja::mk_val<jinja::value_string>(std::string(text, size));
        }));
    context.set_val(
        "raise_exception",
        jinja::mk_val<jinja::value_func>("raise_exception", [](const jinja::func_args &args) -> jinja::value {
            throw refusal{args.count() ? args.get_pos(0)->as_string().str() : std::string()};
        }));
}

void set_variables(jinja::context &context, const jp_template_task *task, const converter &values) {
    const char *name;
    json_t     *member;
    json_object_foreach(const_cast<json_t *>(task->context), name, member) {
        bool person = json_object_get(task->data, name) == member;
        context.set_val(name, values.convert(member, person, 0));
    }
}

/* ---- what comes out --------------------------------------------------------------------------------------------- */

bool continues(const jp_text_run &run, const jp_text_run &next) {
    if (run.text != next.text || run.covers || next.covers) return false;
    return run.text < 0 || run.from + run.size == next.from;
}

jp_render_status put_out(const jinja::string &rendered, const converter &values, jp_template_output *out) {
    std::string text = rendered.str();
    out->text = (char *)std::malloc(text.size() + 1);
    out->runs = (jp_text_run *)std::malloc((rendered.parts.size() + 1) * sizeof *out->runs);
    if (!out->text || !out->runs) return JP_RENDER_MEMORY;
    std::memcpy(out->text, text.c_str(), text.size() + 1);
    out->size = text.size();
    for (const auto &part : rendered.parts) {
        if (part.val.empty()) continue;
        int         origin = part.origin == values.data_origin() ? JP_RUN_DATA : part.origin - 1;
        jp_text_run run = {origin, part.val.size(), origin < 0 ? 0 : part.from, origin < 0 ? 0 : part.covers};
        if (out->n_runs && continues(out->runs[out->n_runs - 1], run)) out->runs[out->n_runs - 1].size += run.size;
        else out->runs[out->n_runs++] = run;
    }
    return JP_RENDERED;
}

jp_render_status render(const jp_template_task *task, jp_template_output *out) {
    plain_locale   locale;
    converter      values(task);
    jinja::lexer   lexer;
    std::string    source(task->source);
    jinja::program program = jinja::parse_from_tokens(lexer.tokenize(source));
    jinja::context context(source);
    set_variables(context, task, values);
    set_functions(context, task, &out->dated);
    jinja::runtime::reset_limits();
    jinja::runtime runtime(context);
    jinja::value   results = runtime.execute(program);
    return put_out(jinja::runtime::gather_string_parts(results)->val_str, values, out);
}

/* The interpreter's messages end with "Error: " and what is wrong, and tell the place above. */
void keep_reason(jp_template_output *out, const char *what) {
    const char *error = nullptr, *place = std::strstr(what, " at line ");
    for (const char *at = what; (at = std::strstr(at, "Error: ")); at++) error = at + std::strlen("Error: ");
    int size = place ? (int)std::strcspn(place + 4, ",\n") : 0; /* "line 3" */
    if (size) std::snprintf(out->why, sizeof out->why, "%.*s: %s", size, place + 4, error ? error : what);
    else std::snprintf(out->why, sizeof out->why, "%s", error ? error : what);
    out->why[std::strcspn(out->why, "\n")] = '\0';
}

} // namespace

jp_render_status jp_template_execute(const jp_template_task *task, jp_template_output *out) {
    jp_render_status status = JP_RENDER_WRONG;
    *out = jp_template_output();
    try {
        status = render(task, out);
    } catch (const refusal &r) {
        status = JP_RENDER_REFUSED;
        std::snprintf(out->why, sizeof out->why, "%s", r.message.c_str());
    } catch (const std::bad_alloc &) {
        status = JP_RENDER_MEMORY;
    } catch (const std::exception &e) {
        keep_reason(out, e.what());
    } catch (...) {
        std::snprintf(out->why, sizeof out->why, "break or continue outside of a loop");
    }
    if (status == JP_RENDERED) return status;
    std::free(out->text);
    std::free(out->runs);
    out->text = nullptr;
    out->runs = nullptr;
    out->n_runs = 0;
    return status;
}

void jp_template_hash(const char *text, char out[65]) {
    try {
        std::snprintf(out, 65, "%s", hash_sha256_hex(text, std::strlen(text)).c_str());
    } catch (...) {
        out[0] = '\0';
    }
}
