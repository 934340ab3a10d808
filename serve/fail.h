#ifndef SERVE_FAIL_H
#define SERVE_FAIL_H

#include <jopa.h>

/* Fill `e` (may be NULL) and return `code`. */
int fail(jopa_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int fail_no_memory(jopa_error *e);

#endif
