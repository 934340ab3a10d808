/* The whole prompt stage: messages -> templated text -> tokens -> units. */
#ifndef JP_BUILD_H
#define JP_BUILD_H

#include "prompt/prompt.h"
#include "prompt/source.h"

typedef struct {
    const char *const *roles;      /* [n] letters, digits, '_', '-', '.' */
    const char *const *contents;   /* [n] UTF-8; with unit "marked" and a role in mask_roles: may hold {{marks}} */
    int                n;
    bool               raw;        /* n == 1 and contents[0] is the prompt: no template, role "user" */
    const char        *unit;       /* see units.h; NULL: "token" */
    const char        *mask_roles; /* comma-separated; NULL: "user" */
} jp_prompt_options;

/* On success *out is the caller's: jp_prompt_free. JOPA_ERROR_USAGE: unknown unit. JOPA_ERROR_INPUT: empty text,
 * invalid UTF-8 (at which byte), a bad role, unbalanced marks, messages that the template refuses, nothing to hide.
 * JOPA_ERROR_UNSUPPORTED: a tokenizer or template whose output cannot be traced back to the text. */
int jp_prompt_build(jp_prompt *out, const jp_prompt_source *source, const jp_prompt_options *options, jopa_error *e);

#endif
