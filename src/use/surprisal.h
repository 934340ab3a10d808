#ifndef JP_SURPRISAL_H
#define JP_SURPRISAL_H

#include "engine/engine.h"
#include "prompt/prompt.h"

/* Self-information of each unit to the model that reads the prompt from left to right: -log p(tokens | tokens before),
 * nats, summed over its tokens, into out[n_units]. One forward pass. (What Selective Context ranks units by: Li et al.
 * 2023, arXiv 2310.06201.) The prompt's first token has no probability and counts as 0. */
int jp_unit_surprisal(jp_engine *engine, const jp_prompt *prompt, double *out, jopa_error *e);

#endif
