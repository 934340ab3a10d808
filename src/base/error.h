/* Errors: the public jopa_error, filled by one function. */
#ifndef JP_ERROR_H
#define JP_ERROR_H

#include "jopa.h"

/* Codes are those of jopa.h (JOPA_OK, ...); JP_STOP is internal: a limit was reached,
 * the run is to end with the best found so far. It is never shown to the caller. */
enum { JP_OK = JOPA_OK, JP_STOP = -1 };

/* Fill `e` (may be NULL) with `code` and a one-line message; returns `code`,
 * so that a caller can write `return jp_fail(e, JOPA_ERROR_INPUT, "...")`. */
int jp_fail(jopa_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for an exhausted heap: no formatting, no allocation. */
int jp_fail_memory(jopa_error *e);

#endif
