#include "command.h"
#include "many.h"

static int run_compare(int argc, const char **argv) { return many_or_one(jopa_compare, argc, argv); }

const command compare_command = {"compare", "[PROMPT]", "several methods side by side: --method NAME,NAME…", true,
                                 run_compare};
