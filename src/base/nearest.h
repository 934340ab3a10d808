#ifndef JP_NEAREST_H
#define JP_NEAREST_H

#include <stddef.h>

/* What is fewer edits than this away from a name of `size` bytes is near it: a third of it and one more, but never all
 * of it. */
int jp_edit_limit(size_t size);

/* The known name nearest to `name` (fewer edits than jp_edit_limit), or NULL. `at` yields the names
 * in order, NULL past the end. */
const char *jp_nearest(const char *name, const char *(*at)(int index));

/* Levenshtein distance in bytes; INT_MAX for a text of more than 63. */
int jp_edit_distance(const char *a, const char *b);

#endif
