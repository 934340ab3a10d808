/* The prompts of a benchmark, read from data files: JSON Lines, or a JSON array as Alpaca's. Keys of an object:
 * `prompt` (or Alpaca's `instruction` and `input`), and optionally `id`, `task`, `system`, `response`, `reference`
 * (or `output`). */
#ifndef JP_CASES_H
#define JP_CASES_H

#include "base/error.h"

enum { JP_DIGEST_SIZE = 17 };

typedef struct {     /* all owned; NULL: absent */
    char *id, *task; /* never NULL: see case-names.h */
    char *prompt, *system, *response;
    int   place;                  /* line or element of its file */
    char  digest[JP_DIGEST_SIZE]; /* of prompt, system and response, in hexadecimal digits */
} jp_case;

typedef struct {
    jp_case *items;
    int      n, capacity;
} jp_cases;

typedef struct {
    void (*line)(void *user, const char *text); /* one line, without a newline */
    void *user;
} jp_warnings;

/* What results know by an id: nothing, this prompt, another one. */
typedef enum { JP_ID_FREE, JP_ID_SAME, JP_ID_OTHER } jp_id_use;

typedef struct {
    jp_id_use (*look)(const void *user, const char *id, const jp_case *c);
    const void *user;
} jp_known_ids;

/* Append the cases of a file, with ids that tell them from those of other files and of the results (`known`, may be
 * NULL). What cannot be used is reported with file and line and left out.
 * JOPA_ERROR_IO when the file cannot be read, JOPA_ERROR_INPUT when it holds no case at all. */
int jp_cases_read(jp_cases *c, const char *file, const jp_known_ids *known, const jp_warnings *warn, jopa_error *e);
/* Keep at most `per_task` cases of each task (0: all), spread evenly over them, in order. */
int  jp_cases_thin(jp_cases *c, int per_task, jopa_error *e);
void jp_cases_free(jp_cases *c);
void jp_case_free(jp_case *c); /* frees the members */

#endif
