/* What `audit` and `compress` found, in words: the same in every report for people. */
#ifndef JP_VERDICT_H
#define JP_VERDICT_H

#include "base/buffer.h"
#include "result/result.h"

/* "message 1 (user), bytes 0 to 17: “The cat is black.”"; the text is cut to `columns`. */
void jp_put_place(jp_buffer *out, const jp_result_trigger *at, int columns);
/* "the response loses 1.36 nats per token; 1.00 are asked for" */
void jp_put_audit_verdict(jp_buffer *out, const jp_explanation *x);
/* "“black.” is enough: 1.30 nats per token"; nothing where no words were looked for, or none count. */
void jp_put_audit_words(jp_buffer *out, const jp_explanation *x);
/* "3 of the prompt's 45 tokens, template included (42 left); 20.0 % of what could go" */
void jp_put_saved(jp_buffer *out, const jp_explanation *x);
/* "0.039 nats per token of the response, within the tolerance of 0.100": what is lost, or gained. */
void jp_put_lost(jp_buffer *out, const jp_explanation *x);

#endif
