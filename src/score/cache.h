/* Every set that has been scored, with its drop: an open-addressing hash table keyed by the mask. */
#ifndef JP_CACHE_H
#define JP_CACHE_H

#include "base/bitset.h"

typedef struct {
    int       n;        /* size of the masks' universe */
    uint64_t *words;    /* [capacity * words of a mask] */
    double   *drops;    /* [capacity] */
    bool     *used;     /* [capacity] */
    int       capacity; /* a power of two, or 0 */
    int       count;
} jp_cache;

void jp_cache_init(jp_cache *c, int n);
void jp_cache_free(jp_cache *c);
bool jp_cache_get(const jp_cache *c, const jp_bitset *mask, double *drop);
/* The next mask from place *at on, which begins with 0; false: there are no more. `mask` is the table's own, until it
 * is added to. */
bool jp_cache_next(const jp_cache *c, int *at, jp_bitset *mask, double *drop);
/* Add or overwrite. JP_OK or JOPA_ERROR_MEMORY. */
int jp_cache_put(jp_cache *c, const jp_bitset *mask, double drop);

#endif
