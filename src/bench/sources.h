/* Where a case stands: for its id, its task and for messages. */
#ifndef JP_SOURCES_H
#define JP_SOURCES_H

#include "bench/cases.h"

typedef struct {
    const char        *file;
    bool               array; /* places are numbers of elements, otherwise of lines */
    const jp_warnings *warn;
} jp_source;

/* "file:3: what" to the caller. */
void jp_source_note(const jp_source *s, int place, const char *what);
/* "file:3: left out: why". */
void jp_source_warn(const jp_source *s, int place, const char *why);

#endif
