/* Completion scripts from the table of options: `jopa help --completion SHELL`. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <jopa.h>
#include <stdbool.h>
#include <stdio.h>

/* Write the script for `shell`: bash, zsh or fish. False: another. */
bool completion_write(FILE *out, const char *shell);

void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

/* What an option takes, and what an argument of a command is. */
typedef enum { TAKES_NOTHING, TAKES_FILE, TAKES_NAME, TAKES_LIST, TAKES_ANYTHING } taking;

taking option_takes(const char *command, const jopa_option_info *o);
/* The names that the option takes, `separator` between them. */
void option_names(FILE *out, const char *command, const jopa_option_info *o, const char *separator);
/* The command's arguments: TAKES_FILE, TAKES_NAME (see argument_names), TAKES_ANYTHING (a prompt) or TAKES_NOTHING. */
taking argument_takes(const char *command);
void   argument_names(FILE *out, const char *command, const char *separator);
/* The words that `jopa` alone takes: commands, or with `options` --help and --version too. */
void command_names(FILE *out, const char *separator);
/* The next option of a command that has a flag; *index begins at 0. NULL past the end. */
const jopa_option_info *next_flag(const char *command, int *index);

/* What `jopa help` takes beside a command: shells of --completion. */
extern const char *const completion_shells[]; /* NULL at the end */

#endif
