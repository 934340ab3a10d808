/* A question on an open model: the prompt cut into units, the response, and every set that was scored. Sets are scored
 * on demand, and other questions about the same prompt and response are answered from what is known. */
#ifndef JP_SESSION_H
#define JP_SESSION_H

#include "explain/explain.h"
#include "score/store.h"

struct jopa_session {
    jopa_model        *model; /* borrowed */
    jopa_options      *options;
    jp_question        question;
    jp_watch           watch;
    jp_explain_problem problem; /* whose target is all of the response */
    jp_store          *store;
    jp_scorer         *scorer; /* for sets that the caller names */
};

/* On success *out is owned by the caller: jp_session_close. `o` is copied. */
int  jp_session_open(jopa_session **out, jopa_model *m, const jopa_options *o, jopa_error *e);
void jp_session_close(jopa_session *s);

/* log_probs[n * response tokens] of the response with each mask hidden; known sets are not scored again. */
int jp_session_log_probs(jopa_session *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e);
/* What a question about the session scores against: others[n * jp_problem_others] of each mask, and (or NULL) the drops
 * of the whole score. They are known from then on, as the response's log-probabilities are. Without another answer
 * nothing happens. */
int jp_session_others(jopa_session *s, const jp_explain_problem *asked, const jp_bitset *masks, int n, float *others,
                      double *drops, jopa_error *e);
/* Answer `o`, options of "explain" or "compare" that are about the session's prompt and response. */
int jp_session_explain(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);
/* Whether `o`, with its defaults, settles the same. */
bool jp_session_is_about(const jopa_session *s, const jopa_options *o);
/* `o` with all that the session has settled, owned by the caller. JOPA_ERROR_USAGE where `o` says something else. */
int jp_session_options(const jopa_session *s, const jopa_options *o, jopa_options **out, jopa_error *e);

#endif
