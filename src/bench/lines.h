/* Text files, whole and by lines. */
#ifndef JP_LINES_H
#define JP_LINES_H

#include "base/buffer.h"
#include "base/error.h"

/* The whole file appended to *out, which is empty. JOPA_ERROR_IO with the system's reason; JOPA_ERROR_INPUT: it is
 * UTF-16. */
int jp_read_file(const char *file, jp_buffer *out, jopa_error *e);

typedef struct { /* zeroed: before the first line */
    const char *start;
    size_t      size;  /* without the newline */
    size_t      next;  /* offset of what follows */
    bool        blank; /* white space alone */
    bool        ended; /* by a newline */
} jp_line;

/* A byte order mark belongs to no line. */
bool jp_next_line(const jp_buffer *text, jp_line *line);

#endif
