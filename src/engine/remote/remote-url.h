/* Addresses of servers. */
#ifndef JP_REMOTE_URL_H
#define JP_REMOTE_URL_H

#include "base/error.h"

/* Whether an engine's name is the address of a server, or several with commas. */
bool jp_url_is(const char *name);

/* malloc'd *bases[*n] of a list with commas, without a user, a question mark, "/v1" or a slash at the end; the caller
 * frees each and the array. JOPA_ERROR_USAGE says which is wrong. */
int jp_url_list(char ***bases, int *n, const char *list, jopa_error *e);

#endif
