/* A chat of up to three messages through a template, by the interpreter that renders templates of models: what comes
 * out is a prompt whose spans lie in the messages that they name, and whose tokens tile it, or one line that says why
 * not. Up to the first byte 1 the template; then messages, each up to the next byte 1. */
#include "fuzz.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "template_chat.h"

enum { MESSAGES = 3 };

static const char *const role_of[MESSAGES] = {"user", "assistant", "user"};

/* The text before the next byte 1, cut off in place; *at moves behind it, or to NULL. */
static char *next_part(char **at) {
    char *part = *at, *end = strchr(part, 1);
    if (end) *end = '\0';
    *at = end ? end + 1 : NULL;
    return part;
}

/* malloc'd; NULL where a text is no UTF-8. */
static char *messages_of(char *rest, char *texts[MESSAGES], int *n) {
    json_t *chat = json_array();
    char   *json = NULL;
    bool    fine = true;
    for (*n = 0; rest && *n < MESSAGES && fine; ++*n) {
        texts[*n] = next_part(&rest);
        json_t *message = json_pack("{s:s, s:s}", "role", role_of[*n], "content", texts[*n]);
        fine = message && !json_array_append_new(chat, message);
    }
    if (fine && *n) json = json_dumps(chat, 0);
    json_decref(chat);
    return json;
}

static void check_spans(const jp_prompt *p, char *const texts[MESSAGES], int n) {
    for (int s = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        CHECK(span->message >= 0 && span->message < n);
        CHECK(span->start <= span->end && span->end <= p->size);
        for (size_t at = span->start; at < span->end; at++)
            CHECK(jp_span_source(span, at) < strlen(texts[span->message]));
    }
    assert_prompt(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char      *all = fuzz_text(data, size), *rest = all, *source = next_part(&rest), *texts[MESSAGES];
    int        n;
    jp_prompt  p = {0};
    jopa_error e = {0};
    char      *chat = strchr(source, '{') ? messages_of(rest, texts, &n) : NULL;
    if (chat) {
        template_chat *t = template_chat_open(source, NULL);
        if (template_chat_build(t, chat, NULL, "all", &p, &e)) CHECK(*e.message && !strchr(e.message, '\n'));
        else check_spans(&p, texts, n);
        jp_prompt_free(&p);
        template_chat_close(t);
    }
    free(chat);
    free(all);
    return 0;
}
