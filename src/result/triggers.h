/* What triggers most often over several audited questions. */
#ifndef JP_TRIGGERS_H
#define JP_TRIGGERS_H

#include "result/result.h"

/* Bring r->triggers up to the first `n` of r->items: those of all audits that reached their threshold. Items up to
 * r->n_items are counted already where r->triggers is not NULL. JP_OK, or JOPA_ERROR_MEMORY with `r` as it was. */
int  jp_triggers_count(struct jopa_result *r, int n, jopa_error *e);
void jp_triggers_free(jp_trigger_count *t, int n);

#endif
