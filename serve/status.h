/* What is told of a run, as JSON. */
#ifndef SERVE_STATUS_H
#define SERVE_STATUS_H

#include "hub.h"

/* malloc'd; `limit`: seconds that the run may take. NULL: no memory. */
char *progress_json(const jopa_progress *p, double seconds, double limit);
/* With hub.lock held: id, state, place, progress, and once it ended its error or, `whole`, its result. */
char *status_json(const hub *h, const run *r, bool whole);
/* {"error": {"message", "type", "code"}}, the code being HTTP's. */
char *error_json(const jopa_error *e, unsigned status);
/* The status of HTTP for a jopa_code. */
unsigned    http_status(int code);
const char *state_name(run_state state);

#endif
