/* Waiting for a run; and questions to the model that are no command: they wait in the same queue, and are answered
 * once. */
#ifndef SERVE_CALLS_H
#define SERVE_CALLS_H

#include "exchange.h"

/* The answer of the run that the connection waits for, or sleep. Once a run has ended nothing of it changes. Called
 * again whenever the connection wakes. */
enum MHD_Result call_wait(exchange *x);
/* Parse the body, check it by `check`, and answer what `function` makes of it on the model's thread, where r->body is
 * the body. Called again whenever the connection wakes. */
enum MHD_Result call_model(exchange *x, int (*check)(const void *body, jopa_error *e), run_function function);

#endif
