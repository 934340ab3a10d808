#include "request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

enum { MOST_TEXTS = 4096 }; /* of one option */

typedef struct {
    jopa_options *o;
    size_t        left; /* bytes of texts */
    jopa_error   *e;
} reading;

/* ---- which options ---- */

/* Options of the model are those that `jopa list` has. */
static bool is_of_model(const char *name) {
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at("list", i)); i++)
        if (!strcmp(o->name, name)) return true;
    return false;
}

bool request_takes(const jopa_option_info *option) { return !option->command_only && !is_of_model(option->name); }

bool request_takes_json(const jopa_option_info *option) {
    return !strcmp(option->name, "tools") || !strcmp(option->name, "template_args");
}

bool request_takes_documents(const jopa_option_info *option) { return !strcmp(option->name, "documents"); }

static const jopa_option_info *find_info(const char *command, const char *name) {
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at(command, i)); i++)
        if (!strcmp(o->name, name)) return o;
    return NULL;
}

/* ---- values ---- */

static int set_text(reading *r, const char *name, const char *text) {
    size_t size = strlen(text);
    if (size > r->left)
        return fail(r->e, JOPA_ERROR_INPUT, "the texts of the question are too long for this server (`max_prompt`)");
    r->left -= size;
    return jopa_options_set(r->o, name, text, r->e);
}

static int fail_kind(const reading *r, const jopa_option_info *o, const char *wanted) {
    return fail(r->e, JOPA_ERROR_USAGE, "`%s`: %s is needed", o->name, wanted);
}

static int set_number(reading *r, const jopa_option_info *o, const json_t *value) {
    char text[64];
    if (json_is_integer(value)) snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) snprintf(text, sizeof text, "%.17g", json_real_value(value));
    else return fail_kind(r, o, "a number");
    return set_text(r, o->name, text);
}

/* A whole number that JSON has no room for (a seed) comes as a text. */
static int set_integer(reading *r, const jopa_option_info *o, const json_t *value) {
    if (json_is_string(value)) return set_text(r, o->name, json_string_value(value));
    return json_is_integer(value) ? set_number(r, o, value) : fail_kind(r, o, "a whole number");
}

static int set_switch(reading *r, const jopa_option_info *o, const json_t *value) {
    if (!json_is_boolean(value)) return fail_kind(r, o, "true or false");
    return set_text(r, o->name, json_is_true(value) ? "true" : "false");
}

/* Names with commas, or an array of them. */
static int set_list(reading *r, const jopa_option_info *o, const json_t *value) {
    const json_t *part;
    size_t        i, size = 1;
    if (json_is_string(value)) return set_text(r, o->name, json_string_value(value));
    if (!json_is_array(value)) return fail_kind(r, o, "an array of texts");
    json_array_foreach(value, i, part) {
        if (!json_is_string(part)) return fail_kind(r, o, "an array of texts");
        size += json_string_length(part) + 1;
    }
    char *text = malloc(size), *at = text;
    if (!text) return fail_no_memory(r->e);
    *text = '\0';
    json_array_foreach(value, i, part) {
        if (i) *at++ = ',';
        at = stpcpy(at, json_string_value(part));
    }
    int status = set_text(r, o->name, text);
    free(text);
    return status;
}

/* One text, or an array of them. */
static int set_several(reading *r, const jopa_option_info *o, const json_t *value) {
    const json_t *part;
    size_t        i;
    int           status = JOPA_OK;
    if (json_is_string(value)) return set_text(r, o->name, json_string_value(value));
    if (!json_is_array(value) || json_array_size(value) > MOST_TEXTS)
        return fail_kind(r, o, "an array of at most 4096 texts");
    json_array_foreach(value, i, part) {
        if (!json_is_string(part)) return fail_kind(r, o, "an array of texts");
        status = set_text(r, o->name, json_string_value(part));
        if (status) break;
    }
    return status;
}

/* A text; what the option takes as JSON may be JSON, too. */
static int set_any(reading *r, const jopa_option_info *o, const json_t *value) {
    if (json_is_string(value)) return set_text(r, o->name, json_string_value(value));
    if (!request_takes_json(o) || !(json_is_object(value) || json_is_array(value))) return fail_kind(r, o, "a text");
    char *text = json_dumps(value, JSON_COMPACT);
    int   status = text ? set_text(r, o->name, text) : fail_no_memory(r->e);
    free(text);
    return status;
}

/* An array; or a text that is JSON, as a result's options have it. */
static int set_cited(reading *r, const jopa_option_info *o, const json_t *value) {
    const json_t *one;
    size_t        i;
    if (json_is_string(value)) return set_text(r, o->name, json_string_value(value));
    if (!json_is_array(value)) return fail_kind(r, o, "an array of {\"title\", \"text\"}");
    json_t *all = json_array();
    json_array_foreach(value, i, one)
        json_array_append_new(all, json_is_string(one) ? json_pack("{s:O}", "text", one) : json_incref((json_t *)one));
    char *text = json_dumps(all, JSON_COMPACT);
    int   status = text ? set_text(r, o->name, text) : fail_no_memory(r->e);
    json_decref(all);
    free(text);
    return status;
}

