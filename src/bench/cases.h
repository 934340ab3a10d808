/* The prompts of a benchmark, read from data files: JSON Lines, or a JSON array as Alpaca's. Keys of an object:
 * `prompt` (or Alpaca's `instruction` and `input`), and optionally `id`, `task`, `system`, `response`, `reference`
 * (or `output`). */
#ifndef JP_CASES_H
#define JP_CASES_H

#include "base/error.h"

typedef struct {     /* all owned; NULL: absent */
    char *id, *task; /* never NULL: the file's name and line, the file's name */
    char *prompt, *system, *response;
} jp_case;

typedef struct {
    jp_case *items;
    int      n, capacity;
} jp_cases;

typedef struct {
    void (*line)(void *user, const char *text); /* one line, without a newline */
    void *user;
} jp_warnings;

/* Append the cases of a file. What cannot be used is reported with file and line and left out.
 * JOPA_ERROR_IO when the file cannot be read, JOPA_ERROR_INPUT when it holds no case at all. */
int jp_cases_read(jp_cases *c, const char *file, const jp_warnings *warn, jopa_error *e);
/* Keep at most `per_task` cases of each task (0: all), spread evenly over them, in order. */
int  jp_cases_thin(jp_cases *c, int per_task, jopa_error *e);
void jp_cases_free(jp_cases *c);

#endif
