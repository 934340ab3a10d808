/* The prompt: templated text -> tokens -> units -> masks.
 *
 * A token belongs to at most one unit; template and special tokens, and tokens of roles that may not be hidden,
 * belong to none (unit == -1) and are never hidden. A unit is a run of neighbouring tokens. */
#ifndef JP_PROMPT_H
#define JP_PROMPT_H

#include <stdint.h>

#include "base/bitset.h"
#include "base/error.h"
#include "prompt/range.h"

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

/* A run of the templated text that came from one text of a message: its content, or what chat.h finds in it. */
typedef struct {
    size_t  start, end;
    char   *role;    /* owned: "user", "system", "tool:search", "thinking", ... */
    int     message; /* which of the messages, from 0: empty ones have no span; -1: the tools */
    int     text;    /* which of the chat's texts; without a template interpreter the message */
    bool    content; /* that text is the message's content */
    size_t  offset;  /* byte i of the span is byte offset + i of that text, or where the template changed it */
    size_t *map;     /* owned, [end - start]: byte map[i]; NULL: it did not */
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
    /* What is a person's in the text, spans and other data, ascending: no control token is parsed there. NULL: the
     * spans. */
    jp_range *persons; /* owned */
    int       n_persons;
    /* The template: its name, hash and the day that it was told; NULL: not known. See rendered.h. */
    char *template_name, *template_hash, *template_date;
    bool  date_set;
} jp_prompt;

void jp_prompt_free(jp_prompt *p); /* frees the members; safe on a zeroed struct */

/* Tokens hidden by the mask (bits are units). */
int jp_prompt_hidden_tokens(const jp_prompt *p, const jp_bitset *mask);
int jp_prompt_maskable_tokens(const jp_prompt *p);

/* The byte of the span's text that byte `at` of the prompt's text is, start <= at <= end. */
size_t jp_span_source(const jp_span *span, size_t at);

#endif
