#include "messages.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "file.h"
#include "say.h"

void messages_free(jopa_message *messages, void *json) {
    free(messages);
    json_decref(json);
}

static int fill_messages(jopa_message *out, const json_t *array, const char *where) {
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        out[i].role = json_string_value(json_object_get(item, "role"));
        out[i].content = json_string_value(json_object_get(item, "content"));
        if (!out[i].role || !out[i].content)
            return say(EXIT_FAILED, "%s: message %zu needs \"role\" and \"content\", both strings", where, i + 1);
    }
    return -1;
}

int messages_from(const void *json, const char *where, jopa_message **out, int *n) {
    const json_t *array = json;
    if (!json_is_array(array) || json_array_size(array) == 0)
        return say(EXIT_FAILED, "%s is not a chat: a JSON array of {\"role\", \"content\"} is needed", where);
    *n = (int)json_array_size(array);
    *out = calloc((size_t)*n, sizeof **out);
    return *out ? fill_messages(*out, array, where) : say(EXIT_FAILED, "out of memory");
}

int messages_read(const char *path, jopa_message **out, int *n, void **json) {
    size_t size;
    char   where[256], *text = file_read(path, &size);
    if (!text) return EXIT_FAILED;
    json_error_t why;
    *json = json_loadb(text, size, 0, &why);
    free(text);
    if (!*json) return say(EXIT_FAILED, "'%s' is not JSON: %s (line %d)", path, why.text, why.line);
    snprintf(where, sizeof where, "'%s'", path);
    return messages_from(*json, where, out, n);
}
