/* Allocations of libjopa that fail when told to. A test of that kind is called test_memory*: the linker gives its
 * libjopa the functions __wrap_malloc and so on of failing_memory.c. Those of libllama, ggml, ICU and jansson are their
 * own. */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

#include "base/error.h"

/* Allocations until one fails; below 0: none does. What a test does beside the work is done with -1. */
extern long memory_left;

/* Run `work` with its first allocation failing, then its second, until none does, and the same with all failing from
 * there on; of long works, samples of the later ones. It returns its status, checks what it made and frees it. It has
 * to succeed, or to fail with JOPA_ERROR_MEMORY. */
void fail_each(int (*work)(void *user, jopa_error *e), void *user);
/* The two are the same; frees `got`. */
void check_same(char *got, const char *expected, const char *what);
/* How many allocations failed so far. */
long failed_points(void);

#endif
