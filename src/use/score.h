/* The drop of sets that the caller names. */
#ifndef JP_SCORE_H
#define JP_SCORE_H

#include "explain/session.h"

/* One explanation a set, in their order, with the log-probability of every response token under it; options of "score",
 * whose "hide" are the sets. On success *out is owned by the caller: jopa_result_free. */
int jp_score_named(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);

#endif
