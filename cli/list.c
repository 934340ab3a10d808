#include <stdio.h>
#include <string.h>

#include "command.h"
#include "list.h"
#include "options.h"
#include "say.h"
#include "servers.h"

static const char *const tables[] = {"methods", "operators", "units",  "metrics",
                                     "formats", "engines",   "stages", "options"};

const char *list_table(int index) {
    return index >= 0 && index < (int)(sizeof tables / sizeof *tables) ? tables[index] : NULL;
}

/* The table `what`; with a model also what its engine can do with it. */
static void print_list(const char *what, const char *file, const jopa_model *m) {
    jopa_name name;
    for (int i = 0; jopa_list(what, i, &name); i++) printf("%-20s %s\n", name.name, name.summary);
    if (m) printf("  with %s: %s\n", file, jopa_model_capabilities(m));
    if (m && *jopa_model_devices(m)) printf("  computed by %s\n", jopa_model_devices(m));
}

/* "1..16777216", "0.." where nobody reaches the end, "" where there is none. */
static const char *range_of(const jopa_option_info *o, char *out, size_t size) {
    bool number = !strcmp(o->type, "integer") || !strcmp(o->type, "number");
    *out = '\0';
    if (!number || o->least < -1e9) return out;
    int n = snprintf(out, size, "%.12g..", o->least);
    if (o->most < 2e9) snprintf(out + n, size - (size_t)n, "%.9g", o->most);
    return out;
}

/* Every option by the name that the library and results have for it: type, default, range, help. */
static int print_options(void) {
    const jopa_option_info *o;
    char                    range[64];
    printf("%-20s %-8s %-20s %-11s %s\n", "name", "type", "default", "range", "meaning");
    for (int i = 0; (o = jopa_option_at(NULL, i)); i++)
        printf("%-20s %-8s %-20s %-11s %s\n", o->name, o->type, o->fallback ? o->fallback : "",
               range_of(o, range, sizeof range), o->help);
    return EXIT_DONE;
}

static int list(options *o) {
    const char *model = options_text(o, "model");
    bool        known = false;
    for (int i = 0; o->positional && list_table(i); i++) known |= !strcmp(list_table(i), o->positional);
    if (!known)
        return say(EXIT_USAGE, "list what? methods, operators, units, metrics, formats, engines, stages or options");
    if (!strcmp(o->positional, "options")) return print_options();
    jopa_model *m = NULL;
    bool        opens = model || servers_asked(o);
    int         code = opens && !strcmp(o->positional, "engines") ? options_open_model(o, &m) : -1;
    if (code >= 0) return code;
    print_list(o->positional, o->path ? o->path : "it", m);
    jopa_model_free(m);
    return EXIT_DONE;
}

static const char usage[] = "[OPTION...] WHAT\n"
                            "WHAT is methods, operators, units, metrics, formats, engines, stages or options.";

static int run_list(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, false, argc, argv, usage);
    if (code < 0) code = list(&o);
    options_free(&o);
    return code;
}

const command list_command = {"list", "WHAT", "methods, operators, units, metrics, formats, engines, stages, options",
                              false, run_list};
