#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "default-model.h"
#include "options.h"
#include "say.h"

static int run_model(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, false, argc, argv, "[OPTION...]");
    if (code < 0 && o.positional)
        code = say(EXIT_USAGE, "unexpected argument '%s': `jopa model` takes none", o.positional);
    if (code < 0) {
        char *path = default_model(false);
        code = path ? EXIT_DONE : EXIT_FAILED;
        if (path) puts(path);
        free(path);
    }
    options_free(&o);
    return code;
}

const command model_command = {"model", "", "fetch the default model where it is missing, print its path", false,
                               run_model};
