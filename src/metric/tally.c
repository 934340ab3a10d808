#include "metric/tally.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const unsigned char *bytes, size_t size) { /* FNV-1a */
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* The slot of a string, or the free one where it belongs. */
static int find_slot(const jp_tally *t, const void *bytes, size_t size) {
    uint64_t mask = (uint64_t)t->n_slots - 1;
    for (uint64_t at = hash(bytes, size) & mask;; at = (at + 1) & mask) {
        int index = t->slots[at];
        if (index < 0) return (int)at;
        const jp_tally_entry *entry = &t->entries[index];
        if (entry->size == size && (!size || !memcmp(t->bytes.data + entry->at, bytes, size))) return (int)at;
    }
}

/* Room for one more entry: slots are a power of two, at most half of them taken. */
static int grow_tally(jp_tally *t) {
    if (2 * (t->n + 1) <= t->n_slots) return 0;
    int             n_slots = t->n_slots ? 2 * t->n_slots : 64;
    jp_tally_entry *entries = realloc(t->entries, (size_t)n_slots / 2 * sizeof *entries);
    if (!entries) return -1;
    t->entries = entries;
    int *slots = malloc((size_t)n_slots * sizeof *slots);
    if (!slots) return -1;
    memset(slots, 0xff, (size_t)n_slots * sizeof *slots);
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    for (int i = 0; i < t->n; i++) slots[find_slot(t, t->bytes.data + entries[i].at, entries[i].size)] = i;
    return 0;
}

int jp_tally_add(jp_tally *t, int text, const void *bytes, size_t size) {
    if (grow_tally(t)) return -1;
    int slot = find_slot(t, bytes, size);
    if (t->slots[slot] < 0) {
        size_t at = t->bytes.size;
        jp_buffer_bytes(&t->bytes, bytes, size);
        if (t->bytes.failed) return -1;
        t->entries[t->n] = (jp_tally_entry){at, size, {0, 0}};
        t->slots[slot] = t->n++;
    }
    int index = t->slots[slot];
    t->entries[index].count[text]++;
    return index;
}

int jp_tally_total(const jp_tally *t, int text) {
    int total = 0;
    for (int i = 0; i < t->n; i++) total += t->entries[i].count[text];
    return total;
}

int jp_tally_common(const jp_tally *t) {
    int common = 0;
    for (int i = 0; i < t->n; i++) {
        const int *count = t->entries[i].count;
        common += count[0] < count[1] ? count[0] : count[1];
    }
    return common;
}

void jp_tally_free(jp_tally *t) {
    jp_buffer_free(&t->bytes);
    free(t->entries);
    free(t->slots);
    *t = (jp_tally){0};
}
