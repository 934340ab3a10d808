#include "prompt/chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"

void jp_chat_free(jp_chat *c) {
    for (int i = 0; i < c->n_texts; i++) free(c->texts[i].role);
    free(c->texts);
    json_decref(c->messages);
    json_decref(c->tools);
    *c = (jp_chat){0};
}

static bool is_blank_text(const char *text) { return !text[strspn(text, " \t\r\n")]; }

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static int add_text(jp_chat *c, json_t *node, const char *role, int message, jp_text_kind kind, jopa_error *e) {
    jp_chat_text *texts = realloc(c->texts, ((size_t)c->n_texts + 1) * sizeof *texts);
    if (!texts) return jp_fail_memory(e);
    c->texts = texts;
    texts[c->n_texts] = (jp_chat_text){.node = node, .role = strdup(role), .message = message, .kind = kind};
    if (!texts[c->n_texts].role) return jp_fail_memory(e);
    c->n_texts++;
    return JP_OK;
}

/* Every string among the arguments of a call. */
static int add_arguments(jp_chat *c, json_t *j, int message, jopa_error *e) {
    const char *name;
    json_t     *member;
    size_t      i;
    int         status = json_is_string(j) ? add_text(c, j, "assistant", message, JP_TEXT_CALL, e) : JP_OK;
    json_object_foreach(j, name, member) if (!status) status = add_arguments(c, member, message, e);
    json_array_foreach(j, i, member) if (!status) status = add_arguments(c, member, message, e);
    return status;
}

static int add_calls(jp_chat *c, json_t *message, int index, jopa_error *e) {
    json_t *calls = json_object_get(message, "tool_calls"), *call;
    size_t  i;
    int     status = JP_OK;
    json_array_foreach(calls, i, call) {
        json_t *function = json_object_get(call, "function");
        if (!status) status = add_text(c, json_object_get(function, "name"), "assistant", index, JP_TEXT_CALL, e);
        if (!status) status = add_arguments(c, json_object_get(function, "arguments"), index, e);
    }
    return status;
}

/* What the function is called whose call a tool's message answers; NULL: not told. */
static const char *tool_name(const jp_chat *c, const json_t *message) {
    const char *name = json_string_value(json_object_get(message, "name")),
               *id = json_string_value(json_object_get(message, "tool_call_id"));
    json_t *before, *call;
    size_t  i, j;
    if (name || !id) return name;
    json_array_foreach(c->messages, i, before) json_array_foreach(json_object_get(before, "tool_calls"), j, call) {
        const char *known = json_string_value(json_object_get(call, "id"));
        if (known && !strcmp(known, id))
            name = json_string_value(json_object_get(json_object_get(call, "function"), "name"));
    }
    return name;
}

static int add_content(jp_chat *c, json_t *message, int index, jopa_error *e) {
    const char *role = json_string_value(json_object_get(message, "role")),
               *tool = strcmp(role, "tool") ? NULL : tool_name(c, message);
    json_t   *content = json_object_get(message, "content"), *part;
    jp_buffer label = {0};
    size_t    i;
    jp_buffer_text(&label, role);
    if (tool) jp_buffer_format(&label, ":%s", tool);
    int status = label.failed ? jp_fail_memory(e) : JP_OK;
    if (!status && json_is_string(content)) status = add_text(c, content, label.data, index, JP_TEXT_CONTENT, e);
    json_array_foreach(content, i, part) if (!status) status =
        add_text(c, json_object_get(part, "text"), label.data, index, JP_TEXT_CONTENT, e);
    jp_buffer_free(&label);
    return status;
}

static int add_message_texts(jp_chat *c, json_t *message, int index, jopa_error *e) {
    static const char *const names[] = {"reasoning_content", "reasoning", "thinking"};
    int                      status = JP_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) {
        json_t *thinking = json_object_get(message, names[i]);
        if (json_is_string(thinking)) status = add_text(c, thinking, "thinking", index, JP_TEXT_THINKING, e);
    }
    if (!status) status = add_content(c, message, index, e);
    return status ? status : add_calls(c, message, index, e);
}

