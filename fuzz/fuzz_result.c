/* A result's JSON: what is read and written again is equal, and every report of it can be made. */
#include "fuzz.h"

#include "base/unseen.h"
#include "base/utf8.h"
#include "result/result.h"

static char *rendered(const jopa_result *r, const char *format) {
    jopa_error e = {0};
    size_t     size = 0;
    char      *text = jopa_result_render(r, format, NULL, &size, &e);
    CHECK(text || *e.message);
    if (text) CHECK(strlen(text) == size && jp_utf8_valid(text, size) == size);
    return text;
}

/* Nothing that a reader would not see, or that steers a terminal. */
static void check_seen(const char *text) {
    char   mark[JP_UNSEEN_SIZE];
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at++) CHECK(!jp_unseen(text, size, at, mark));
}

static void check_again(const jopa_result *r, const char *json) {
    jopa_result *again = NULL;
    jopa_error   e = {0};
    (void)r;
    CHECK(!jopa_result_parse(&again, json, strlen(json), &e));
    char *twice = rendered(again, "json");
    CHECK(twice && !strcmp(twice, json));
    free(twice);
    jopa_result_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const people[] = {"text", "html", "svg", "markdown"};
    jopa_result             *r = NULL;
    jopa_error               e = {0};
    if (jopa_result_parse(&r, (const char *)data, size, &e)) {
        CHECK(*e.message && !strchr(e.message, '\n'));
        return 0;
    }
    char *json = rendered(r, "json");
    if (json) check_again(r, json);
    free(json);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        char *text = rendered(r, people[i]);
        if (text) check_seen(text);
        free(text);
    }
    free(rendered(r, "csv"));
    free(rendered(r, "prompt"));
    jopa_result_free(r);
    return 0;
}
