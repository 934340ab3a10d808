#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int jp_fail(jopa_error *e, int code, const char *format, ...) {
    if (e) {
        va_list args;
        va_start(args, format);
        e->code = code;
        vsnprintf(e->message, sizeof e->message, format, args);
        va_end(args);
        for (char *p = e->message; *p; p++) /* one line, whatever the arguments held */
            if (*p == '\n' || *p == '\r') *p = ' ';
    }
    return code;
}

int jp_fail_memory(jopa_error *e) {
    if (e) {
        e->code = JOPA_ERROR_MEMORY;
        strcpy(e->message, "out of memory: use a smaller model, a shorter prompt or a smaller --ctx");
    }
    return JOPA_ERROR_MEMORY;
}
