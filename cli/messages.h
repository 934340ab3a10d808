#ifndef CLI_MESSAGES_H
#define CLI_MESSAGES_H

#include <jopa.h>

/* Add the messages of a file, a JSON array of {role, content}, to `o`. -1: done; otherwise the exit code, and told. */
int messages_read(const char *path, jopa_options *o);
/* The same from parsed JSON (a json_t *); `where` names it in messages. */
int messages_add(const void *json, const char *where, jopa_options *o);

#endif
