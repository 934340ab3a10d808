/* Targets: which parts of the response are explained, each by itself. */
#ifndef JP_EXPLAIN_TARGET_H
#define JP_EXPLAIN_TARGET_H

#include "prompt/range.h"
#include "question/question.h"

typedef struct {
    jp_range bytes;       /* of the whole response */
    int      first, last; /* tokens of what is scored: every one that has a byte of it */
    char    *name;        /* owned: as it was asked, "sentence:2" for each of sentence:all; NULL: all of the response */
} jp_target;

/* Where the question's targets stand in `response`; without any, one that is all of it. Texts and sentences are looked
 * for from byte `from` on. On success *out is owned by the caller: jp_targets_free. JOPA_ERROR_USAGE: a text that does
 * not occur (with the nearest that does), a sentence or an occurrence beyond the last. */
int  jp_targets_find(jp_target **out, int *n, const jp_question *q, const char *response, size_t from, jopa_error *e);
void jp_targets_free(jp_target *targets, int n);

#endif
