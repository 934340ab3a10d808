/* The prompt: templated text -> tokens -> units -> masks.
 *
 * A token belongs to at most one unit; template and special tokens, and tokens of roles that may not be hidden,
 * belong to none (unit == -1) and are never hidden. A unit is a run of neighbouring tokens. */
#ifndef JP_PROMPT_H
#define JP_PROMPT_H

#include <stdint.h>

#include "base/bitset.h"
#include "base/error.h"

typedef struct {
    int32_t id;
    size_t  start, end; /* byte range in jp_prompt.text; may cut a UTF-8 character */
    int     unit;       /* index into units, or -1: never hidden */
} jp_token;

typedef struct {
    size_t start, end;  /* byte range in jp_prompt.text */
    int    first, last; /* token range [first, last) */
    int    role;        /* index into jp_prompt.spans: the message that it is part of */
} jp_unit;

/* A run of the templated text that came from one message's content. */
typedef struct {
    size_t start, end;
    char  *role;    /* owned: "user", "system", ... */
    int    message; /* which of the messages, from 0: empty ones have no span */
} jp_span;

typedef struct {
    char     *text; /* owned, NUL-terminated, valid UTF-8 */
    size_t    size;
    jp_token *tokens;
    int       n_tokens;
    jp_unit  *units;
    int       n_units;
    jp_span  *spans; /* message contents in order; jp_unit.role indexes this array */
    int       n_spans;
} jp_prompt;

void jp_prompt_free(jp_prompt *p); /* frees the members; safe on a zeroed struct */

/* Tokens hidden by the mask (bits are units). */
int jp_prompt_hidden_tokens(const jp_prompt *p, const jp_bitset *mask);
int jp_prompt_maskable_tokens(const jp_prompt *p);

#endif
