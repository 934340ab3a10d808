/* What a chat template makes of a chat, byte by byte: from which text of the chat it is. C++ includes this too. */
#ifndef JP_RENDERED_H
#define JP_RENDERED_H

#include <stdbool.h>
#include <stddef.h>

enum { JP_RUN_TEMPLATE = -1, JP_RUN_DATA = -2 }; /* instead of a text's index: see jp_text_run */

/* A stretch of the rendered text. `text`: the index of the text that it came from; JP_RUN_TEMPLATE: the template's
 * own; JP_RUN_DATA: a person's too, but none of the texts. It is that text's bytes from `from` on, one by one (upper
 * and lower case may differ); with `covers` it stands as a whole for so many of its bytes, as the escape of a character
 * does. */
typedef struct {
    int    text;
    size_t size, from, covers;
} jp_text_run;

typedef struct {
    char        *text; /* owned, NUL-terminated */
    size_t       size;
    jp_text_run *runs; /* owned, [n_runs], in order: together all of the text */
    int          n_runs;
    const char  *source;                        /* the template; borrowed from who rendered */
    char        *template_name, *template_hash; /* owned; hash: SHA-256 of the source, in hex */
    char        *template_date;                 /* owned: the day that the template was told, or NULL */
    bool         date_set;                      /* it was asked for, and is not today's */
} jp_rendered;

#endif
