#include "messages.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "file.h"
#include "json-problem.h"
#include "say.h"

int messages_add(const void *json, const char *where, jopa_options *o) {
    const json_t *array = json;
    jopa_error    e = {0};
    if (!json_is_array(array) || json_array_size(array) == 0)
        return say(EXIT_FAILED, "%s is not a chat: a JSON array of {\"role\", \"content\"} is needed", where);
    for (size_t i = 0; i < json_array_size(array); i++) {
        char *item = json_dumps(json_array_get(array, i), JSON_COMPACT | JSON_ENCODE_ANY);
        int   status = item ? jopa_options_add_message_json(o, item, &e) : JOPA_ERROR_MEMORY;
        free(item);
        if (status == JOPA_ERROR_INPUT) return say(EXIT_FAILED, "%s: message %zu %s", where, i + 1, e.message);
        if (status) return item ? say_error(&e) : say(EXIT_FAILED, "out of memory");
    }
    return -1;
}

int messages_read(const char *path, jopa_options *o) {
    size_t size;
    char   where[256], *text = file_read(path, &size);
    if (!text) return EXIT_FAILED;
    json_error_t why;
    json_t      *json = json_loadb(text, size, 0, &why);
    free(text);
    if (!json) return say(EXIT_FAILED, "'%s' is not JSON: %s (line %d)", path, json_problem(&why), why.line);
    snprintf(where, sizeof where, "'%s'", path);
    int code = messages_add(json, where, o);
    json_decref(json);
    return code;
}
