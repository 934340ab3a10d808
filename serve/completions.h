/* /v1/completions as OpenAI has it, and the tokens: docs/serve.md. */
#ifndef SERVE_COMPLETIONS_H
#define SERVE_COMPLETIONS_H

#include "hub.h"

enum { MOST_TOP = 20, MOST_PROMPTS = 1024, MOST_WRITTEN = 1 << 20 };

/* Whether a body asks what can be answered: JOPA_OK, or what is wrong with it. `body`: a json_t. */
int completions_check(const void *body, jopa_error *e);
/* run_function */
int completions_run(work *w, run *r, char **json, jopa_error *e);

#endif
