/* Characters that a reader does not see as they are: invisible ones, those that move others, those without a meaning.
 * Texts hide instructions in them: Unicode tags ("ASCII smuggling"), variation selectors, bidirectional controls
 * ("Trojan Source", CVE-2021-42574), zero width characters. */
#ifndef JP_UNSEEN_H
#define JP_UNSEEN_H

#include <stddef.h>

#include "base/buffer.h"

enum { JP_UNSEEN_SIZE = 24 };

/* When the character at text[at] (valid UTF-8 of `size` bytes) is one of them, its bytes, and its mark in mark[]:
 * "⟨RLO⟩", "⟨U+2062⟩", "⟨tag i⟩" for a tag's letter. Otherwise 0. Tabulators and ends of lines, white space, the
 * joiners of emoji and of scripts that need them, and an emoji's own selector are seen. */
size_t jp_unseen(const char *text, size_t size, size_t at, char mark[JP_UNSEEN_SIZE]);
/* The text with marks for them. */
void jp_put_seen(jp_buffer *out, const char *text, size_t size);

#endif
