#include "ask.h"
#include "command.h"

static int run_compress(int argc, const char **argv) { return ask_question(jopa_compress, argc, argv); }

const command compress_command = {"compress", "[PROMPT]", "a shorter prompt with the same answer", true, run_compress};
