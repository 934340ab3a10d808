#ifndef CLI_MESSAGES_H
#define CLI_MESSAGES_H

#include <jopa.h>

/* Read a JSON array of {role, content}. -1: *out holds *n messages whose texts live in *json; both are freed by
 * messages_free. Otherwise the exit code; said what was wrong. */
int messages_read(const char *path, jopa_message **out, int *n, void **json);
/* The same from parsed JSON (a json_t *), which stays the caller's; `where` names it in messages. *out is freed by
 * messages_free with NULL. */
int  messages_from(const void *json, const char *where, jopa_message **out, int *n);
void messages_free(jopa_message *messages, void *json);

#endif
