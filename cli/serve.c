#include <serve.h>
#include <stdio.h>

#include "command.h"
#include "options.h"
#include "progress.h"
#include "say.h"

/* The address, which may hold a new token, is told once. */
static void tell_address(void *user, const char *address, bool made) {
    const options *o = user;
    progress_end(o->line);
    puts(address);
    fflush(stdout);
    if (made && !options_on(o, "quiet")) say(0, "that link has the token, which is not shown again");
}

static int run_serve(int argc, const char **argv) {
    options       o;
    jopa_options *found = NULL;
    jopa_error    e = {0};
    int           code = options_parse(&o, false, argc, argv, "[OPTION...]");
    if (code < 0 && o.positional)
        code = say(EXIT_USAGE, "unexpected argument '%s': `jopa serve` takes none; ask it on its page", o.positional);
    if (code < 0) options_listen(&o);
    if (code < 0) code = options_find_files(&o, &found);
    serve_caller caller = {tell_address, &o};
    if (code < 0) code = serve_run(found, &caller, &e) ? say_error(&e) : EXIT_DONE;
    jopa_options_free(found);
    options_free(&o);
    return code;
}

const command serve_command = {"serve", "", "a web page and an HTTP interface, on this machine", true, run_serve};
