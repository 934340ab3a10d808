#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "say.h"

static const char *const tables[] = {"methods", "operators", "units", "metrics", "formats", "engines", "stages"};

/* The table `what`; with a model also what its engine can do with it. */
static void print_list(const char *what, const char *file, const jopa_model *m) {
    jopa_name name;
    for (int i = 0; jopa_list(what, i, &name); i++) printf("%-20s %s\n", name.name, name.summary);
    if (m) printf("  with %s: %s\n", file, jopa_model_capabilities(m));
}

/* Every option by the name that the library and results have for it, with its type and default. */
static int print_options(void) {
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at(NULL, i)); i++) printf("%-20s %-8s %s\n", o->name, o->type, o->help);
    return EXIT_DONE;
}

static int list(options *o) {
    const char *model = options_text(o, "model");
    bool        known = false;
    if (o->positional && !strcmp(o->positional, "options")) return print_options();
    for (size_t i = 0; o->positional && i < sizeof tables / sizeof *tables; i++)
        known |= !strcmp(tables[i], o->positional);
    if (!known)
        return say(EXIT_USAGE, "list what? methods, operators, units, metrics, formats, engines, stages or options");
    jopa_model *m = NULL;
    int         code = model && !strcmp(o->positional, "engines") ? options_open_model(o, &m) : -1;
    if (code >= 0) return code;
    print_list(o->positional, options_text(o, "model"), m);
    jopa_model_free(m);
    return EXIT_DONE;
}

static int run_list(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, false, argc, argv,
                                 "[OPTION...] methods|operators|units|metrics|formats|engines|stages|options");
    if (code < 0) code = list(&o);
    options_free(&o);
    return code;
}

const command list_command = {"list", "WHAT", "methods, operators, units, metrics, formats, engines or options", false,
                              run_list};
