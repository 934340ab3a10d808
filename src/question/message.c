#include "question/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"

static int wrong_message(jopa_error *e, const char *what) { return jp_fail(e, JOPA_ERROR_INPUT, "needs %s", what); }

/* The text of its parts, one below the other. */
static int join_parts(jp_buffer *out, const json_t *parts, jopa_error *e) {
    const json_t *part;
    size_t        i;
    json_array_foreach(parts, i, part) {
        const char *kind = json_string_value(json_object_get(part, "type")),
                   *text = json_string_value(json_object_get(part, "text"));
        if (kind && strcmp(kind, "text"))
            return jp_fail(e, JOPA_ERROR_INPUT, "has a part of type %s: only text is explained",
                           jp_excerpt(kind, 40).text);
        if (!text) return wrong_message(e, "a \"text\" in each part of its \"content\"");
        jp_buffer_format(out, "%s%s", i ? "\n" : "", text);
    }
    return JP_OK;
}

static int check_calls(const json_t *calls, jopa_error *e) {
    const json_t *call;
    size_t        i;
    if (calls && !json_is_null(calls) && !json_is_array(calls)) return wrong_message(e, "\"tool_calls\" as an array");
    json_array_foreach(calls, i, call) {
        const json_t *function = json_object_get(call, "function"), *arguments = json_object_get(function, "arguments");
        if (!json_is_string(json_object_get(function, "name")) ||
            !(json_is_string(arguments) || json_is_object(arguments)))
            return wrong_message(e, "a \"function\" with \"name\" and \"arguments\" in each of its \"tool_calls\"");
    }
    return JP_OK;
}

static int check_members(const json_t *message, jopa_error *e) {
    static const char *const texts[] = {"name", "tool_call_id", "reasoning_content", "reasoning", "thinking"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const json_t *text = json_object_get(message, texts[i]);
        if (text && !json_is_null(text) && !json_is_string(text))
            return jp_fail(e, JOPA_ERROR_INPUT, "needs a text as \"%s\"", texts[i]);
    }
    return check_calls(json_object_get(message, "tool_calls"), e);
}

static bool has_more(const json_t *message) {
    return json_object_size(message) > 2 || !json_is_string(json_object_get(message, "content"));
}

/* Content may be missing where something else says what the message is. */
static bool may_lack_content(const json_t *message) {
    return json_array_size(json_object_get(message, "tool_calls")) ||
           json_is_string(json_object_get(message, "reasoning_content"));
}

int jp_message_add(jopa_options *o, const json_t *message, jopa_error *e) {
    const char   *role = json_string_value(json_object_get(message, "role"));
    const json_t *content = json_object_get(message, "content");
    jp_buffer     text = {0};
    bool          none = !content || json_is_null(content);
    if (!role || (none && !may_lack_content(message)) || (!none && !json_is_string(content) && !json_is_array(content)))
        return wrong_message(e, "\"role\" and \"content\", both strings");
    int status = check_members(message, e);
    if (!status && json_is_array(content)) status = join_parts(&text, content, e);
    if (!status && json_is_string(content)) jp_buffer_text(&text, json_string_value(content));
    char *whole = has_more(message) ? json_dumps(message, JSON_COMPACT) : NULL;
    if (!status && (text.failed || (has_more(message) && !whole))) status = jp_fail_memory(e);
    if (!status) status = jp_options_add(o, role, text.data ? text.data : "", whole, e);
    free(whole);
    jp_buffer_free(&text);
    return status;
}

int jopa_options_add_message_json(jopa_options *o, const char *json, jopa_error *e) {
    json_error_t why;
    json_t      *message = json_loads(json, JSON_DECODE_ANY, &why);
    int status = message ? jp_message_add(o, message, e) : jp_fail(e, JOPA_ERROR_INPUT, "is not JSON: %s", why.text);
    json_decref(message);
    return status;
}