static int set_value(reading *r, const jopa_option_info *o, const json_t *value) {
    static const struct {
        const char *type;
        int (*set)(reading *r, const jopa_option_info *o, const json_t *value);
    } kinds[] = {{"integer", set_integer},
                 {"number", set_number},
                 {"switch", set_switch},
                 {"list", set_list},
                 {"texts", set_several}};
    if (json_is_null(value)) return JOPA_OK;
    if (request_takes_documents(o)) return set_cited(r, o, value);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, o->type)) return kinds[i].set(r, o, value);
    return set_any(r, o, value);
}

/* ---- the chat ---- */

static int add_message(reading *r, size_t index, const json_t *message) {
    jopa_error why = {0};
    char      *text = json_dumps(message, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) return fail_no_memory(r->e);
    size_t size = strlen(text);
    int    status = JOPA_ERROR_INPUT;
    if (size > r->left) fail(&why, status, "is too long for this server (`max_prompt`)");
    else status = jopa_options_add_message_json(r->o, text, &why);
    r->left -= size > r->left ? r->left : size;
    free(text);
    return status ? fail(r->e, status, "`messages`: message %zu %s", index + 1, why.message) : JOPA_OK;
}

static int add_messages(reading *r, const json_t *messages) {
    int status = JOPA_OK;
    if (json_is_null(messages)) return JOPA_OK;
    if (!json_is_array(messages) || !json_array_size(messages))
        return fail(r->e, JOPA_ERROR_USAGE, "`messages`: an array of {\"role\", \"content\"} is needed");
    for (size_t i = 0; i < json_array_size(messages) && !status; i++)
        status = add_message(r, i, json_array_get(messages, i));
    return status;
}

/* ---- the whole ---- */

int request_parse(json_t **out, const char *text, size_t size, jopa_error *e) {
    json_error_t why;
    *out = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &why);
    if (*out && json_is_object(*out)) return JOPA_OK;
    if (*out) fail(e, JOPA_ERROR_INPUT, "the body is JSON, but no object");
    else fail(e, JOPA_ERROR_INPUT, "the body is no JSON in UTF-8, at byte %d", why.position);
    json_decref(*out);
    *out = NULL;
    return JOPA_ERROR_INPUT;
}

static int set_option(reading *r, const char *command, const char *name, const json_t *value) {
    const jopa_option_info *o = find_info(command, name);
    if (!strcmp(name, "messages")) return add_messages(r, value);
    if (o && request_takes(o)) return set_value(r, o, value);
    if (o) return fail(r->e, JOPA_ERROR_USAGE, "`%s` is the server's, or the command's: a request cannot set it", name);
    return jopa_options_set(r->o, name, "", r->e); /* which says what is wrong with the name */
}

static bool has_text(const json_t *body, const char *name) {
    const json_t *value = json_object_get(body, name);
    return value && !json_is_null(value);
}

int request_like(const char **out, const json_t *body, jopa_error *e) {
    *out = json_string_value(json_object_get(body, "like"));
    if (*out || !has_text(body, "like")) return JOPA_OK;
    return fail(e, JOPA_ERROR_USAGE, "`like`: the id of a run is needed");
}

static int check_prompt(const json_t *body, bool like, jopa_error *e) {
    bool prompt = has_text(body, "prompt"), chat = has_text(body, "messages");
    if ((!prompt && !chat && !like) || (prompt && chat))
        return fail(e, JOPA_ERROR_USAGE, "either `prompt` or `messages` is needed, or `like`");
    if (chat && has_text(body, "system"))
        return fail(e, JOPA_ERROR_USAGE, "`messages` hold the system's text themselves: leave `system` out");
    return JOPA_OK;
}

/* Null: at its default, whatever the earlier run had. */
static int reset_nulls(jopa_options *o, const char *command, const json_t *body, jopa_error *e) {
    const char *name;
    json_t     *value;
    int         status = JOPA_OK;
    json_object_foreach((json_t *)body, name, value) {
        if (!status && json_is_null(value) && find_info(command, name)) status = jopa_options_set(o, name, NULL, e);
    }
    return status;
}

int request_options(jopa_options **out, const char *command, const json_t *body, const jopa_result *like, size_t most,
                    jopa_error *e) {
    reading     r = {.left = most, .e = e};
    const char *name;
    json_t     *value;
    int         status = check_prompt(body, like, e);
    if (!status) status = jopa_options_new(&r.o, command, e);
    if (status) return status;
    json_object_foreach((json_t *)body, name, value) {
        if (strcmp(name, "like")) status = set_option(&r, command, name, value);
        if (status) break;
    }
    if (!status && like) status = jopa_options_like(r.o, like, 0, e);
    if (!status && like) status = reset_nulls(r.o, command, body, e);
    if (!status) status = jopa_options_check(r.o, e);
    if (status) jopa_options_free(r.o);
    else *out = r.o;
    return status;
}
