/* What is wrong with a JSON document, in words. */
#ifndef JP_JSON_PROBLEM_H
#define JP_JSON_PROBLEM_H

#include <jansson.h>

/* jansson's message without the names of its own flags. */
const char *jp_json_problem(const json_error_t *e);

#endif
