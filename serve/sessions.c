#include "sessions.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

/* Bytes that a session knows: beyond the first it is not kept for other questions, beyond the second its run ends. */
enum { MOST_SESSIONS = 4, MOST_KEPT = 32 << 20, MOST_KNOWN = 512 << 20 };

struct session_cache {
    jopa_session *sessions[MOST_SESSIONS]; /* the last one that was asked first; NULL past the end */
};

static size_t known_bytes(const jopa_session *s) {
    size_t log_probs = (size_t)jopa_session_tokens(s) * sizeof(float), mask = (size_t)jopa_session_units(s) / 8 + 32;
    return (size_t)jopa_session_known(s) * (log_probs + 4 * mask);
}

bool session_is_full(const jopa_session *s) { return known_bytes(s) > MOST_KNOWN; }

/* The one at `index` comes first. */
static jopa_session *to_front(session_cache *c, int index) {
    jopa_session *s = c->sessions[index];
    memmove(c->sessions + 1, c->sessions, (size_t)index * sizeof *c->sessions);
    return c->sessions[0] = s;
}

int sessions_find(jopa_session **out, session_cache **cache, jopa_model *m, const jopa_options *o, jopa_error *e) {
    if (!*cache && !(*cache = calloc(1, sizeof **cache))) return fail_no_memory(e);
    session_cache *c = *cache;
    for (int i = 0; i < MOST_SESSIONS && c->sessions[i]; i++)
        if (jopa_session_is_about(c->sessions[i], o) && known_bytes(c->sessions[i]) < MOST_KEPT) {
            *out = to_front(c, i);
            return JOPA_OK;
        }
    jopa_session *s = NULL;
    int           status = jopa_session_open(&s, m, o, e);
    if (status) return status;
    jopa_session_free(c->sessions[MOST_SESSIONS - 1]);
    c->sessions[MOST_SESSIONS - 1] = s;
    *out = to_front(c, MOST_SESSIONS - 1);
    return JOPA_OK;
}

void sessions_free(session_cache *cache) {
    for (int i = 0; cache && i < MOST_SESSIONS; i++) jopa_session_free(cache->sessions[i]);
    free(cache);
}
