#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stdio.h>

/* The manual page jopa.1, in the macros of man(7). */
void manual_write(FILE *out);

#endif
