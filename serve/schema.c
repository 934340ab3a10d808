#include "schema.h"

#include <jopa.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

/* ---- names ---- */

json_t *schema_names(const char *table) {
    json_t   *all = json_array();
    jopa_name name;
    for (int i = 0; jopa_list(table, i, &name); i++)
        if (!strchr(name.name, ':')) json_array_append_new(all, json_string(name.name));
    return all;
}

static bool has_pattern(const char *table) {
    jopa_name name;
    for (int i = 0; jopa_list(table, i, &name); i++)
        if (strchr(name.name, ':')) return true;
    return false;
}

static json_t *split_names(const char *list) {
    json_t *all = json_array();
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        json_array_append_new(all, json_stringn(at, size));
        at += size + (at[size] == ',');
    }
    return all;
}

/* Of a text that is one of some names, some of which may take a text of their own: token:TEXT. */
static json_t *one_of_names(const char *values) {
    const char *table = strncmp(values, "jopa list ", 10) ? NULL : values + 10;
    json_t     *names =
        json_pack("{s:s, s:o}", "type", "string", "enum", table ? schema_names(table) : split_names(values));
    if (!table || !has_pattern(table)) return names;
    return json_pack("{s:[o, {s:s, s:s}]}", "anyOf", names, "type", "string", "pattern", "^[a-z]+:.+");
}

/* ---- options ---- */

static json_t *text_schema(const jopa_option_info *o) {
    if (request_takes_json(o))
        return json_pack("{s:[s, s]}", "type", "string", strcmp(o->name, "tools") ? "object" : "array");
    return o->values ? one_of_names(o->values) : json_pack("{s:s}", "type", "string");
}

static json_t *list_schema(const jopa_option_info *o) {
    json_t *item = o->values && strcmp(o->values, "jopa list metrics") ? one_of_names(o->values)
                                                                       : json_pack("{s:s}", "type", "string");
    return json_pack("{s:[{s:s}, {s:s, s:o}]}", "anyOf", "type", "string", "type", "array", "items", item);
}

static json_t *documents_schema(void) {
    json_t *document = json_pack("{s:s, s:{s:{s:s}, s:{s:s}}, s:[s]}", "type", "object", "properties", "title", "type",
                                 "string", "text", "type", "string", "required", "text");
    return json_pack("{s:s, s:{s:[{s:s}, o]}}", "type", "array", "items", "anyOf", "type", "string", document);
}

static json_t *several_schema(const jopa_option_info *o) {
    if (request_takes_documents(o)) return documents_schema();
    return json_pack("{s:[{s:s}, {s:s, s:{s:s}}]}", "anyOf", "type", "string", "type", "array", "items", "type",
                     "string");
}

static json_t *integer_schema(const jopa_option_info *o) {
    json_t *made = json_pack("{s:s}", "type", "integer");
    json_object_set_new(made, "minimum", json_integer((json_int_t)o->least));
    json_object_set_new(made, "maximum", json_integer(o->most < 9e18 ? (json_int_t)o->most : LLONG_MAX));
    return made;
}

static json_t *number_schema(const jopa_option_info *o) {
    json_t *made = json_pack("{s:s, s:f}", "type", "number", "minimum", o->least);
    if (o->most < 1e300) json_object_set_new(made, "maximum", json_real(o->most));
    return made;
}

static json_t *switch_schema(const jopa_option_info *o) {
    (void)o;
    return json_pack("{s:s}", "type", "boolean");
}

static json_t *option_schema(const jopa_option_info *o) {
    static const struct {
        const char *type;
        json_t *(*make)(const jopa_option_info *o);
    } kinds[] = {{"integer", integer_schema},
                 {"number", number_schema},
                 {"switch", switch_schema},
                 {"list", list_schema},
                 {"texts", several_schema}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, o->type)) return kinds[i].make(o);
    return text_schema(o);
}

/* The default as JSON of the option's type. */
static json_t *default_value(const jopa_option_info *o) {
    if (!strcmp(o->type, "switch")) return json_boolean(!strcmp(o->fallback, "true"));
    if (!strcmp(o->type, "integer")) return json_integer(strtoll(o->fallback, NULL, 10));
    if (!strcmp(o->type, "number")) return json_real(strtod(o->fallback, NULL));
    return json_string(o->fallback);
}

/* ---- a request ---- */

static json_t *messages_schema(void) {
    json_t *properties = json_pack("{s:{s:s, s:i}, s:{s:[s, s, s]}}", "role", "type", "string", "minLength", 1,
                                   "content", "type", "string", "array", "null");
    json_t *message = json_pack("{s:s, s:o, s:[s]}", "type", "object", "properties", properties, "required", "role");
    return json_pack("{s:s, s:s, s:i, s:o}", "type", "array", "description",
                     "a whole chat, instead of prompt and system, as OpenAI's interface has it", "minItems", 1, "items",
                     message);
}

json_t *schema_of_command(const char *command) {
    const jopa_option_info *o;
    json_t                 *properties = json_object();
    for (int i = 0; (o = jopa_option_at(command, i)); i++) {
        if (!request_takes(o)) continue;
        json_t *made = json_pack("{s:[o, {s:s}]}", "anyOf", option_schema(o), "type", "null");
        json_object_set_new(made, "description", json_string(o->help));
        if (o->fallback) json_object_set_new(made, "default", default_value(o));
        json_object_set_new(properties, o->name, made);
    }
    json_object_set_new(properties, "messages", messages_schema());
    json_object_set_new(
        properties, "like",
        json_pack("{s:s, s:s}", "type", "string", "description",
                  "ask again what that run was asked, but for what is given here; null: the default instead"));
    return json_pack("{s:s, s:o, s:b, s:[{s:[s]}, {s:[s]}, {s:[s]}]}", "type", "object", "properties", properties,
                     "additionalProperties", 0, "anyOf", "required", "prompt", "required", "messages", "required",
                     "like");
}

json_t *schema_named(const char *name) {
    char place[128];
    snprintf(place, sizeof place, "#/components/schemas/%s", name);
    return json_pack("{s:s}", "$ref", place);
}
