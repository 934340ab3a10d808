#include "command.h"
#include "many.h"

static int run_cite(int argc, const char **argv) { return many_or_one(jopa_cite, argc, argv); }

const command cite_command = {"cite", "[QUESTION]", "which sentences of documents an answer comes from", true,
                              run_cite};
