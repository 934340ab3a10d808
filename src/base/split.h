/* A list with commas as its parts. */
#ifndef JP_SPLIT_H
#define JP_SPLIT_H

#include "base/error.h"

typedef struct {
    char **at; /* [n] parts, in `memory`; an empty part is "" */
    int    n;
    char  *memory; /* owned, as is `at` */
} jp_parts;

/* "a,,b" has three parts, "" has none. JP_OK or JOPA_ERROR_MEMORY; free with jp_parts_free. */
int  jp_split(jp_parts *out, const char *list, jopa_error *e);
void jp_parts_free(jp_parts *p); /* safe on a zeroed struct */

#endif
