#include "ask.h"
#include "command.h"
#include "say.h"

/* The library scores with nothing hidden, too. */
static int check_sets(const options *o) {
    return options_given(o, "hide") ? -1
                                    : say(EXIT_USAGE, "no set to score: give --hide, such as 3,5-7 or doctor,patient");
}

static int run_score(int argc, const char **argv) {
    options      o;
    jopa_result *r = NULL;
    int          code = options_parse(&o, false, argc, argv, "[OPTION...] [PROMPT]");
    if (code < 0) code = ask_checked(&o, check_sets, jopa_score, &r);
    jopa_result_free(r);
    options_free(&o);
    return code;
}

const command score_command = {"score", "[PROMPT]", "the drops of sets that you name: --hide doctor,patient", true,
                               run_score};
