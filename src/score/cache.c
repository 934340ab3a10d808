#include "score/cache.h"

#include <stdlib.h>
#include <string.h>

#include "jopa.h"

static size_t word_count_cache(int n) { return n > 0 ? ((size_t)n + 63) / 64 : 1; }

void jp_cache_init(jp_cache *c, int n) { *c = (jp_cache){.n = n}; }

void jp_cache_free(jp_cache *c) {
    free(c->words);
    free(c->drops);
    free(c->used);
    jp_cache_init(c, c->n);
}

/* The slot that holds the mask, or the free one where it belongs. */
static size_t slot(const jp_cache *c, const jp_bitset *mask) {
    size_t width = word_count_cache(c->n), at = (size_t)jp_bitset_hash(mask) & (size_t)(c->capacity - 1);
    while (c->used[at] && memcmp(c->words + at * width, mask->words, width * sizeof(uint64_t)))
        at = (at + 1) & (size_t)(c->capacity - 1);
    return at;
}

bool jp_cache_get(const jp_cache *c, const jp_bitset *mask, double *drop) {
    if (!c->capacity) return false;
    size_t at = slot(c, mask);
    if (c->used[at] && drop) *drop = c->drops[at];
    return c->used[at];
}

bool jp_cache_next(const jp_cache *c, int *at, jp_bitset *mask, double *drop) {
    while (*at < c->capacity && !c->used[*at]) ++*at;
    if (*at >= c->capacity) return false;
    *mask = (jp_bitset){c->words + (size_t)*at * word_count_cache(c->n), c->n};
    *drop = c->drops[(*at)++];
    return true;
}

static void place_cache(jp_cache *c, const jp_bitset *mask, double drop) {
    size_t width = word_count_cache(c->n), at = slot(c, mask);
    c->count += !c->used[at];
    c->used[at] = true;
    c->drops[at] = drop;
    memcpy(c->words + at * width, mask->words, width * sizeof(uint64_t));
}

static int grow_cache(jp_cache *c) {
    jp_cache old = *c;
    c->capacity = old.capacity ? old.capacity * 2 : 256;
    c->count = 0;
    c->words = malloc((size_t)c->capacity * word_count_cache(c->n) * sizeof *c->words);
    c->drops = malloc((size_t)c->capacity * sizeof *c->drops);
    c->used = calloc((size_t)c->capacity, sizeof *c->used);
    if (!c->words || !c->drops || !c->used) {
        jp_cache_free(c);
        *c = old;
        return JOPA_ERROR_MEMORY;
    }
    for (int i = 0; i < old.capacity; i++) {
        jp_bitset mask = {old.words + (size_t)i * word_count_cache(c->n), c->n};
        if (old.used[i]) place_cache(c, &mask, old.drops[i]);
    }
    jp_cache_free(&old);
    return JOPA_OK;
}

int jp_cache_put(jp_cache *c, const jp_bitset *mask, double drop) {
    if (2 * (c->count + 1) > c->capacity && grow_cache(c)) return JOPA_ERROR_MEMORY;
    place_cache(c, mask, drop);
    return JOPA_OK;
}
