/* Counts of byte strings (words, n-grams) in two texts side by side: what overlap metrics are made of. */
#ifndef JP_TALLY_H
#define JP_TALLY_H

#include "base/buffer.h"

typedef struct {
    size_t at, size; /* in jp_tally.bytes */
    int    count[2]; /* in text 0 and text 1 */
} jp_tally_entry;

typedef struct {
    jp_buffer       bytes;
    jp_tally_entry *entries;
    int             n;
    int            *slots; /* hash table of indices into entries, -1: free */
    int             n_slots;
} jp_tally; /* zeroed: empty */

/* Count a string once in text 0 or 1. Returns its entry's index, -1 when memory is short. */
int  jp_tally_add(jp_tally *t, int text, const void *bytes, size_t size);
int  jp_tally_total(const jp_tally *t, int text);
int  jp_tally_common(const jp_tally *t); /* sum over strings of the smaller count */
void jp_tally_free(jp_tally *t);

#endif
