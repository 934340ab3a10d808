/* Options in one line: asked("explain", "prompt", "Hello", "unit", "word", NULL). A value of NULL takes back what was
 * set. A value that is refused fails the test. */
#ifndef ASKED_H
#define ASKED_H

#include <jopa.h>

/* The caller frees them. */
jopa_options *asked(const char *command, ...) __attribute__((sentinel));
void          ask_also(jopa_options *o, ...) __attribute__((sentinel));

#endif
