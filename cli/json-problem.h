/* What is wrong with a document, in words. */
#ifndef CLI_JSON_PROBLEM_H
#define CLI_JSON_PROBLEM_H

#include <jansson.h>

/* jansson's message without the names of its own flags. */
const char *json_problem(const json_error_t *e);

#endif
