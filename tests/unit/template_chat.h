/* Chats rendered by a template without a model, for tests. */
#ifndef TEMPLATE_CHAT_H
#define TEMPLATE_CHAT_H

#include <jansson.h>

#include "fake_source.h"

/* A template and the tokenizer of fake_source.h: what jp_prompt_build takes. */
typedef struct template_chat template_chat;

/* `args`: variables as JSON, or NULL. A template that cannot be opened fails the test. */
template_chat          *template_chat_open(const char *source, const char *args);
void                    template_chat_close(template_chat *t);
const jp_prompt_source *template_chat_source(const template_chat *t);
const fake             *template_chat_fake(const template_chat *t);

/* Build the prompt of messages (a JSON array) with units of words of `roles`; `tools`: a JSON array, or NULL. */
int template_chat_build(template_chat *t, const char *messages, const char *tools, const char *roles, jp_prompt *p,
                        jopa_error *e);

#endif
