/* A line for each option of each command. */
#include <string.h>

#include "command.h"
#include "completion.h"

/* A text inside single quotes. */
static void put_quoted_fish(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_condition(FILE *out, const char *command) {
    fprintf(out, "complete -c jopa -n '__fish_seen_subcommand_from %s'", command);
}

static void put_help_text(FILE *out, const char *text) {
    fputs(" -d '", out);
    put_quoted_fish(out, text);
    fputs("'\n", out);
}

static void put_value_fish(FILE *out, const char *command, const jopa_option_info *o) {
    switch (option_takes(command, o)) {
    case TAKES_NOTHING: break;
    case TAKES_FILE: fputs(" -r -F", out); break;
    case TAKES_ANYTHING: fputs(" -x", out); break;
    case TAKES_NAME:
        fputs(" -x -a '", out);
        option_names(out, command, o, " ");
        fputs("'", out);
        break;
    case TAKES_LIST:
        fputs(" -x -a '(__fish_complete_list , \"string split , ", out);
        option_names(out, command, o, ",");
        fputs("\")'", out);
        break;
    }
}

static void put_argument_fish(FILE *out, const char *command) {
    taking takes = argument_takes(command);
    if (takes != TAKES_FILE && takes != TAKES_NAME) return;
    put_condition(out, command);
    if (takes == TAKES_FILE) fputs(" -F\n", out);
    else {
        fputs(" -a '", out);
        argument_names(out, command, " ");
        fputs("'\n", out);
    }
}

static void put_command_fish(FILE *out, const char *command) {
    const jopa_option_info *o;
    int                     index = 0;
    while ((o = next_flag(command, &index))) {
        put_condition(out, command);
        if (o->letter) fprintf(out, " -s %c", o->letter);
        fprintf(out, " -l %s", o->flag);
        put_value_fish(out, command, o);
        put_help_text(out, o->help);
    }
    put_condition(out, command);
    fputs(" -s h -l help -d 'this help'\n", out);
    put_argument_fish(out, command);
}

void completion_fish(FILE *out) {
    fputs("# fish completion for jopa, as `jopa help --completion fish` prints it\ncomplete -c jopa -f\n", out);
    for (int i = 0; command_at(i); i++) {
        fprintf(out, "complete -c jopa -n __fish_use_subcommand -a %s", command_at(i)->name);
        put_help_text(out, command_at(i)->summary);
    }
    fputs("complete -c jopa -n __fish_use_subcommand -s h -l help -d 'this overview'\n"
          "complete -c jopa -n __fish_use_subcommand -s V -l version -d 'the version'\n",
          out);
    for (int i = 0; command_at(i); i++) put_command_fish(out, command_at(i)->name);
    put_condition(out, "help");
    fputs(" -l man -d 'the manual page'\n", out);
    put_condition(out, "help");
    fputs(" -l completion -x -a '", out);
    for (int i = 0; completion_shells[i]; i++) fprintf(out, "%s%s", i ? " " : "", completion_shells[i]);
    fputs("' -d 'a completion script'\n", out);
}
