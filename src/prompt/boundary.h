/* Cuts a stretch of text into words, sentences, lines or paragraphs (UAX #29 through ICU). */
#ifndef JP_BOUNDARY_H
#define JP_BOUNDARY_H

#include <stdbool.h>

#include "base/error.h"
#include "prompt/range.h"

typedef enum {
    JP_UNIT_TOKEN,
    JP_UNIT_WORD,
    JP_UNIT_SENTENCE,
    JP_UNIT_LINE,
    JP_UNIT_PARAGRAPH,
    JP_UNIT_MARKED
} jp_unit_kind;

/* Pieces of text[range], in order, without gaps, appended to (*out)[*n]. Nothing for white space alone.
 *   word       UAX #29 words with a letter or a number, and emoji. Punctuation joins the word it touches (the one
 *              before it if it touches two or none; after a line's end, the one that follows); white space joins
 *              what follows, a line's end what precedes. Punctuation alone is one piece.
 *   sentence   UAX #29 with CLDR's English abbreviations ("Mr.") and titles ("Dr."); an enumerator ("1.") joins what
 * follows. line       up to \n; a blank line joins what precedes it, or at the start what follows. paragraph  up to and
 * with the blank lines after it. *out is grown with realloc and stays the caller's. The kinds token and marked are not
 * cut here. JOPA_ERROR_UNSUPPORTED when ICU lacks its data. */
int jp_boundary_find(jp_unit_kind kind, const char *text, jp_range range, jp_range **out, int *n, jopa_error *e);

/* Bytes of text[range] that are not white space. */
size_t jp_boundary_ink(const char *text, jp_range range);
/* The range without white space at its ends; as it is when there is nothing else. */
jp_range jp_boundary_trim(const char *text, jp_range range);

#endif
