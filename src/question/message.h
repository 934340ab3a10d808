/* One message of a chat as JSON, as OpenAI's interface has them. */
#ifndef JP_MESSAGE_H
#define JP_MESSAGE_H

#include <jansson.h>

#include "question/options.h"

/* Add it to the options' chat. JOPA_ERROR_INPUT: what it lacks. */
int jp_message_add(jopa_options *o, const json_t *message, jopa_error *e);

#endif
