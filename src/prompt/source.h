/* What the prompt stage needs of a model, as callbacks, so that it does not depend on the engine stage.
 * Their contracts are those of the functions of the same names in engine/engine.h. */
#ifndef JP_SOURCE_H
#define JP_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "prompt/rendered.h"

/* How the model's template takes a chat, bits. */
enum {
    JP_STYLE_RENDERS = 1 << 0, /* `render` applies it; otherwise `apply_template` */
    JP_STYLE_PARTS = 1 << 1,   /* a message's content may be an array of parts */
    JP_STYLE_OBJECTS = 1 << 2, /* arguments of tool calls are objects; otherwise JSON text */
};

/* A chat for `render`; all borrowed. */
typedef struct {
    json_t              *messages, *tools; /* as OpenAI's interface has them; tools may be NULL */
    const json_t *const *texts;            /* [n_texts] strings in them: what jp_text_run.text counts */
    int                  n_texts;
    bool                 begun; /* the last message is the answer's begin: nothing follows it */
} jp_render_task;

typedef struct {
    void *user; /* first argument of each callback */
    /* malloc'd *text, NUL-terminated, the caller frees; ends where the assistant's answer begins. */
    int (*apply_template)(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                          jopa_error *);
    /* malloc'd *ids[*n], the caller frees. `special`: parse special tokens and let the model add its BOS and EOS. */
    int (*tokenize)(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *);
    /* Bytes of a token into out[size], returns the length needed; control tokens yield nothing unless `special`. */
    int (*piece)(void *user, int32_t id, bool special, char *out, int size);
    unsigned style; /* JP_STYLE_... */
    /* On success *out is the caller's: jp_rendered_free. JOPA_ERROR_INPUT: the template refuses the chat. */
    int (*render)(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *);
} jp_prompt_source;

#endif
