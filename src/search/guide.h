/* Guides: what gradients say about units before anything was hidden. docs/guidance.md has what was measured. */
#ifndef JP_GUIDE_H
#define JP_GUIDE_H

#include "score/scorer.h"

/* The best guide known: for each unit how much the score is expected to drop when it is hidden too, in no particular
 * unit of measure; NAN for units that `mask` (NULL: none) hides already. The slopes of jp_attention_path, which say how
 * the score follows attention to the unit, plus half as much of the norms, which say how much the model listens to it
 * at all. Costs `gradients` gradients, 1 to JP_GUIDE_GRADIENTS: more are better, and one is worth most. JP_STOP: a
 * limit was reached; unit_score[n_units] then holds what the gradients so far say, or NAN. */
int jp_guide(jp_scorer *s, const jp_bitset *mask, int gradients, double *unit_score, jopa_error *e);
enum { JP_GUIDE_GRADIENTS = 4 };

/* Gradients at `mask` with the bias of every shown unit's tokens at `bias`; either output, [n_tokens] of the prompt's
 * tokens, may be NULL: d f / d attention bias, and the norm of d f / d embedding. Tokens that are taken out have 0. */
int jp_token_gradients(jp_scorer *s, const jp_bitset *mask, const float *bias, double *d_bias, double *norm,
                       jopa_error *e);
/* Sums of d f / d attention bias and (unless NULL) of the norms of d f / d embedding, [n_tokens], over a path on which
 * the biases of all shown units go down from 0 together: at 0 the slopes of a confident model vanish, and a set is
 * hidden together. *steps tells how many of the `gradients` there were before a limit (JP_STOP). */
int jp_attention_path(jp_scorer *s, const jp_bitset *mask, int gradients, double *slope, double *norm, int *steps,
                      jopa_error *e);
/* What the guide makes of slopes and norms of tokens, of one pass or summed over some: unit_score[u] = its slope plus
 * half its norm, each divided by its mean size over the units that `mask` shows. */
int jp_guide_combine(const jp_prompt *p, const jp_bitset *mask, const double *slope, const double *norm,
                     double *unit_score, jopa_error *e);
/* unit_score[u] = sum of value[t] over the unit's tokens. */
void jp_sum_units(const jp_prompt *p, const double *value, double *unit_score);

#endif
