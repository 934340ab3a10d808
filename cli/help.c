#include "help.h"

#include <jopa.h>

#include "command.h"
#include "say.h"

void help_overview(FILE *out) {
    fputs("jopa " JOPA_VERSION ": which parts of a prompt jointly cause a language model's response\n\nCommands:\n",
          out);
    for (int i = 0; command_at(i); i++) fprintf(out, "  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
    fputs("\n`jopa help COMMAND` tells its options; `jopa --version` the version.\n"
          "Example: jopa explain \"Write a short story where the doctor and the patient become friends.\"\n",
          out);
}

static int run_help(int argc, const char **argv) {
    if (argc < 2 || argv[1][0] == '-') {
        help_overview(stdout);
        return EXIT_DONE;
    }
    const command *c = command_find(argv[1]);
    if (!c) return say(EXIT_USAGE, "unknown command '%s': see `jopa help`", argv[1]);
    if (c->run == run_help) {
        help_overview(stdout);
        return EXIT_DONE;
    }
    const char *ask[] = {c->name, "--help", NULL};
    return c->run(2, ask);
}

const command help_command = {"help", "[COMMAND]", "this overview, or the options of a command", false, run_help};
