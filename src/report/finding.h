/* What was found, in one or two sentences for people: the first thing that a report says. */
#ifndef JP_FINDING_H
#define JP_FINDING_H

#include "base/buffer.h"
#include "result/result.h"

/* “The response rests on “Eiffel” and “France”: with both hidden it is 248 times less likely. …”, and what hiding
 * one of them alone does where that is known. Likelihoods are of the whole target: exp(drop). */
void jp_put_finding(jp_buffer *out, const jp_explanation *x);

/* What rests on the set, to begin a title with: “The response”, or “Why “Paris” and not “Rome””. */
void jp_put_finding_subject(jp_buffer *out, const jp_explanation *x);

/* The same for a page that has named the set already: “With both hidden, it is 248 times less likely.” */
void jp_put_finding_loss(jp_buffer *out, const jp_explanation *x);

/* Of a comparison: the finding of the best method, and what one-at-a-time ablation would have said where it ran. */
void jp_put_comparison_finding(jp_buffer *out, const jopa_result *r);

#endif
