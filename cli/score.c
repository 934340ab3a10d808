#include <stdbool.h>

#include "ask.h"
#include "command.h"
#include "say.h"

static int run_score(int argc, const char **argv) {
    options      o;
    jopa_result *r = NULL;
    int          code = options_parse(&o, false, argc, argv, "[OPTION...] [PROMPT]");
    bool         empty = code < 0 && !options_given(&o, "hide");
    if (empty) code = options_question(&o);
    if (empty && code < 0) code = say(EXIT_USAGE, "no set to score: give --hide, such as 3,5-7 or doctor,patient");
    if (code < 0) code = ask_parsed(&o, jopa_score, &r);
    jopa_result_free(r);
    options_free(&o);
    return code;
}

const command score_command = {"score", "[PROMPT]", "the drops of sets that you name: --hide doctor,patient", true,
                               run_score};
