#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jopa.h>

#include "command.h"
#include "help.h"
#include "say.h"

/* Threads that spin at a barrier for long (libgomp's default) are up to five times slower than one thread where other
 * work keeps the cores busy; a short spin costs nothing on idle cores. libgomp reads this before main, so start anew.
 */
static void spin_briefly(char **argv) {
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") || setenv("GOMP_SPINCOUNT", "5000", 0)) return;
    execv("/proc/self/exe", argv); /* returns only where it fails: then as before */
}

int main(int argc, char **argv) {
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    bool        version = !strcmp(name, "--version") || !strcmp(name, "-V");
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) name = "help";
    const command *c = command_find(name);
    if (!c && !version) return say(EXIT_USAGE, "unknown command '%s': see `jopa help`", name);
    if (version) puts("jopa " JOPA_VERSION);
    else if (c->computes) spin_briefly(argv);
    int code = version ? EXIT_DONE : c->run(argc - 1, (const char **)argv + 1);
    if (fflush(stdout) && code == EXIT_DONE) return say(EXIT_FAILED, "standard output could not be written");
    return code;
}
