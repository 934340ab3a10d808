/* The chat template of a model, or another one, as what the prompt stage renders chats with. */
#ifndef JP_TEMPLATE_H
#define JP_TEMPLATE_H

#include "engine/engine.h"
#include "prompt/source.h"

typedef struct {
    jp_engine  *engine;
    const char *source; /* NULL: only the engine itself knows, by apply_template */
    char        name[128];
    json_t     *args; /* owned: more variables */
    int64_t     now;  /* seconds since 1970 */
    bool        date_set;
} jp_template;

/* `choice`: the name of one of the model's templates, or the source of another one, which has a '{' in it; NULL: the
 * model's default, or with `tools` the one that it calls "tool_use". A default without the word "messages" is no chat
 * template: the engine's apply_template is taken. `args`: a JSON object of variables, or NULL; "date" is what
 * strftime_now tells. Texts are borrowed. JOPA_ERROR_USAGE: unknown name, bad args. On success the caller closes it. */
int  jp_template_open(jp_template *t, jp_engine *engine, const char *choice, const char *args, bool tools,
                      jopa_error *e);
void jp_template_close(jp_template *t); /* safe on a zeroed struct */

/* What is wrong with `args` by themselves. */
int jp_template_check(const char *args, jopa_error *e);

/* JP_STYLE_...: how it takes a chat, from what its source asks of messages. */
unsigned jp_template_style(const jp_template *t);
/* jp_prompt_source.render, with the template as `user`. */
int jp_template_render(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e);

#endif
