/* A call of _arguments for each command. */
#include <string.h>

#include "command.h"
#include "completion.h"

/* A text inside single quotes and, where `special` has them, with a backslash before these characters. */
static void put_quoted_zsh(FILE *out, const char *text, const char *special) {
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\'", out);
        else if (strchr(special, *text)) fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_action_zsh(FILE *out, const char *command, const jopa_option_info *o) {
    taking takes = option_takes(command, o);
    if (takes == TAKES_NOTHING) return;
    fputc(':', out);
    put_quoted_zsh(out, o->argument, ":");
    fputs(takes == TAKES_FILE   ? ":_files"
          : takes == TAKES_NAME ? ":("
          : takes == TAKES_LIST ? ":_sequence compadd - "
                                : ":",
          out);
    if (takes == TAKES_NAME || takes == TAKES_LIST) option_names(out, command, o, " ");
    if (takes == TAKES_NAME) fputc(')', out);
}

/* '(-m --model)'{-m+,--model=}'[help]:FILE:_files' */
static void put_option_zsh(FILE *out, const char *command, const jopa_option_info *o) {
    bool        many = !strcmp(o->type, "texts"), value = option_takes(command, o) != TAKES_NOTHING;
    const char *equals = value ? "=" : "", *plus = value ? "+" : "";
    fputs("            ", out);
    if (o->letter) fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->flag, o->letter, plus, o->flag, equals);
    else fprintf(out, "'%s--%s%s[", many ? "*" : "", o->flag, equals);
    put_quoted_zsh(out, o->help, "[]");
    fputc(']', out);
    put_action_zsh(out, command, o);
    fputs("' \\\n", out);
}

static void put_argument_zsh(FILE *out, const char *command) {
    taking takes = argument_takes(command);
    if (takes == TAKES_FILE) fputs("            '*:file:_files'", out);
    if (takes == TAKES_ANYTHING) fputs("            '1:prompt:'", out);
    if (takes == TAKES_NAME) {
        fputs("            '1:what:(", out);
        argument_names(out, command, " ");
        fputs(")'", out);
    }
    fputs(takes == TAKES_NOTHING ? "            ;;\n" : " ;;\n", out);
}

static void put_command_zsh(FILE *out, const char *command) {
    const jopa_option_info *o;
    int                     index = 0;
    fprintf(out, "        %s)\n            _arguments -s \\\n", command);
    while ((o = next_flag(command, &index))) put_option_zsh(out, command, o);
    fputs("            '(-h --help)'{-h,--help}'[this help]' \\\n", out);
    put_argument_zsh(out, command);
}

static void put_help_zsh(FILE *out) {
    fputs("        help)\n            _arguments -s \\\n"
          "            '(-h --help)'{-h,--help}'[this help]' \\\n"
          "            '--man[the manual page]' \\\n"
          "            '--completion[a completion script]:SHELL:(",
          out);
    for (int i = 0; completion_shells[i]; i++) fprintf(out, "%s%s", i ? " " : "", completion_shells[i]);
    fputs(")' \\\n", out);
    put_argument_zsh(out, "help");
}

void completion_zsh(FILE *out) {
    fputs("#compdef jopa\n# zsh completion for jopa, as `jopa help --completion zsh` prints it\n"
          "_jopa() {\n    local -a commands\n    commands=(\n",
          out);
    for (int i = 0; command_at(i); i++) {
        fprintf(out, "        '%s:", command_at(i)->name);
        put_quoted_zsh(out, command_at(i)->summary, ":");
        fputs("'\n", out);
    }
    fputs("    )\n    if ((CURRENT == 2)); then\n        _describe command commands\n"
          "        compadd -- --help --version\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n    case $command in\n",
          out);
    for (int i = 0; command_at(i); i++)
        if (strcmp(command_at(i)->name, "help")) put_command_zsh(out, command_at(i)->name);
    put_help_zsh(out);
    fputs("    esac\n}\n\nif [[ $funcstack[1] == _jopa ]]; then _jopa \"$@\"; else compdef _jopa jopa; fi\n", out);
}
