/* Units: which tokens are hidden together. */
#ifndef JP_UNITS_H
#define JP_UNITS_H

#include "prompt/boundary.h"
#include "prompt/prompt.h"

typedef struct {
    jp_unit_kind    kind;
    const char     *mask_roles; /* "user,system": whose text may be hidden */
    bool            whole;      /* kind word: what no white space parts is one word (prompt/join.h) */
    const bool     *fixed;      /* [n_tokens] tokens that are never hidden; NULL: none */
    const jp_range *marks;      /* [n_marks] kind marked: byte ranges of the prompt's text, ascending */
    int             n_marks;
    bool            may_lack; /* nothing that may be hidden is no error */
} jp_unit_options;

/* Build p->units and set the tokens' units, from p's text, tokens and spans (any former units are freed).
 *
 * Tokens that share a character (an emoji cut into bytes) always go together. A token belongs to the piece of text
 * that has most of its bytes, white space not counted unless there is nothing else: so " doctor" belongs to the word,
 * and a token half of the template's is hidden only if more than half of it is the message's. A unit's byte range is
 * what its tokens cover, without the template's part and, but for the kind token, without white space at its ends.
 * Pieces without a token of their own get no unit; a mark takes the tokens that it touches.
 * JOPA_ERROR_INPUT when there is nothing that may be hidden. */
int jp_units_build(jp_prompt *p, const jp_unit_options *options, jopa_error *e);

/* JOPA_ERROR_USAGE for an unknown name. */
int jp_unit_kind_parse(const char *name, jp_unit_kind *kind, jopa_error *e);
/* The table behind `jopa list units`: NULL past the end. */
const char *jp_unit_kind_name(int index, const char **summary);
/* Whether `role` is in the comma-separated list; "all" in it stands for every role, "tool" for "tool:NAME" too, and
 * "assistant" for "thinking" too. */
bool jp_role_listed(const char *list, const char *role);

#endif
