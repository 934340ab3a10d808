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

/* printf into out[room] in the "C" locale, as one line of valid UTF-8 whatever the arguments held: control characters
 * and line separators become spaces, unseen characters marks (unseen.h), bytes that are no UTF-8 become U+FFFD, and
 * what is too long (for `room`, or more than 1023 bytes) ends between two characters. jp_fail writes its messages so.
 */
void jp_one_line(char *out, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same as jp_fail for an exhausted heap: no formatting, no allocation. */
int jp_fail_memory(jopa_error *e);

#endif
