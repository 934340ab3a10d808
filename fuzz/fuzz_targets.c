/* Targets, a line each up to an empty one, in the response that follows: each is refused in one line, or is a part of
 * the response that is what was asked for. */
#include "fuzz.h"

#include <jopa.h>

#include "base/utf8.h"
#include "explain/target.h"

static void check_refusal(const jopa_error *e) {
    size_t size = strlen(e->message);
    CHECK(size && !strchr(e->message, '\n') && jp_utf8_valid(e->message, size) == size);
}

static void check_text(const jp_target_wish *wish, const jp_target *t, const char *response) {
    size_t size = t->bytes.end - t->bytes.start;
    CHECK(size == wish->size || size == strlen(wish->text));
    CHECK(!memcmp(response + t->bytes.start, wish->text, size));
}

static void check_targets(const jp_target_wish *wish, const char *response, size_t from) {
    jp_question q = {.targets = (jp_target_wish *)(uintptr_t)wish, .n_targets = 1};
    jp_target  *found = NULL;
    jopa_error  e = {0};
    int         n = 0;
    if (jp_targets_find(&found, &n, &q, response, from, &e)) {
        check_refusal(&e);
        return;
    }
    CHECK(n == 1 || (n > 1 && wish->kind == JP_TARGET_SENTENCES));
    for (int i = 0; i < n; i++) {
        const jp_target *t = &found[i];
        CHECK(t->name && *t->name);
        if (wish->kind == JP_TARGET_BYTES) CHECK(t->bytes.start == wish->start && t->bytes.end == wish->end);
        else CHECK(from <= t->bytes.start && t->bytes.start <= t->bytes.end && t->bytes.end <= strlen(response));
        if (wish->kind == JP_TARGET_TEXT) check_text(wish, t, response);
        CHECK(!i || found[i - 1].bytes.end <= t->bytes.start);
    }
    jp_targets_free(found, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size), *at = text, *wishes[16];
    int   n = 0;
    if (jp_utf8_valid(text, strlen(text)) < strlen(text)) return free(text), -1; /* refused before */
    while (*at && *at != '\n' && n < 16) wishes[n++] = fuzz_line(&at);
    if (*at == '\n') at++;
    for (int i = 0; i < n; i++) {
        jp_target_wish wish;
        jopa_error     e = {0};
        if (jp_target_wish_parse(&wish, wishes[i], &e)) {
            check_refusal(&e);
            continue;
        }
        CHECK(wish.number >= 0 && (wish.kind != JP_TARGET_BYTES || wish.start < wish.end));
        size_t middle = strlen(at) / 2;
        while (!jp_utf8_is_boundary(at, strlen(at), middle)) middle--;
        check_targets(&wish, at, 0);
        check_targets(&wish, at, middle);
    }
    free(text);
    return 0;
}
