#include "command.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "say.h"

static int compare_methods(options *o) {
    jopa_explain_options x;
    jopa_model          *m = NULL;
    jopa_result         *r = NULL;
    jopa_error           e = {0};
    int                  code = output_check(o);
    if (code < 0) code = options_question(o, &x);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) {
        int status = jopa_compare(&r, m, &x, o->method ? o->method : "jopa,ablation,random", &e);
        progress_end(x.user);
        code = status ? say_error(&e) : output_result(o, r);
        if (code == EXIT_DONE && jopa_result_interrupted(r)) code = EXIT_INTERRUPTED;
    }
    jopa_result_free(r);
    jopa_model_free(m);
    return code;
}

static int run_compare(int argc, const char **argv) {
    options o;
    options_init(&o);
    int code = options_parse(&o, OPTIONS_MODEL | OPTIONS_QUESTION | OPTIONS_SEARCH | OPTIONS_OUTPUT, argc, argv,
                             "[OPTION...] [PROMPT]");
    if (code < 0) code = compare_methods(&o);
    options_free(&o);
    return code;
}

const command compare_command = {"compare", "[PROMPT]", "several methods side by side: --method NAME,NAME…",
                                 run_compare};
