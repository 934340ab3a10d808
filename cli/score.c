#include "ask.h"
#include "command.h"

static int run_score(int argc, const char **argv) { return ask_question(jopa_score, argc, argv); }

const command score_command = {"score", "[PROMPT]", "the drops of sets that you name: --hide doctor,patient", true,
                               run_score};
