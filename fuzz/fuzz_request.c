/* Bodies of requests to the server: options that are made of them have gone through the library's own checks. */
#include "fuzz.h"

#include <jansson.h>

#include "completion-request.h"
#include "request.h"

enum { MOST = 5000 };

static void try_command(const char *command, const json_t *body) {
    jopa_options *o = NULL;
    jopa_error    e = {0};
    const char   *like;
    int           status = request_options(&o, command, body, NULL, MOST, &e);
    CHECK(!status == (o != NULL));
    if (status) CHECK(*e.message && !strchr(e.message, '\n'));
    else CHECK(!jopa_options_check(o, &e));
    const char *prompt = o ? jopa_options_get(o, "prompt") : NULL;
    CHECK(!prompt || strlen(prompt) <= MOST);
    CHECK(!o || !jopa_options_given(o, "model"));
    jopa_options_free(o);
    if (!request_like(&like, body, &e)) CHECK(!like || json_object_get(body, "like"));
}

static void try_completion(const json_t *body) {
    jopa_error e = {0};
    if (completions_check(body, &e)) {
        CHECK(*e.message);
        return;
    }
    const json_t *prompt = json_object_get(body, "prompt");
    int           n = completion_prompts(prompt);
    manner        how = completion_manner(body);
    json_t       *stops = completion_stops(body);
    CHECK(n > 0 && json_is_array(stops) && how.max_tokens >= 0 && how.top >= -1 && how.top <= MOST_TOP);
    for (int i = 0; i < n; i++) CHECK(completion_prompt(prompt, i));
    json_decref(stops);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const commands[] = {"explain", "compare", "score", "audit", "compress"};
    json_t                  *body = NULL;
    jopa_error               e = {0};
    if (request_parse(&body, (const char *)data, size, &e)) {
        CHECK(!body && *e.message);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) try_command(commands[i], body);
    try_completion(body);
    json_decref(body);
    return 0;
}
