/* What triggers most often over several audited questions. */
#ifndef JP_TRIGGERS_H
#define JP_TRIGGERS_H

#include "result/result.h"

typedef struct {
    char *text;      /* owned; ASCII letters lower case, single spaces, no punctuation at its ends */
    bool  word;      /* of the refined sets; otherwise a unit of the coarse ones */
    int   questions; /* audits that found it */
} jp_trigger_count;

/* Triggers of all audits of `r` that reached their threshold, most frequent first, then by first appearance.
 * On success the caller frees *out with jp_triggers_free. */
int  jp_triggers_count(const jopa_result *r, jp_trigger_count **out, int *n, jopa_error *e);
void jp_triggers_free(jp_trigger_count *t, int n);

#endif
