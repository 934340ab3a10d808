#include "base/nearest.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 63 };

/* Levenshtein distance with one row, as in Wagner & Fischer 1974. */
int jp_edit_distance(const char *a, const char *b) {
    int    row[LONGEST + 1];
    size_t n = strlen(b);
    if (strlen(a) > LONGEST || n > LONGEST) return INT_MAX;
    for (size_t j = 0; j <= n; j++) row[j] = (int)j;
    for (size_t i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]), above = row[j] + 1, left = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < above ? change : above;
            if (left < row[j]) row[j] = left;
        }
    }
    return row[n];
}

int jp_edit_limit(size_t size) {
    int third = (int)(size / 3) + 2;
    return size < (size_t)third ? (int)size : third;
}

const char *jp_nearest(const char *name, const char *(*at)(int index)) {
    const char *best = NULL;
    int         least = jp_edit_limit(strlen(name));
    for (int i = 0; at(i); i++) {
        int d = jp_edit_distance(name, at(i));
        if (d < least) {
            least = d;
            best = at(i);
        }
    }
    return best;
}
