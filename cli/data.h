/* Questions in a file: JSON Lines with "prompt" (and "system") or "messages", and optional "response" and "id". */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include <jopa.h>

typedef struct data data;

/* -1: *out is open and the caller's; otherwise the exit code. `path` "-": standard input. */
int  data_open(data **out, const char *path);
void data_close(data *d);
/* The next question: *out is a copy of `asked` with its prompt or chat, system, response and id (its line's number
 * where it has none), owned by the caller. 1: there was one; 0: the end; -1: a line that cannot be used: said why. */
int data_next(data *d, const jopa_options *asked, jopa_options **out);
/* The number of the line that data_next read last. */
int data_line(const data *d);

#endif
