/* Words that must not be cut. */
#ifndef JP_JOIN_H
#define JP_JOIN_H

#include "prompt/range.h"

enum { JP_JOIN_MOST = 512 }; /* bytes of a joined word: what is longer is data rather than a word */

/* Join neighbours of ranges[n] (words of jp_boundary_find) that no white space parts, so that an address or a hyphened
 * word is one; but not beside a character of a script that writes no spaces. Returns how many ranges are left. */
int jp_join_words(const char *text, jp_range *ranges, int n);

#endif
