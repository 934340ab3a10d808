#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* The whole file ("-": standard input) as malloc'd, NUL-terminated text without a byte order mark and without the last
 * line's end; where all lines end in CRLF they end in LF instead. Its length in *size (may be NULL). NULL: said what
 * was wrong. A NUL byte in it is refused, and so is UTF-16. */
char *file_read(const char *path, size_t *size);

/* Write all of it. False: errno tells why not. */
bool file_put(int fd, const char *text, size_t size);
/* Write all of it or nothing: into a temporary file beside `path`, then renamed; NULL or "-": standard output. With
 * `mark` a byte order mark comes first. False: said what was wrong. */
bool file_write(const char *path, bool mark, const char *text, size_t size);
/* Whether a file could be written at `path` later: asked before long work. False: said why not. */
bool file_writable(const char *path);

#endif
