/* The whole prompt stage: messages -> templated text -> tokens -> units. */
#ifndef JP_BUILD_H
#define JP_BUILD_H

#include "prompt/prompt.h"
#include "prompt/source.h"

typedef struct {
    const char *const *roles;    /* [n] letters, digits, '_', '-', '.' */
    const char *const *contents; /* [n] UTF-8; may hold {{marks}} where they are read: see keep_marked */
    int                n;
    /* [n] or NULL: message i as a JSON object, where it is more than a role and a content; see chat.h. contents[i] is
     * its text then: parts one below the other. */
    const char *const *extras;
    const char        *tools;       /* a JSON array of what the model may call, or NULL */
    bool               flat;        /* contents of parts are taken as one text */
    bool               later;       /* units may be missing: some of the response follows */
    bool               raw;         /* n == 1 and contents[0] is the prompt: no template, role "user" */
    const char        *unit;        /* see units.h; NULL: "token" */
    const char        *mask_roles;  /* comma-separated, or "all"; NULL: "user" */
    bool               whole_words; /* unit word: what no white space parts is one (join.h) */
    /* What may be hidden is cut down: units that touch an occurrence of keep[i], and with keep_marked those that touch
     * a {{marked}} span, stay. Marks are read (and left out of the text) in messages whose role is in mask_roles,
     * with the unit "marked", whose units they are, or with keep_marked; not both. */
    const char *const *keep;
    int                n_keep;
    bool               keep_marked;
} jp_prompt_options;

/* On success *out is the caller's: jp_prompt_free. JOPA_ERROR_USAGE: unknown unit. JOPA_ERROR_INPUT: empty text,
 * invalid UTF-8 (at which byte), a bad role, unbalanced marks, messages that the template refuses, nothing to hide.
 * JOPA_ERROR_UNSUPPORTED: a tokenizer or template whose output cannot be traced back to the text. */
int jp_prompt_build(jp_prompt *out, const jp_prompt_source *source, const jp_prompt_options *options, jopa_error *e);

#endif
