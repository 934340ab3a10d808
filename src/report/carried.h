/* The matrix in words and in pieces: which part of the prompt carries which part of the response. */
#ifndef JP_CARRIED_H
#define JP_CARRIED_H

#include "base/buffer.h"
#include "result/result.h"

/* “Oslo” takes 4.21 nats from “Oslo”, ...: its largest numbers, of single units, at most `most` of them. Nothing where
 * none is above 0. */
void jp_put_strongest(jp_buffer *out, const jp_explanation *x, int most);

/* A matrix was asked for, and the run was stopped before it was whole. */
bool jp_matrix_is_missing(const jp_explanation *x);

/* What the response loses as a whole: the sum of its tokens; NAN where one is unknown. */
double jp_loss_of_all(const jp_result_loss *l);
/* A token's or a sentence's text for a label, in quotation marks. */
void jp_put_response_token(jp_buffer *out, const jp_explanation *x, int token, int columns);
void jp_put_sentence(jp_buffer *out, const jp_explanation *x, const jp_result_sentence *s, int columns);
/* What a row of sets is called: the target's name, or "the set". */
void jp_put_set_name(jp_buffer *out, const jp_result_loss *l);

#endif
