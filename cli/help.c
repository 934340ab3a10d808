#include "help.h"

#include <jopa.h>
#include <string.h>

#include "command.h"
#include "completion.h"
#include "manual.h"
#include "say.h"

extern const command help_command;

void help_overview(FILE *out) {
    fputs("jopa " JOPA_VERSION ": which parts of a prompt jointly cause a language model's response\n\nCommands:\n",
          out);
    for (int i = 0; command_at(i); i++) fprintf(out, "  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
    fputs("\n`jopa help COMMAND` tells its options; `jopa --version` the version.\n"
          "`jopa help --man` prints the manual page, `jopa help --completion bash` (zsh, fish)\n"
          "a completion script.\n"
          "Example: jopa explain \"Write a short story where the doctor and the patient become friends.\"\n",
          out);
}

/* --man, --completion SHELL, or the overview. */
static int run_help_option(int argc, const char **argv) {
    const char *option = argv[1], *shell = argc > 2 ? argv[2] : "";
    if (!strncmp(option, "--completion=", 13)) shell = option + 13;
    else if (!strcmp(option, "--man")) return manual_write(stdout), EXIT_DONE;
    else if (strcmp(option, "--completion")) {
        if (strcmp(option, "-h") && strcmp(option, "--help"))
            return say(EXIT_USAGE, "%s: unknown option; `jopa help` has --man and --completion SHELL", option);
        help_overview(stdout);
        return EXIT_DONE;
    }
    return completion_write(stdout, shell) ? EXIT_DONE : say(EXIT_USAGE, "--completion %s: bash, zsh or fish", shell);
}

static int run_help(int argc, const char **argv) {
    if (argc > 1 && argv[1][0] == '-') return run_help_option(argc, argv);
    const command *c = argc > 1 ? command_find(argv[1]) : &help_command;
    if (!c) return say(EXIT_USAGE, "unknown command '%s': see `jopa help`", argv[1]);
    if (c == &help_command) {
        help_overview(stdout);
        return EXIT_DONE;
    }
    const char *ask[] = {c->name, "--help", NULL};
    return c->run(2, ask);
}

const command help_command = {"help", "[COMMAND]", "this overview, or the options of a command", false, run_help};
