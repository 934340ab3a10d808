#include "ask.h"

#include "command.h"
#include "output.h"
#include "progress.h"
#include "say.h"

int ask_checked(options *o, int (*check)(const options *o), ask_function ask, jopa_result **result) {
    jopa_model *m = NULL;
    jopa_error  e = {0};
    int         code = output_check(o);
    if (code < 0) code = options_question(o);
    if (code < 0 && check) code = check(o);
    if (code < 0) options_listen(o);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) {
        int status = ask(result, m, o->asked, &e);
        progress_end(o->line);
        code = status ? say_error(&e) : output_result(o, *result);
        if (code == EXIT_DONE && jopa_result_interrupted(*result)) code = EXIT_INTERRUPTED;
    }
    jopa_model_free(m);
    return code;
}

int ask_parsed(options *o, ask_function ask, jopa_result **result) { return ask_checked(o, NULL, ask, result); }

int ask_question(ask_function ask, int argc, const char **argv) {
    options      o;
    jopa_result *r = NULL;
    int          code = options_parse(&o, false, argc, argv, "[OPTION...] [PROMPT]");
    if (code < 0) code = ask_parsed(&o, ask, &r);
    jopa_result_free(r);
    options_free(&o);
    return code;
}
