#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* The command's syntax of an option that a message names: `max_tokens` is --max-tokens. NULL: no option. */
static const char *flag_of(const char *name, size_t size) {
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at(NULL, i)); i++)
        if (strlen(o->name) == size && !memcmp(o->name, name, size)) return o->flag;
    return NULL;
}

int say_error(const jopa_error *e) {
    char        line[2 * sizeof e->message] = "";
    size_t      used = 0;
    const char *at = e->message;
    while (*at && used < sizeof line - 1) {
        const char *end = *at == '`' ? strchr(at + 1, '`') : NULL;
        const char *flag = end ? flag_of(at + 1, (size_t)(end - at - 1)) : NULL;
        if (flag) used += (size_t)snprintf(line + used, sizeof line - used, "--%s", flag);
        else line[used++] = *at;
        at = flag ? end + 1 : at + 1;
    }
    int code = e->code == JOPA_ERROR_USAGE         ? EXIT_USAGE
               : e->code == JOPA_ERROR_INTERRUPTED ? EXIT_INTERRUPTED
                                                   : EXIT_FAILED;
    return say(code, "%s", line);
}
