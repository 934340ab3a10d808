/* Lines NAME=VALUE as options of the command that the first line names: each is taken or refused in one line, what is
 * taken is given back, and the whole is a question or is not. */
#include "fuzz.h"

#include <jopa.h>

#include "question/question.h"

static void set_one(jopa_options *o, char *line) {
    char      *value = strchr(line, '=');
    jopa_error e = {0};
    if (value) *value++ = '\0';
    if (jopa_options_set(o, line, value, &e)) {
        CHECK(*e.message && !strchr(e.message, '\n'));
        return;
    }
    if (value) CHECK(jopa_options_given(o, line) && !strcmp(jopa_options_get(o, line), value));
}

static void resolve(const jopa_options *o) {
    jp_question q;
    jopa_error  e = {0};
    if (jp_question_init(&q, o, &e)) CHECK(*e.message && !strchr(e.message, '\n'));
    else
        for (int i = 0; i < q.n_targets; i++)
            CHECK(q.targets[i].start <= q.targets[i].end && *q.targets[i].given && q.targets[i].number >= 0);
    jp_question_free(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char         *text = fuzz_text(data, size), *at = text;
    jopa_options *o = NULL, *copy = NULL;
    jopa_error    e = {0};
    if (!jopa_options_new(&o, fuzz_line(&at), &e)) {
        for (int i = 0; *at && i < 64; i++) set_one(o, fuzz_line(&at));
        resolve(o);
        CHECK(!jopa_options_copy(&copy, o, &e));
        resolve(copy);
    }
    jopa_options_free(copy);
    jopa_options_free(o);
    free(text);
    return 0;
}
