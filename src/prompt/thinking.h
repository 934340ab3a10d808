/* Where a model's reasoning stands in what it wrote. */
#ifndef JP_THINKING_H
#define JP_THINKING_H

#include "prompt/prompt.h"

typedef struct {
    size_t start, end; /* all of it: what begins and ends it, and the white space after it */
    size_t from, to;   /* the reasoning itself */
    bool   control;    /* what begins and ends it are control tokens of the model's, "<|channel|>analysis<|message|>" */
} jp_thinking;

/* The first reasoning in text[size]: between <think> and </think>, <|channel|>analysis and <|channel|>final, and what
 * other models write. Where only the end is there, it begins the text: the prompt's template began it. False: none. */
bool jp_thinking_find(const char *text, size_t size, jp_thinking *out);

/* Spans of role "assistant" are cut at the reasoning in them, which gets the role "thinking". p->spans has room for
 * twice as many more. */
int jp_thinking_split(jp_prompt *p, jopa_error *e);

#endif
