#ifndef JP_NEAREST_H
#define JP_NEAREST_H

/* The known name nearest to `name` (edit distance at most a third of its length + 1), or NULL. `at` yields the names
 * in order, NULL past the end. */
const char *jp_nearest(const char *name, const char *(*at)(int index));

/* Levenshtein distance in bytes; INT_MAX for a text of more than 63. */
int jp_edit_distance(const char *a, const char *b);

#endif
