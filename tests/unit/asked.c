#include "asked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

static void set_pairs(jopa_options *o, va_list pairs) {
    const char *name;
    jopa_error  e = {0};
    while ((name = va_arg(pairs, const char *)))
        if (jopa_options_set(o, name, va_arg(pairs, const char *), &e)) fail_msg("%s: %s", name, e.message);
}

jopa_options *asked(const char *command, ...) {
    jopa_options *o = NULL;
    jopa_error    e = {0};
    va_list       pairs;
    if (jopa_options_new(&o, command, &e)) fail_msg("%s", e.message);
    va_start(pairs, command);
    set_pairs(o, pairs);
    va_end(pairs);
    return o;
}

void ask_also(jopa_options *o, ...) {
    va_list pairs;
    va_start(pairs, o);
    set_pairs(o, pairs);
    va_end(pairs);
}
