#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "say.h"

static const char *const tables[] = {"methods", "operators", "units", "metrics", "formats", "engines"};

/* The table `what`; with a model also what its engine can do with it. */
static void print_list(const char *what, const char *file, const jopa_model *m) {
    jopa_name name;
    for (int i = 0; jopa_list(what, i, &name); i++) printf("%-20s %s\n", name.name, name.summary);
    if (m) printf("  with %s: %s\n", file, jopa_model_capabilities(m));
}

static int list(options *o) {
    bool known = false;
    for (size_t i = 0; o->positional && i < sizeof tables / sizeof *tables; i++)
        known |= !strcmp(tables[i], o->positional);
    if (!known) return say(EXIT_USAGE, "list what? methods, operators, units, metrics, formats or engines");
    jopa_model *m = NULL;
    int         code = o->model && !strcmp(o->positional, "engines") ? options_open_model(o, &m) : -1;
    if (code >= 0) return code;
    print_list(o->positional, o->model, m);
    jopa_model_free(m);
    return EXIT_DONE;
}

static int run_list(int argc, const char **argv) {
    options o;
    options_init(&o);
    int code =
        options_parse(&o, OPTIONS_MODEL, argc, argv, "[OPTION...] methods|operators|units|metrics|formats|engines");
    if (code < 0) code = list(&o);
    options_free(&o);
    return code;
}

const command list_command = {"list", "WHAT", "methods, operators, units, metrics, formats or engines", run_list};
