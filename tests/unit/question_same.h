/* Two questions, member by member. */
#ifndef QUESTION_SAME_H
#define QUESTION_SAME_H

#include "question/question.h"

/* Fails the test where they differ, and names the member. */
void assert_same_question(const jp_question *a, const jp_question *b);
/* The questions of two options; both have to be possible. */
void assert_same_asked(const jopa_options *a, const jopa_options *b);

/* A value for an option of a command, from its row and `random`: one that the option takes by itself. Static, until the
 * next call. NULL: none is known. */
const char *random_value(const jopa_option_info *info, unsigned *random);
unsigned    next_random(unsigned *state, unsigned below);

#endif
