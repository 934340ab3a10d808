/* --store DIR: results as files DIR/ID.json, as the command writes them. */
#ifndef SERVE_STORE_H
#define SERVE_STORE_H

#include <jopa.h>

/* Whole or not at all, and on the disk when it returns. A folder of NULL: nothing is stored. */
int store_write(const char *folder, const char *id, const char *json, size_t size, jopa_error *e);
/* The result, malloc'd, and the name of its command; NULL: there is none that can be read. */
char *store_read(const char *folder, const char *id, const char **command, size_t *size);
void  store_remove(const char *folder, const char *id);
/* Remove what a server that was killed was about to write. */
void store_tidy(const char *folder);
/* The command that a result is of, a static name; NULL: no result, or of none. */
const char *result_command(const char *json, size_t size, jopa_error *e);

#endif
