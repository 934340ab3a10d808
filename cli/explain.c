#include "command.h"
#include "many.h"

static int run_explain(int argc, const char **argv) { return many_or_one(jopa_explain, argc, argv); }

const command explain_command = {"explain", "[PROMPT]", "the set of units that jointly causes the response", true,
                                 run_explain};
