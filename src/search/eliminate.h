/* Backward elimination: what a set can do without. */
#ifndef JP_ELIMINATE_H
#define JP_ELIMINATE_H

#include "score/scorer.h"

typedef struct {
    jp_scorer *scorer;
    /* *yes: whether `set`, whose drop is `after`, may take the place of one that has the drop `before`; never asked of
     * sets without a drop. JP_OK, JP_STOP or an error. */
    int (*passes)(void *user, const jp_bitset *set, double before, double after, bool *yes, jopa_error *e);
    void *user;
    bool  dear; /* the test costs more than an evaluation: members are not put to it one by one before they are
                 * taken out together */
    int limit;  /* evaluations, 0: see below */
} jp_elimination;

/* Take out members as long as what is left passes; at least one stays.
 *
 * Where that costs at most `limit` evaluations, one after another, the member whose return costs least first: at most
 * k (k + 1) / 2 for k members. Larger sets in passes: all returns are measured, those that pass are taken out together,
 * or else the halves of them, cheapest first, down to single members: at most 3 k evaluations a pass. Passes end when
 * one takes out nothing or the limit is spent, so that `limit` + 3 k evaluations are never exceeded. The limit's
 * default is JP_ELIMINATE_PER_UNIT a unit of the prompt, at least JP_ELIMINATE_LEAST. JP_STOP: a limit of the scorer
 * was reached; the set is what was got to. */
int jp_eliminate(const jp_elimination *how, jp_bitset *set, jopa_error *e);
enum { JP_ELIMINATE_PER_UNIT = 4, JP_ELIMINATE_LEAST = 600 };
int jp_eliminate_limit(const jp_elimination *how);

#endif
