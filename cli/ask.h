/* The commands that ask one question and write one result. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <jopa.h>

#include "options.h"

typedef int (*ask_function)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

/* Parse argv, ask, and write the result; *result, where it is not NULL, gets it instead of its being freed. Returns the
 * exit code. */
int ask_question(ask_function ask, int argc, const char **argv);
/* The same once the options are parsed. */
int ask_parsed(options *o, ask_function ask, jopa_result **result);
/* The same, with what the command itself has to say of the whole question (what --like brings included) before the
 * model is opened: -1 where that is nothing, otherwise the exit code, and told. */
int ask_checked(options *o, int (*check)(const options *o), ask_function ask, jopa_result **result);

#endif
