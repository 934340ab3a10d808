/* A chat as a template gets it, and the texts in it that people, tools and the model wrote. */
#ifndef JP_CHAT_H
#define JP_CHAT_H

#include "prompt/build.h"

typedef enum {
    JP_TEXT_CONTENT,
    JP_TEXT_THINKING, /* reasoning_content */
    JP_TEXT_CALL,     /* the function's name, or a string among the arguments of a tool call */
    JP_TEXT_TOOL      /* the description of a tool */
} jp_text_kind;

typedef struct {
    json_t      *node;    /* the string, within messages or tools */
    char        *role;    /* owned: whose text it is, as `roles` names it: "user", "tool:search", "thinking", "tools" */
    int          message; /* -1: of the tools */
    jp_text_kind kind;
} jp_chat_text;

typedef struct {
    json_t       *messages, *tools; /* owned; tools may be NULL */
    jp_chat_text *texts;            /* owned */
    int           n_texts;
    bool          begun; /* it ends with an assistant's message, which the response continues */
} jp_chat;

/* `style`: how the template takes messages, JP_STYLE_... JOPA_ERROR_INPUT, naming the message, when it cannot be one.
 * On success the caller frees *out with jp_chat_free. */
int  jp_chat_build(jp_chat *out, const jp_prompt_options *options, unsigned style, jopa_error *e);
void jp_chat_free(jp_chat *c); /* safe on a zeroed struct */

#endif
