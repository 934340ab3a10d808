/* Which sets are about as good as the best: an answer is often not the only one. */
#ifndef JP_NEAR_H
#define JP_NEAR_H

#include "score/cache.h"
#include "score/scorer.h"

/* Sets of 1 to k units whose drop is at least best - max(share * best, noise), of those that were handed over. */
typedef struct {
    int      n, k;
    double   share, noise; /* noise: nats by which equal sets differ, 0: none */
    double   best;         /* the largest drop; -INFINITY: none yet */
    jp_cache sets;         /* NEAR_MOST of them at most, the first that came */
} jp_near;

void jp_near_init(jp_near *near, int n, int k, double share, double noise);
void jp_near_free(jp_near *near);

/* Hand over one set. JP_OK or JOPA_ERROR_MEMORY. */
int jp_near_add(jp_near *near, const jp_bitset *set, double drop, jopa_error *e);
/* Hand over all sets that the scorer has scored exactly. JP_OK or JOPA_ERROR_MEMORY. */
int jp_near_take(jp_near *near, const jp_scorer *s, jopa_error *e);

typedef struct {
    jp_bitset set;
    double    drop;
} jp_near_set;

/* The minimal ones: those that hold no smaller set that is near, too. Smaller ones come first, then those with larger
 * drops. `own` is left out, and counts as near for what holds it. On success the caller frees *out with
 * jp_near_list_free. None where the best drop is not above 0. */
int  jp_near_list(const jp_near *near, const jp_bitset *own, jp_near_set **out, int *n, jopa_error *e);
void jp_near_list_free(jp_near_set *list, int n);

#endif
