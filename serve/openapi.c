#include "openapi.h"

#include <jansson.h>
#include <jopa.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "endpoints.h"
#include "json-text.h"
#include "schema.h"

/* ---- what is answered ---- */

static const char answers[] =
    "{\"error\": {\"type\": \"object\", \"required\": [\"error\"], \"properties\": {\"error\": {\"type\": \"object\","
    " \"required\": [\"message\", \"type\", \"code\"], \"properties\": {\"message\": {\"type\": \"string\"},"
    " \"type\": {\"type\": \"string\"}, \"code\": {\"type\": \"integer\"}}}}},"
    " \"health\": {\"type\": \"object\", \"required\": [\"status\", \"version\", \"model\"]},"
    " \"object\": {\"type\": \"object\"},"
    " \"result\": {\"type\": \"object\", \"required\": [\"schema\", \"command\"], \"description\":"
    " \"as docs/result.schema.json says, and as the command writes it\"},"
    " \"status\": {\"type\": \"object\", \"required\": [\"id\", \"command\", \"state\", \"place\"], \"properties\": {"
    " \"id\": {\"type\": \"string\", \"pattern\": \"^[0-9a-f]{32}$\"}, \"command\": {\"type\": \"string\"},"
    " \"state\": {\"enum\": [\"queued\", \"running\", \"done\", \"failed\", \"cancelled\"]},"
    " \"place\": {\"type\": \"integer\", \"description\": \"in the queue; 0: it is no longer in it\"},"
    " \"progress\": {\"type\": \"object\"}, \"result\": {\"$ref\": \"#/components/schemas/result\"},"
    " \"error\": {\"type\": \"object\"}}},"
    " \"ids\": {\"type\": \"object\", \"required\": [\"tokens\"], \"properties\": {\"tokens\": {\"type\": \"array\","
    " \"items\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 2147483647}}}},"
    " \"text\": {\"type\": \"object\", \"required\": [\"prompt\"], \"properties\": {\"prompt\": {\"type\": \"string\"},"
    " \"add_special_tokens\": {\"type\": \"boolean\", \"default\": true}}},"
    " \"tokens\": {\"type\": \"object\", \"required\": [\"tokens\", \"count\"]},"
    " \"completion\": {\"type\": \"object\", \"required\": [\"id\", \"object\", \"model\", \"choices\", \"usage\"]},"
    " \"completion_request\": {\"type\": \"object\", \"required\": [\"prompt\"], \"properties\": {"
    " \"prompt\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": \"string\"}},"
    " {\"$ref\": \"#/components/schemas/ids/properties/tokens\"},"
    " {\"type\": \"array\", \"items\": {\"$ref\": \"#/components/schemas/ids/properties/tokens\"}}]},"
    " \"max_tokens\": {\"type\": \"integer\", \"minimum\": 0, \"default\": 16},"
    " \"logprobs\": {\"type\": [\"integer\", \"null\"], \"minimum\": 0, \"maximum\": 20},"
    " \"echo\": {\"type\": \"boolean\"}, \"temperature\": {\"type\": \"number\", \"enum\": [0]},"
    " \"stop\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": \"string\"}}]},"
    " \"return_tokens_as_token_ids\": {\"type\": \"boolean\"}}}}";

static json_t *all_schemas(void) {
    json_t         *all = json_loads(answers, 0, NULL);
    const endpoint *at;
    for (int i = 0; (at = endpoint_at(i)); i++)
        if (at->request && command_served(at->request))
            json_object_set_new(all, at->request, schema_of_command(at->request));
    return all;
}

/* ---- one endpoint ---- */

static json_t *answer_content(const endpoint *at) {
    json_t *content = json_object();
    if (!strcmp(at->response, "report")) json_object_set_new(content, "*/*", json_object());
    else if (strchr(at->response, '/')) json_object_set_new(content, at->response, json_object());
    else json_object_set_new(content, "application/json", json_pack("{s:o}", "schema", schema_named(at->response)));
    return content;
}

static json_t *failure(void) {
    return json_pack("{s:s, s:{s:{s:o}}}", "description", "what was wrong, and what to do", "content",
                     "application/json", "schema", schema_named("error"));
}

static json_t *all_answers(const endpoint *at) {
    char status[8];
    snprintf(status, sizeof status, "%u", at->success);
    json_t *all = json_pack("{s:{s:s, s:o}}", status, "description", at->summary, "content", answer_content(at));
    if (command_served(at->name))
        json_object_set_new(all, "202",
                            json_pack("{s:s, s:{s:{s:o}}}", "description", "it waits or runs", "content",
                                      "application/json", "schema", schema_named("status")));
    json_object_set_new(all, "default", failure());
    return all;
}

static json_t *parameter(const char *name, const char *in, const char *help, json_t *schema) {
    return json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "in", in, "required", !strcmp(in, "path"),
                     "description", help, "schema", schema);
}

static json_t *all_parameters(const endpoint *at) {
    json_t *all = json_array();
    if (strstr(at->path, "{id}"))
        json_array_append_new(all, parameter("id", "path", "of the run", json_pack("{s:s}", "type", "string")));
    if (!strcmp(at->name, "report")) {
        json_t *formats = json_pack("{s:s, s:o}", "type", "string", "enum", schema_names("formats"));
        json_array_append_new(all, parameter("format", "query", "of the report (html)", formats));
        json_array_append_new(
            all, parameter("download", "query", "as a file with a name", json_pack("{s:s}", "type", "boolean")));
    }
    if (command_served(at->name))
        json_array_append_new(all, parameter("wait", "query", "for the result (true); otherwise 202 and an id, at once",
                                             json_pack("{s:s}", "type", "boolean")));
    return all;
}

static json_t *operation(const endpoint *at) {
    json_t *made = json_pack("{s:s, s:s, s:o, s:o}", "operationId", at->name, "summary", at->summary, "parameters",
                             all_parameters(at), "responses", all_answers(at));
    if (at->request)
        json_object_set_new(made, "requestBody",
                            json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema",
                                      schema_named(at->request)));
    if (at->open) json_object_set_new(made, "security", json_array());
    return made;
}

/* ---- the document ---- */

static void put_operation(json_t *paths, const endpoint *at) {
    char    method[8] = "";
    json_t *path = json_object_get(paths, at->path);
    if (!path) {
        path = json_object();
        json_object_set_new(paths, at->path, path);
    }
    for (size_t i = 0; at->method[i] && i + 1 < sizeof method; i++) method[i] = (char)(at->method[i] | 0x20);
    json_object_set_new(path, method, operation(at));
}

char *openapi_json(void) {
    json_t         *paths = json_object();
    const endpoint *at;
    for (int i = 0; (at = endpoint_at(i)); i++)
        if (at->summary) put_operation(paths, at);
    json_t *bearer = json_pack("{s:s, s:s}", "type", "http", "scheme", "bearer");
    json_t *all =
        json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o, s:{s:o}}, s:[{}, {s:[]}]}", "openapi", "3.1.0", "info",
                  "title", "jopa serve", "version", jopa_version(), "description",
                  "Which parts of a prompt jointly cause a language model's response", "paths", paths, "components",
                  "schemas", all_schemas(), "securitySchemes", "token", bearer, "security", "token");
    return json_text(all, 0);
}
