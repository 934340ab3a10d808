#include "engine/template/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/excerpt.h"
#include "engine/template/template-render.h"

/* ---- variables --------------------------------------------------------------------------------------------------- */

/* "2026-01-31", also with a time of day: "2026-01-31 12:00". */
static bool parse_date(const char *text, int64_t *now) {
    struct tm day = {.tm_hour = 12, .tm_isdst = -1};
    int       read = 0, hour, minute;
    if (sscanf(text, "%4d-%2d-%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday, &read) != 3) return false;
    if (text[read]) {
        int more = 0;
        if (sscanf(text + read, "%*1[T ]%2d:%2d%n", &hour, &minute, &more) != 2 || text[read + more]) return false;
        day.tm_hour = hour;
        day.tm_min = minute;
    }
    day.tm_year -= 1900;
    day.tm_mon--;
    struct tm asked = day;
    time_t    t = mktime(&day);
    *now = t;
    return t != (time_t)-1 && day.tm_mon == asked.tm_mon && day.tm_mday == asked.tm_mday &&
           day.tm_hour == asked.tm_hour;
}

/* The variables, without the date; *now stays where there is none. */
static int read_args(const char *text, json_t **args, int64_t *now, bool *date_set, jopa_error *e) {
    json_error_t why;
    *args = text ? json_loads(text, 0, &why) : json_object();
    if (!*args && !text) return jp_fail_memory(e);
    if (!json_is_object(*args)) {
        json_decref(*args);
        *args = NULL;
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`template_args` %s: a JSON object is needed, such as "
                       "{\"enable_thinking\": false}",
                       jp_excerpt(text, 80).text);
    }
    json_t *date = json_object_get(*args, "date");
    if (!date) return JP_OK;
    *date_set = json_is_string(date) && parse_date(json_string_value(date), now);
    json_object_del(*args, "date");
    if (*date_set) return JP_OK;
    json_decref(*args);
    *args = NULL;
    return jp_fail(e, JOPA_ERROR_USAGE, "`template_args`: \"date\" is a day such as \"2026-01-31\", also with a time");
}

int jp_template_check(const char *args, jopa_error *e) {
    json_t *read = NULL;
    int64_t now;
    bool    set = false;
    int     status = args ? read_args(args, &read, &now, &set, e) : JP_OK;
    json_decref(read);
    return status;
}

/* ---- which template -----------------------------------------------------------------------------------------------
 */

static const char *source_called(const jp_engine *engine, const char *name) {
    return engine->ops->template_source ? engine->ops->template_source((void *)engine, name) : NULL;
}

static int refuse_name(const jp_template *t, const char *name, jopa_error *e) {
    jp_buffer known = {0};
    char      one[128];
    for (int i = 0; t->engine->ops->template_name && t->engine->ops->template_name(t->engine, i, one, sizeof one); i++)
        jp_buffer_format(&known, "%s%s", i ? ", " : "", one);
    int status = jp_fail(e, JOPA_ERROR_USAGE,
                         known.size ? "`template` %s: no such file, and the model's templates are called %s"
                                    : "`template` %s: no such file, and the model has no templates with names",
                         jp_excerpt(name, 80).text, known.data ? jp_excerpt(known.data, 200).text : "");
    jp_buffer_free(&known);
    return status;
}

static int choose_source(jp_template *t, const char *choice, bool tools, jopa_error *e) {
    const char *name = choice ? choice : tools && source_called(t->engine, "tool_use") ? "tool_use" : NULL;
    if (choice && strchr(choice, '{')) {
        t->source = choice;
        snprintf(t->name, sizeof t->name, "given");
        return JP_OK;
    }
    bool is_default = !name || !strcmp(name, "default");
    t->source = source_called(t->engine, is_default ? NULL : name);
    snprintf(t->name, sizeof t->name, "%s", is_default ? "default" : name);
    if (!t->source && choice && !is_default) return refuse_name(t, choice, e);
    if (t->source && !strstr(t->source, "messages") && !choice) t->source = NULL;
    return JP_OK;
}

int jp_template_open(jp_template *t, jp_engine *engine, const char *choice, const char *args, bool tools,
                     jopa_error *e) {
    *t = (jp_template){.engine = engine, .now = time(NULL)};
    int status = choose_source(t, choice, tools, e);
    if (!status) status = read_args(args, &t->args, &t->now, &t->date_set, e);
    if (!status && args && !t->source)
        status = jp_fail(e, JOPA_ERROR_UNSUPPORTED, "`template_args`: this model's template takes no variables");
    if (status) jp_template_close(t);
    return status;
}

void jp_template_close(jp_template *t) {
    json_decref(t->args);
    *t = (jp_template){0};
}

static bool mentions(const char *source, const char *const *words) {
    for (; *words; words++)
        if (strstr(source, *words)) return true;
    return false;
}

unsigned jp_template_style(const jp_template *t) {
    static const char *const parts[] = {"content is string",
                                        "content is not string",
                                        "content is iterable",
                                        "content is sequence",
                                        "content is mapping",
                                        "content'] is string",
                                        "content'] is not string",
                                        "content'] is iterable",
                                        "in message.content",
                                        "in message['content']",
                                        "in content",
                                        ".type ==",
                                        "['type'] ==",
                                        NULL};
    static const char *const objects[] = {"arguments|tojson",       "arguments | tojson",      "arguments']|tojson",
                                          "arguments'] | tojson",   "arguments|items",         "arguments | items",
                                          "arguments.items()",      "arguments'].items()",     "arguments'] | items",
                                          "arguments'] is string",  "arguments is string",     "arguments is mapping",
                                          "arguments'] is mapping", "arguments is not string", NULL};
    if (!t->source) return 0;
    unsigned style = JP_STYLE_RENDERS | (mentions(t->source, parts) ? JP_STYLE_PARTS : 0);
    return style | (mentions(t->source, objects) ? JP_STYLE_OBJECTS : 0);
}

/* ---- rendering ----------------------------------------------------------------------------------------------------
 */

/* "bos_token" and so on, as far as the vocabulary has them. */
static int set_token(json_t *context, jp_engine *engine, const char *part, jopa_error *e) {
    char    name[32], text[256];
    int32_t id = engine->ops->token_called ? engine->ops->token_called(engine, part) : -1;
    int     size = id < 0 ? 0 : engine->ops->piece(engine, id, true, text, sizeof text);
    snprintf(name, sizeof name, "%s_token", part);
    if (id < 0 || size <= 0 || size > (int)sizeof text) return JP_OK;
    return json_object_set_new(context, name, json_stringn(text, (size_t)size)) ? jp_fail_memory(e) : JP_OK;
}

static int make_variables(const jp_template *t, const jp_render_task *task, json_t **out, jopa_error *e) {
    static const char *const parts[] = {"bos", "eos", "pad", "sep"};

    json_t *context = json_pack("{s:O, s:n, s:b, s:b}", "messages", task->messages, "documents",
                                "add_generation_prompt", !task->begun, "continue_final_message", task->begun);
    int     status = context ? JP_OK : jp_fail_memory(e);
    if (!status && json_object_set_new(context, "tools", task->tools ? json_incref(task->tools) : json_null()))
        status = jp_fail_memory(e);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++)
        status = set_token(context, t->engine, parts[i], e);
    if (!status && json_object_update(context, t->args)) status = jp_fail_memory(e);
    *out = context;
    return status;
}

