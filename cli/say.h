/* What the command says on stderr. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <jopa.h>

/* One line, "jopa: ...", on stderr; returns `code`. */
int say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, as far as it fits room bytes (and 200 of it), on one line without what steers a terminal. */
void clean_text(const char *text, char *out, size_t room);
/* The library's error, options named as the command has them; returns EXIT_USAGE for wrong usage, EXIT_INTERRUPTED for
 * an interruption, EXIT_FAILED otherwise. */
int say_error(const jopa_error *e);

#endif
