/* The commands. To add one: write cli/NAME.c with one `const command NAME_command`, list it in cli/table.c. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TRIGGERED = 3, EXIT_INTERRUPTED = 130 };

typedef struct {
    const char *name;
    const char *usage; /* what follows the name */
    const char *summary;
    bool        computes; /* it runs a model, on all cores */
    /* argv[0] is the command's name. Returns the exit code; has said what went wrong. */
    int (*run)(int argc, const char **argv);
} command;

const command *command_at(int index); /* NULL past the end */
const command *command_find(const char *name);

#endif
