#include "base/bitset.h"

#include <stdlib.h>
#include <string.h>

#include "jopa.h"

static size_t word_count_bitset(int n) { return n > 0 ? ((size_t)n + 63) / 64 : 1; }

int jp_bitset_init(jp_bitset *s, int n) {
    s->n = n;
    s->words = calloc(word_count_bitset(n), sizeof *s->words);
    return s->words ? JOPA_OK : JOPA_ERROR_MEMORY;
}

void jp_bitset_free(jp_bitset *s) {
    free(s->words);
    s->words = NULL;
    s->n = 0;
}

void jp_bitset_copy(jp_bitset *to, const jp_bitset *from) {
    memcpy(to->words, from->words, word_count_bitset(from->n) * sizeof *to->words);
}

void jp_bitset_clear(jp_bitset *s) { memset(s->words, 0, word_count_bitset(s->n) * sizeof *s->words); }

void jp_bitset_add(jp_bitset *s, int i) { s->words[i / 64] |= UINT64_C(1) << (i % 64); }

void jp_bitset_remove(jp_bitset *s, int i) { s->words[i / 64] &= ~(UINT64_C(1) << (i % 64)); }

bool jp_bitset_has(const jp_bitset *s, int i) { return s->words[i / 64] >> (i % 64) & 1; }

int jp_bitset_count(const jp_bitset *s) {
    int count = 0;
    for (size_t w = 0; w < word_count_bitset(s->n); w++) count += __builtin_popcountll(s->words[w]);
    return count;
}

bool jp_bitset_equal(const jp_bitset *a, const jp_bitset *b) {
    return a->n == b->n && !memcmp(a->words, b->words, word_count_bitset(a->n) * sizeof *a->words);
}

int jp_bitset_next(const jp_bitset *s, int from) {
    if (from >= s->n) return -1;
    size_t   w = (size_t)from / 64;
    uint64_t bits = s->words[w] & (~UINT64_C(0) << (from % 64));
    while (!bits) {
        if (++w >= word_count_bitset(s->n)) return -1;
        bits = s->words[w];
    }
    return (int)(w * 64) + __builtin_ctzll(bits);
}

int jp_bitset_members(const jp_bitset *s, int *out) {
    int count = 0;
    for (int i = jp_bitset_next(s, 0); i >= 0; i = jp_bitset_next(s, i + 1)) out[count++] = i;
    return count;
}

uint64_t jp_bitset_hash(const jp_bitset *s) {
    uint64_t h = (uint64_t)s->n * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t w = 0; w < word_count_bitset(s->n); w++) {
        h ^= s->words[w] + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
        h *= UINT64_C(0xbf58476d1ce4e5b9);
        h ^= h >> 31;
    }
    return h;
}

jp_bitset *jp_bitset_array_new(int count, int n) {
    size_t     heads = (size_t)(count > 0 ? count : 1) * sizeof(jp_bitset);
    char      *block = calloc(1, heads + (size_t)(count > 0 ? count : 1) * word_count_bitset(n) * sizeof(uint64_t));
    jp_bitset *sets = (jp_bitset *)(void *)block;
    if (!block) return NULL;
    uint64_t *words = (uint64_t *)(void *)(block + heads);
    for (int i = 0; i < count; i++) sets[i] = (jp_bitset){words + (size_t)i * word_count_bitset(n), n};
    return sets;
}

void jp_bitset_array_free(jp_bitset *sets) { free(sets); }
