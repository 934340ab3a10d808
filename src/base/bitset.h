/* A set of small integers 0..n-1. Used for masks: bit u set = unit u is hidden. */
#ifndef JP_BITSET_H
#define JP_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t *words; /* owned; ceil(n / 64) words, bits above n are 0 */
    int       n;     /* size of the universe */
} jp_bitset;

int      jp_bitset_init(jp_bitset *s, int n);                  /* empty set; JP_OK or JOPA_ERROR_MEMORY */
void     jp_bitset_free(jp_bitset *s);                         /* safe on a zeroed struct */
void     jp_bitset_copy(jp_bitset *to, const jp_bitset *from); /* same n */
void     jp_bitset_clear(jp_bitset *s);
void     jp_bitset_add(jp_bitset *s, int i);
void     jp_bitset_remove(jp_bitset *s, int i);
bool     jp_bitset_has(const jp_bitset *s, int i);
int      jp_bitset_count(const jp_bitset *s);
bool     jp_bitset_equal(const jp_bitset *a, const jp_bitset *b);
int      jp_bitset_next(const jp_bitset *s, int from);    /* first member >= from, or -1 */
int      jp_bitset_members(const jp_bitset *s, int *out); /* ascending into out[n]; returns the count */
uint64_t jp_bitset_hash(const jp_bitset *s);

/* `count` empty sets over 0..n-1 in one allocation; free with jp_bitset_array_free. */
jp_bitset *jp_bitset_array_new(int count, int n);
void       jp_bitset_array_free(jp_bitset *sets);

#endif
