/* What a completion is asked for: docs/serve.md. */
#ifndef SERVE_COMPLETION_REQUEST_H
#define SERVE_COMPLETION_REQUEST_H

#include "sequence.h"

enum { MOST_TOP = 20, MOST_PROMPTS = 1024, MOST_WRITTEN = 1 << 20 };

/* Whether a body asks what can be answered: JOPA_OK, or what is wrong with it. `body`: a json_t. */
int completions_check(const void *body, jopa_error *e);

/* ---- of a body that was checked ---- */
int           completion_prompts(const json_t *prompt); /* how many there are; 0: that is none */
const json_t *completion_prompt(const json_t *prompt, int index);
json_t       *completion_stops(const json_t *body); /* owned by the caller */
manner        completion_manner(const json_t *body);

#endif
