#include "completion-request.h"

#include <string.h>

#include "fail.h"

static bool all_are(const json_t *array, bool (*is)(const json_t *)) {
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!is(json_array_get(array, i))) return false;
    return json_array_size(array);
}

static bool is_text_json(const json_t *j) { return json_is_string(j); }
static bool is_id(const json_t *j) { return json_is_integer(j); }
static bool is_ids(const json_t *j) { return json_is_array(j) && all_are(j, is_id); }

int completion_prompts(const json_t *prompt) {
    if (json_is_string(prompt) || is_ids(prompt)) return 1;
    if (!json_is_array(prompt) || json_array_size(prompt) > MOST_PROMPTS) return 0;
    return all_are(prompt, is_text_json) || all_are(prompt, is_ids) ? (int)json_array_size(prompt) : 0;
}

const json_t *completion_prompt(const json_t *prompt, int index) {
    return json_is_string(prompt) || is_ids(prompt) ? prompt : json_array_get(prompt, (size_t)index);
}

/* A whole number between the bounds, `fallback` where it is missing or null; -2: it is neither. */
static int whole_member(const json_t *body, const char *name, int least, int most, int fallback) {
    const json_t *value = json_object_get(body, name);
    if (!value || json_is_null(value)) return fallback;
    json_int_t n = json_integer_value(value);
    return json_is_integer(value) && n >= least && n <= most ? (int)n : -2;
}

/* Whether it is missing, null, false, or `is` to it. */
static bool is_usual(const json_t *body, const char *name, double is) {
    const json_t *value = json_object_get(body, name);
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_number(value) && json_number_value(value) == is);
}

static bool stops_are_texts(const json_t *body) {
    const json_t *stop = json_object_get(body, "stop");
    return !stop || json_is_null(stop) || json_is_string(stop) || (json_is_array(stop) && !json_array_size(stop)) ||
           (json_is_array(stop) && all_are(stop, is_text_json));
}

int completions_check(const void *body, jopa_error *e) {
    if (!completion_prompts(json_object_get(body, "prompt")))
        return fail(e, JOPA_ERROR_USAGE, "`prompt`: a text, ids, or an array of at most %d of either is needed",
                    MOST_PROMPTS);
    if (whole_member(body, "max_tokens", 0, MOST_WRITTEN, 16) == -2)
        return fail(e, JOPA_ERROR_USAGE, "`max_tokens`: a whole number from 0 to %d", MOST_WRITTEN);
    if (whole_member(body, "logprobs", 0, MOST_TOP, -1) == -2)
        return fail(e, JOPA_ERROR_USAGE, "`logprobs`: a whole number from 0 to %d", MOST_TOP);
    if (!is_usual(body, "temperature", 0))
        return fail(e, JOPA_ERROR_UNSUPPORTED, "`temperature`: the most likely token is written, which is 0");
    if (!is_usual(body, "n", 1) || !is_usual(body, "best_of", 1))
        return fail(e, JOPA_ERROR_UNSUPPORTED, "`n`: there is one completion of a prompt");
    if (!is_usual(body, "stream", 0)) return fail(e, JOPA_ERROR_UNSUPPORTED, "`stream`: answers come whole");
    if (!stops_are_texts(body)) return fail(e, JOPA_ERROR_USAGE, "`stop`: a text, or an array of texts");
    return JOPA_OK;
}

json_t *completion_stops(const json_t *body) {
    json_t *stop = json_object_get(body, "stop");
    if (json_is_string(stop)) return json_pack("[O]", stop);
    return json_is_array(stop) ? json_incref(stop) : json_array();
}

manner completion_manner(const json_t *body) {
    return (manner){.max_tokens = whole_member(body, "max_tokens", 0, MOST_WRITTEN, 16),
                    .top = whole_member(body, "logprobs", 0, MOST_TOP, -1),
                    .echo = json_is_true(json_object_get(body, "echo")),
                    .ids = json_is_true(json_object_get(body, "return_tokens_as_token_ids"))};
}
