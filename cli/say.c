#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "command.h"

int say(int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("jopa: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

int say_error(const jopa_error *e) { return say(e->code == JOPA_ERROR_USAGE ? EXIT_USAGE : EXIT_FAILED, "%s", e->message); }