static int refuse_render(const jp_render_task *task, jp_render_status status, const char *why, jopa_error *e) {
    if (status == JP_RENDER_MEMORY) return jp_fail_memory(e);
    if (status == JP_RENDER_WRONG)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "the chat template cannot be applied to this chat (%s): give another `template`, or set `raw`",
                       jp_excerpt(why, 200).text);
    jp_buffer roles = {0};
    json_t   *message;
    size_t    i;
    json_array_foreach(task->messages, i, message)
        jp_buffer_format(&roles, "%s%s", i ? ", " : "", json_string_value(json_object_get(message, "role")));
    int code = jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template does not take messages of roles: %s (%s)",
                       jp_excerpt(roles.data ? roles.data : "", 150).text, why[0] ? why : "no reason given");
    jp_buffer_free(&roles);
    return code;
}

static int fill_rendered(const jp_template *t, const jp_template_output *made, jp_rendered *out, jopa_error *e) {
    char      hash[65], day[32] = "";
    struct tm local;
    time_t    now = (time_t)t->now;
    jp_template_hash(t->source, hash);
    *out = (jp_rendered){
        .text = made->text, .size = made->size, .runs = made->runs, .n_runs = made->n_runs, .source = t->source};
    out->template_name = strdup(t->name);
    out->template_hash = strdup(hash);
    out->date_set = t->date_set;
    if ((made->dated || t->date_set) && localtime_r(&now, &local)) strftime(day, sizeof day, "%Y-%m-%d", &local);
    if (day[0]) out->template_date = strdup(day);
    return out->template_name && out->template_hash && (!day[0] || out->template_date) ? JP_OK : jp_fail_memory(e);
}

int jp_template_render(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e) {
    const jp_template *t = user;
    json_t            *context = NULL;
    jp_template_output made = {0};
    int                status = make_variables(t, task, &context, e);
    json_t            *data = status ? NULL : json_pack("{s:O}", "messages", task->messages);
    if (!status && (!data || (task->tools && json_object_set(data, "tools", task->tools)))) status = jp_fail_memory(e);
    if (!status) {
        jp_template_task what = {t->source, context, data, task->texts, task->n_texts, t->now};
        jp_render_status rendered = jp_template_execute(&what, &made);
        status = rendered == JP_RENDERED ? fill_rendered(t, &made, out, e) : refuse_render(task, rendered, made.why, e);
    }
    json_decref(data);
    json_decref(context);
    return status;
}
