/* Sessions of the questions that were asked last, on the model's thread: what is known of a prompt and response answers
 * further questions about them at once. */
#ifndef SERVE_SESSIONS_H
#define SERVE_SESSIONS_H

#include <jopa.h>

typedef struct session_cache session_cache;

/* A session that is about what `o` asks, open as long as no other is asked for; *cache begins as NULL. */
int sessions_find(jopa_session **out, session_cache **cache, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Whether what it knows takes more memory than a run may take. */
bool session_is_full(const jopa_session *s);
void sessions_free(session_cache *cache);

#endif
