#include "command.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "say.h"

static int explain(options *o) {
    jopa_explain_options x;
    jopa_model          *m = NULL;
    jopa_result         *r = NULL;
    jopa_error           e = {0};
    int                  code = output_check(o);
    if (code < 0) code = options_question(o, &x);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) {
        int status = jopa_explain(&r, m, &x, &e);
        progress_end(x.user);
        code = status ? say_error(&e) : output_result(o, r);
        if (code == EXIT_DONE && jopa_result_interrupted(r)) code = EXIT_INTERRUPTED;
    }
    jopa_result_free(r);
    jopa_model_free(m);
    return code;
}

static int run_explain(int argc, const char **argv) {
    options o;
    options_init(&o);
    const struct poptOption own[] = {
        {"repeat", 0, POPT_ARG_INT, &o.repeat, 0, "search with the seeds 1..N too: how often is each unit selected?",
         "N"},
        {"operators", 0, POPT_ARG_STRING, &o.operators, 0, "the set's drop under these operators too, or under `all`",
         "LIST"},
    };
    o.own = own;
    o.n_own = (int)(sizeof own / sizeof *own);
    int code = options_parse(&o, OPTIONS_MODEL | OPTIONS_QUESTION | OPTIONS_SEARCH | OPTIONS_OUTPUT, argc, argv,
                             "[OPTION...] [PROMPT]");
    if (code < 0) code = explain(&o);
    options_free(&o);
    return code;
}

const command explain_command = {"explain", "[PROMPT]", "the set of units that jointly causes the response",
                                 run_explain};
