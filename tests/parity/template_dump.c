/* template_dump MODEL: reads a JSON object a line, {"template": JINJA, "messages": [...], "tools": [...] or null,
 * "args": {...}}; prints for each {"text": what the template makes of it, "ids": its tokens} or {"error": why not}.
 * Where the prompt is refused because something of a message is lost: the text and {"refused": why}. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/table.h"
#include "engine/template/template.h"
#include "prompt/chat.h"
#include "prompt/place.h"

typedef struct {
    jp_engine   *engine;
    jp_template *t;
} user_of;

static int tokens_of(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    jp_engine *engine = ((user_of *)user)->engine;
    return engine->ops->tokenize(engine, text, size, special, ids, n, e);
}

static int piece_of(void *user, int32_t id, bool special, char *out, int size) {
    jp_engine *engine = ((user_of *)user)->engine;
    return engine->ops->piece(engine, id, special, out, size);
}

static int rendered_by(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e) {
    return jp_template_render(((user_of *)user)->t, task, out, e);
}

/* The text as the template makes it, whatever is lost. */
static int render(json_t *answer, user_of *user, const jp_prompt_options *o, jopa_error *e) {
    jp_chat        chat = {0};
    jp_rendered    r = {0};
    const json_t  *texts[1] = {0};
    int            status = jp_chat_build(&chat, o, jp_template_style(user->t), e);
    jp_render_task task = {chat.messages, chat.tools, texts, 0, chat.begun};
    if (!status) status = jp_template_render(user->t, &task, &r, e);
    if (!status) json_object_set_new(answer, "text", json_string(r.text));
    jp_rendered_free(&r);
    jp_chat_free(&chat);
    return status;
}

static void build(json_t *answer, user_of *user, const jp_prompt_options *o) {
    jopa_error       e = {0};
    jp_prompt        p = {0};
    jp_prompt_source source = {user, NULL, tokens_of, piece_of, jp_template_style(user->t), rendered_by};
    if (jp_prompt_build(&p, &source, o, &e)) {
        json_object_set_new(answer, "refused", json_string(e.message));
        return;
    }
    json_t *ids = json_array();
    for (int i = 0; i < p.n_tokens; i++) json_array_append_new(ids, json_integer(p.tokens[i].id));
    json_object_set_new(answer, "ids", ids);
    jp_prompt_free(&p);
}

enum { MOST = 32 };

static void answer_line(jp_engine *engine, const json_t *asked) {
    const char       *roles[MOST], *contents[MOST], *extras[MOST];
    json_t           *answer = json_object(), *message, *tools = json_object_get(asked, "tools");
    char             *args = json_dumps(json_object_get(asked, "args"), 0);
    char             *tools_text = json_is_array(tools) ? json_dumps(tools, 0) : NULL;
    jp_prompt_options o = {.roles = roles, .contents = contents, .extras = extras, .tools = tools_text};
    jp_template       t = {0};
    jopa_error        e = {0};
    size_t            i;
    o.mask_roles = "all";
    o.later = true;
    json_array_foreach(json_object_get(asked, "messages"), i, message) {
        const char *content = json_string_value(json_object_get(message, "content"));
        roles[i] = json_string_value(json_object_get(message, "role"));
        contents[i] = content ? content : "";
        extras[i] = json_dumps(message, 0);
        o.n++;
    }
    user_of user = {engine, &t};
    int status = jp_template_open(&t, engine, json_string_value(json_object_get(asked, "template")), args, false, &e);
    if (!status) status = render(answer, &user, &o, &e);
    if (!status) build(answer, &user, &o);
    else json_object_set_new(answer, "error", json_string(e.message));
    char *text = json_dumps(answer, 0);
    puts(text);
    fflush(stdout);
    for (int k = 0; k < o.n; k++) free((char *)extras[k]);
    jp_template_close(&t);
    free(args);
    free(tools_text);
    free(text);
    json_decref(answer);
}

int main(int argc, char **argv) {
    jp_engine_options o = {.file = argc == 2 ? argv[1] : NULL};
    jp_engine        *engine = NULL;
    jopa_error        e = {0};
    char             *line = NULL;
    size_t            capacity = 0;
    if (!o.file) return fprintf(stderr, "usage: template_dump MODEL\n"), 2;
    if (jp_engine_open(&engine, "local", &o, &e)) return fprintf(stderr, "%s\n", e.message), 1;
    while (getline(&line, &capacity, stdin) > 0) {
        json_t *asked = json_loads(line, 0, NULL);
        if (asked) answer_line(engine, asked);
        json_decref(asked);
    }
    free(line);
    engine->ops->destroy(engine);
    return 0;
}
