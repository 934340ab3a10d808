/* What the command says on stderr. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <jopa.h>

/* One line, "jopa: ...", on stderr; returns `code`. */
int say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The library's error; returns EXIT_USAGE for wrong usage, EXIT_FAILED otherwise. */
int say_error(const jopa_error *e);

#endif
