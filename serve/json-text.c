#include "json-text.h"

#include <jansson.h>

char *json_text(json_t *value, int digits) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION((size_t)digits)) : NULL;
    json_decref(value);
    return text;
}