/* Every "description" that is a string. */
static int add_descriptions(jp_chat *c, json_t *j, jopa_error *e) {
    const char *name;
    json_t     *member;
    size_t      i;
    int         status = JP_OK;
    json_object_foreach(j, name, member) {
        if (status) break;
        if (json_is_string(member) && !strcmp(name, "description"))
            status = add_text(c, member, "tools", -1, JP_TEXT_TOOL, e);
        else status = add_descriptions(c, member, e);
    }
    json_array_foreach(j, i, member) if (!status) status = add_descriptions(c, member, e);
    return status;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* Arguments as the template takes them: an object, or its JSON text. Text that is no object stays text. */
static int convert_arguments(json_t *message, bool objects, jopa_error *e) {
    json_t *call;
    size_t  i;
    json_array_foreach(json_object_get(message, "tool_calls"), i, call) {
        json_t *function = json_object_get(call, "function"), *given = json_object_get(function, "arguments"),
               *made = NULL;
        if (objects && json_is_string(given)) made = json_loads(json_string_value(given), 0, NULL);
        if (!objects && json_is_object(given)) {
            char *text = json_dumps(given, 0);
            made = text ? json_string(text) : NULL;
            free(text);
            if (!made) return jp_fail_memory(e);
        }
        if (made && (json_is_object(made) || !objects)) {
            if (json_object_set_new(function, "arguments", made)) return jp_fail_memory(e);
        } else json_decref(made);
    }
    return JP_OK;
}

/* Message i with everything that it was given with, the content as text unless it is to stay parts. */
static json_t *make_message(const jp_prompt_options *o, int i, bool parts) {
    const char *whole = o->extras ? o->extras[i] : NULL;
    if (!whole) return json_pack("{s:s, s:s}", "role", o->roles[i], "content", o->contents[i]);
    json_t *message = json_loads(whole, 0, NULL), *content = json_object_get(message, "content");
    bool    none = !content || json_is_null(content);
    if (!message || (json_is_array(content) && parts) || (none && !o->contents[i][0])) return message;
    if (!json_object_set_new(message, "content", json_string(o->contents[i]))) return message;
    json_decref(message);
    return NULL;
}

static bool says_nothing(const json_t *message) {
    static const char *const names[] = {"reasoning_content", "reasoning", "thinking", "content"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *text = json_object_get(message, names[i]);
        if (json_array_size(text) || (json_is_string(text) && !is_blank_text(json_string_value(text)))) return false;
    }
    return true;
}

/* A last message of the assistant's is the begin of the response; a blank one is none at all. */
static int settle_end(jp_chat *c, jopa_error *e) {
    size_t  last = json_array_size(c->messages) - 1;
    json_t *message = json_array_get(c->messages, last);
    if (strcmp(json_string_value(json_object_get(message, "role")), "assistant")) return JP_OK;
    if (json_array_size(json_object_get(message, "tool_calls")))
        return jp_fail(e, JOPA_ERROR_INPUT,
                       "message %zu is a tool call, and the chat ends with it: add the tool's message, or leave it out",
                       last + 1);
    c->begun = !says_nothing(message);
    if (!c->begun) json_array_remove(c->messages, last);
    return JP_OK;
}

static int make_messages(jp_chat *c, const jp_prompt_options *o, unsigned style, jopa_error *e) {
    int status = (c->messages = json_array()) ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < o->n && !status; i++) {
        json_t *message = make_message(o, i, style & JP_STYLE_PARTS && !o->flat);
        if (!message || json_array_append_new(c->messages, message)) return jp_fail_memory(e);
        status = convert_arguments(message, style & JP_STYLE_OBJECTS, e);
    }
    return status ? status : settle_end(c, e);
}

int jp_chat_build(jp_chat *out, const jp_prompt_options *o, unsigned style, jopa_error *e) {
    jp_chat c = {0};
    json_t *message;
    size_t  i;
    int     status = make_messages(&c, o, style, e);
    json_array_foreach(c.messages, i, message) if (!status) status = add_message_texts(&c, message, (int)i, e);
    if (!status && o->tools && !(c.tools = json_loads(o->tools, 0, NULL)))
        status = jp_fail(e, JOPA_ERROR_INPUT, "the tools are no JSON");
    if (!status) status = add_descriptions(&c, c.tools, e);
    if (status) jp_chat_free(&c);
    else *out = c;
    return status;
}
