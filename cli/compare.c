#include "ask.h"
#include "command.h"

static int run_compare(int argc, const char **argv) { return ask_question(jopa_compare, argc, argv); }

const command compare_command = {"compare", "[PROMPT]", "several methods side by side: --method NAME,NAME…", true,
                                 run_compare};
