#include <stddef.h>
#include <string.h>

#include "command.h"

extern const command explain_command, compare_command, score_command, bench_command, audit_command, cite_command,
    compress_command, render_command, list_command, model_command, help_command, serve_command;

static const command *const commands[] = {
    &explain_command,  &compare_command, &score_command,  &bench_command, &cite_command,  &audit_command,
    &compress_command, &serve_command,   &render_command, &list_command,  &model_command, &help_command,
};

const command *command_at(int index) {
    return index >= 0 && index < (int)(sizeof commands / sizeof *commands) ? commands[index] : NULL;
}

const command *command_find(const char *name) {
    for (int i = 0; command_at(i); i++)
        if (!strcmp(command_at(i)->name, name)) return command_at(i);
    return NULL;
}
