#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

int fail(jopa_error *e, int code, const char *format, ...) {
    va_list args;
    if (!e) return code;
    e->code = code;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    return code;
}

int fail_no_memory(jopa_error *e) { return fail(e, JOPA_ERROR_MEMORY, "out of memory"); }
