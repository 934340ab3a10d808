/* /v1/completions as OpenAI has it, and the tokens: docs/serve.md. */
#ifndef SERVE_COMPLETIONS_H
#define SERVE_COMPLETIONS_H

#include "hub.h"

/* run_function */
int completions_run(work *w, run *r, char **json, jopa_error *e);

#endif
