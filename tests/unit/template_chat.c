#include "template_chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/template/template.h"
#include "question/message.h"

struct template_chat {
    jp_engine        engine; /* with no functions */
    jp_engine_ops    ops;
    jp_template      t;
    fake             f;
    jp_prompt_source source;
};

static int tokens_of_chat(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n,
                          jopa_error *e) {
    template_chat *t = user;
    return t->f.source.tokenize(&t->f, text, size, special, ids, n, e);
}

static int piece_of_chat(void *user, int32_t id, bool special, char *out, int size) {
    template_chat *t = user;
    return t->f.source.piece(&t->f, id, special, out, size);
}

static int render_chat_of(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e) {
    return jp_template_render(&((template_chat *)user)->t, task, out, e);
}

template_chat *template_chat_open(const char *source, const char *args) {
    template_chat *t = calloc(1, sizeof *t);
    jopa_error     e = {0};
    t->engine.ops = &t->ops;
    fake_open(&t->f, FAKE_CHATML);
    if (jp_template_open(&t->t, &t->engine, source, args, false, &e)) fail_msg("%s", e.message);
    t->source = (jp_prompt_source){t, NULL, tokens_of_chat, piece_of_chat, jp_template_style(&t->t), render_chat_of};
    return t;
}

void template_chat_close(template_chat *t) {
    jp_template_close(&t->t);
    fake_close(&t->f);
    free(t);
}

const jp_prompt_source *template_chat_source(const template_chat *t) { return &t->source; }
const fake             *template_chat_fake(const template_chat *t) { return &t->f; }

int template_chat_build(template_chat *t, const char *messages, const char *tools, const char *roles, jp_prompt *p,
                        jopa_error *e) {
    json_t       *array = json_loads(messages, 0, NULL), *message;
    jopa_options *o = NULL;
    size_t        i;
    assert_non_null(array);
    assert_int_equal(jopa_options_new(&o, "explain", e), JOPA_OK);
    int status = JP_OK;
    json_array_foreach(array, i, message) if (!status) status = jp_message_add(o, message, e);
    jp_prompt_options options = {.roles = (const char *const *)o->roles,
                                 .contents = (const char *const *)o->contents,
                                 .extras = (const char *const *)o->extras,
                                 .n = o->n_messages,
                                 .tools = tools,
                                 .unit = "word",
                                 .mask_roles = roles,
                                 .later = true};
    if (!status) status = jp_prompt_build(p, &t->source, &options, e);
    jopa_options_free(o);
    json_decref(array);
    return status;
}
