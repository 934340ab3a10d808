#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "command.h"

int say(int code, const char *format, ...) {
    char    line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *p = line; *p; p++) /* one line, whatever the arguments held */
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' ';
    fprintf(stderr, "jopa: %s\n", line);
    return code;
}

int say_error(const jopa_error *e) {
    return say(e->code == JOPA_ERROR_USAGE ? EXIT_USAGE : EXIT_FAILED, "%s", e->message);
}
