/* The last step of a search among many units: exchanges around a set. docs/long.md has what was measured. */
#ifndef JP_REFINE_H
#define JP_REFINE_H

#include "score/scorer.h"

/* Raise *drop, the drop of *set (NAN: it has none), which has at most k units, until the scorer stops or nothing better
 * turns up for long.
 *
 * Around the incumbent the drop is taken to be linear in the mask, a Gaussian prior on each unit's weight, which is
 * fitted to the sets scored so far as far as they are near. In each round weights are drawn from its posterior
 * (Thompson 1933), and for each draw the exchanges that gain most are made, within a trust region that grows and
 * shrinks with success (as in Eriksson et al. 2019), in that end of the prompt where they gain most for each token
 * decoded: a set that differs from the incumbent late in the prompt shares what comes before.
 *
 * `expect` [n]: the drop alone that is expected of each unit, or NULL. A gradient at *set, where the engine has them
 * and it costs a small part of `tokens`, says more: it fills *set up to k, and goes on the scorer's bill as the tokens
 * that it costs. Without one *set, *set filled up by what is expected and starts[n_starts], other sets of at most k
 * units filled up likewise, are climbed from for a while each, and the best is gone on with. JP_STOP: a limit of the
 * scorer was reached; *set and *drop are the best so far. */
int jp_refine(jp_scorer *s, int k, uint64_t seed, const double *expect, int64_t tokens, const jp_bitset *starts,
              int n_starts, jp_bitset *set, double *drop, jopa_error *e);

#endif
