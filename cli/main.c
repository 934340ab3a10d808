#include <stdio.h>
#include <string.h>

#include <jopa.h>

#include "command.h"
#include "help.h"
#include "say.h"

int main(int argc, char **argv) {
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) return puts("jopa " JOPA_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) name = "help";
    const command *c = command_find(name);
    if (!c) return say(EXIT_USAGE, "unknown command '%s': see `jopa help`", name);
    int code = c->run(argc - 1, (const char **)argv + 1);
    if (fflush(stdout) && code == EXIT_DONE) return say(EXIT_FAILED, "standard output could not be written");
    return code;
}
