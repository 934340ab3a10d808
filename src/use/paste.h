/* The chat without what was taken out, as texts. */
#ifndef JP_PASTE_H
#define JP_PASTE_H

#include "prompt/prompt.h"
#include "result/result.h"

/* Fill turns[n_messages] (zeroed before; the caller frees roles and contents): message i has the role roles[i] and the
 * bytes of its content that no token of `out` covers, without white space at its ends where something was taken out.
 * With `whole_words` two words between which white space was taken out have some of it back: a line's end if there was
 * one. contents[i]: as they were; those of roles in `marked` (NULL: none) have {{marks}}, which are left out. */
int jp_paste(const jp_prompt *p, const jp_bitset *out, const char *const *roles, const char *const *contents,
             int n_messages, const char *marked, bool whole_words, jp_result_turn *turns, jopa_error *e);

#endif
