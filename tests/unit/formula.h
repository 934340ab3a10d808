/* A caller's engine whose score is a known function of which units are hidden, so that searches, the scorer and the
 * metrics can be tested against the truth without a model.
 *
 * The prompt (jp_formula_prompt) is `JP_FORMULA_LEAD` template tokens, then one token a unit with the unit's index as
 * its id, then one template token. A unit counts as hidden when its token id is not in the row, whatever stands in its
 * place, so every operator works. With h[i] = 1 for a hidden unit,
 *     f(h) = base - sum over terms of weight * product of h[i] for i in the term,
 * a multilinear polynomial, spread over the response: token t of T gets f * 2 (t + 1) / (T (T + 1)).
 * Its gradient is exact. An input row (x, y) shows the unit by the amount x, and an attention bias b by exp(b). */
#ifndef JP_FORMULA_H
#define JP_FORMULA_H

#include "base/bitset.h"
#include "engine/engine.h"
#include "prompt/prompt.h"

enum { JP_FORMULA_LEAD = 2, JP_FORMULA_ORDER = 4, JP_FORMULA_TEMPLATE = 1 << 20 };

/* f = base for all `n` units shown. On success the caller owns *out: ops->destroy. */
int jp_formula_new(jp_engine **out, int n, jopa_error *e);
/* The prompt that goes with `n` units, text "w0 w1 ..."; free with jp_prompt_free. */
int jp_formula_prompt(jp_prompt *out, int n, jopa_error *e);

/* Add `weight` to the drop when all `count` <= JP_FORMULA_ORDER units are hidden. */
int jp_formula_add(jp_engine *engine, double weight, const int *units, int count, jopa_error *e);
int jp_formula_additive(jp_engine *engine, const double *weights, jopa_error *e); /* [n] */
/* The answer needs both / either / exactly one of units a and b: the drop is `weight` when it cannot have them. */
int jp_formula_and(jp_engine *engine, double weight, int a, int b, jopa_error *e);
int jp_formula_or(jp_engine *engine, double weight, int a, int b, jopa_error *e);
int jp_formula_xor(jp_engine *engine, double weight, int a, int b, jopa_error *e);
/* A set of 2 or 3 units worth `weight` together, a tenth of it for each pair inside a triple and a fiftieth for each
 * unit alone. */
int jp_formula_planted(jp_engine *engine, double weight, const int *units, int count, jopa_error *e);
/* Random effects for every unit (scale 1, a few large) and every pair (scale `pairs`). */
int jp_formula_random(jp_engine *engine, double pairs, uint64_t seed, jopa_error *e);

double jp_formula_drop(const jp_engine *engine, const jp_bitset *hidden);
/* Rows scored so far. */
int64_t jp_formula_rows(const jp_engine *engine);
/* What generate() answers, whatever it is asked; one byte is one token. Borrowed. */
void jp_formula_say(jp_engine *engine, const char *answer);
/* Knockouts do not show that the unit is hidden, as when the rest of a prompt has taken up what it says. */
void jp_formula_blind(jp_engine *engine, int unit);
/* Gradients by attention bias are not supported. */
void jp_formula_no_bias(jp_engine *engine);
/* Take capabilities away: the engine keeps those in `mask`, and that every operator works. */
void jp_formula_restrict(jp_engine *engine, unsigned mask);

#endif
