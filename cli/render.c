#include <stdlib.h>

#include "command.h"
#include "file.h"
#include "options.h"
#include "output.h"
#include "say.h"

static int render(options *o) {
    if (!o->positional)
        return say(EXIT_USAGE, "no result: give a file that `jopa explain --format json` wrote, or `-`");
    int code = output_check(o);
    if (code >= 0) return code;
    size_t size = 0;
    char  *json = file_read(o->positional, &size);
    if (!json) return EXIT_FAILED;
    jopa_result *r = NULL;
    jopa_error   e = {0};
    code = jopa_result_parse(&r, json, size, &e) ? say(EXIT_FAILED, "'%s': %s", o->positional, e.message)
                                                 : output_result(o, r);
    jopa_result_free(r);
    free(json);
    return code;
}

static int run_render(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, false, argc, argv, "[OPTION...] RESULT.json");
    if (code < 0) code = render(&o);
    options_free(&o);
    return code;
}

const command render_command = {"render", "RESULT.json", "any report from a saved result", false, run_render};
