/* A tiny random model, and questions about one prompt and one response to it. */
#ifndef TINY_QUESTION_H
#define TINY_QUESTION_H

#include <jopa.h>

#include "asked.h"
#include "tiny_gguf.h"

/* Eleven words, and a response to them. */
extern const char TINY_PROMPT[], TINY_RESPONSE[];

/* The model of the group: of tiny_setup, until tiny_teardown. */
extern jopa_model *tiny_model;
extern char        tiny_path[64];
int                tiny_setup(void **state);
int                tiny_teardown(void **state);

/* A model's file, and one that is opened from it: the caller frees it. */
void        tiny_write(const char *file, const tiny_gguf_options *o);
jopa_model *tiny_open(const char *file);

/* "explain", by `ablation`, or "compare": prompt and response, two words, no metrics. The caller frees them. */
jopa_options *tiny_question(const char *command);

/* The options' result; frees the options. Failure fails the test. */
jopa_result *tiny_explained(jopa_options *o);
jopa_result *tiny_compared(jopa_options *o);

/* Explanation i hides k or fewer units in ascending order. */
void tiny_assert_explanation(const jopa_result *r, int i, int k);
/* The same method, set and drop. */
void tiny_assert_same(const jopa_result *a, int i, const jopa_result *b, int j);

#endif
