/* A chat template rendered: Jinja by llama.cpp's interpreter (scripts/fetch-jinja.sh), behind an interface in C. What
 * comes out is known byte by byte: from which text of the chat it is, or that it is the template's. */
#ifndef JP_TEMPLATE_RENDER_H
#define JP_TEMPLATE_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prompt/rendered.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char          *source;  /* the template */
    const json_t        *context; /* its variables, an object */
    const json_t        *data;    /* members of `context` whose strings are a person's, but for the messages' roles */
    const json_t *const *texts;   /* [n_texts] strings within `data`, told apart by their addresses */
    int                  n_texts;
    int64_t              now; /* what strftime_now tells, in seconds since 1970 */
} jp_template_task;

typedef enum {
    JP_RENDERED,
    JP_RENDER_MEMORY,
    JP_RENDER_REFUSED, /* the template called raise_exception */
    JP_RENDER_WRONG    /* the template cannot be read or executed */
} jp_render_status;

typedef struct {
    char        *text; /* malloc'd, NUL-terminated */
    size_t       size;
    jp_text_run *runs; /* malloc'd, [n_runs], in order: together all of the text */
    int          n_runs;
    bool         dated;    /* the template asked what day it is */
    char         why[400]; /* of a failure */
} jp_template_output;

/* The SHA-256 of a text, in hex. */
void jp_template_hash(const char *text, char out[65]);

/* No exception leaves it, and no template makes it run for ever. On success text and runs are the caller's. */
jp_render_status jp_template_execute(const jp_template_task *task, jp_template_output *out);

#ifdef __cplusplus
}
#endif
#endif
