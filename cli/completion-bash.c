/* One function, without the package bash-completion: a case for each command, in it one for each option that takes
 * something. */
#include <string.h>

#include "command.h"
#include "completion.h"

static void put_pattern_bash(FILE *out, const jopa_option_info *o) {
    if (o->letter) fprintf(out, "        -%c | --%s)", o->letter, o->flag);
    else fprintf(out, "        --%s)", o->flag);
}

static void put_option_bash(FILE *out, const char *command, const jopa_option_info *o) {
    static const char *const kinds[] = {"", "file", "name", "list", "any"};
    taking                   takes = option_takes(command, o);
    if (takes == TAKES_NOTHING) return;
    put_pattern_bash(out, o);
    fprintf(out, " kind=%s", kinds[takes]);
    if (takes == TAKES_NAME || takes == TAKES_LIST) {
        fputs(" names='", out);
        option_names(out, command, o, " ");
        fputs("'", out);
    }
    fputs(" ;;\n", out);
}

/* What the command's arguments are, where no option is begun. */
static void put_argument_bash(FILE *out, const char *command) {
    static const char *const kinds[] = {"any", "file", "name", "list", "any"};
    taking                   takes = argument_takes(command);
    fprintf(out, "        argument=%s", kinds[takes]);
    if (takes == TAKES_NAME) {
        fputs(" arguments='", out);
        argument_names(out, command, " ");
        fputs("'", out);
    }
    fputs("\n", out);
}

static void put_command_bash(FILE *out, const char *command) {
    const jopa_option_info *o;
    int                     index = 0;
    fprintf(out, "    %s)\n        options='", command);
    while ((o = next_flag(command, &index))) {
        if (o->letter) fprintf(out, "-%c ", o->letter);
        fprintf(out, "--%s ", o->flag);
    }
    fputs("-h --help'\n", out);
    put_argument_bash(out, command);
    fputs("        case $previous in\n", out);
    for (index = 0; (o = next_flag(command, &index));) put_option_bash(out, command, o);
    fputs("        esac ;;\n", out);
}

static void put_help_bash(FILE *out) {
    fputs("    help)\n        options='-h --help --man --completion'\n", out);
    put_argument_bash(out, "help");
    fputs("        [[ $previous == --completion ]] && kind=name names='", out);
    for (int i = 0; completion_shells[i]; i++) fprintf(out, "%s%s", i ? " " : "", completion_shells[i]);
    fputs("' ;;\n", out);
}

/* Bash takes `=` as a word of its own, as long as COMP_WORDBREAKS has it. */
static const char BEGIN[] =
    "# bash completion for jopa, as `jopa help --completion bash` prints it\n"
    "_jopa() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local options= kind= names= argument=any arguments= before=\n"
    "    COMPREPLY=()\n"
    "    if [[ $word == = ]]; then word=\n"
    "    elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $word == --*=* ]]; then before=${word%%=*}= previous=${word%%=*} word=${word#*=}\n"
    "    fi\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        mapfile -t COMPREPLY < <(compgen -W '";
static const char COMMANDS[] = " -h --help -V --version' -- \"$word\")\n"
                               "        return\n"
                               "    fi\n"
                               "    case ${COMP_WORDS[1]} in\n";
static const char END[] = "    esac\n"
                          "    if [[ ! $kind && $word == -* ]]; then kind=name names=$options\n"
                          "    elif [[ ! $kind ]]; then kind=$argument names=$arguments\n"
                          "    fi\n"
                          "    case $kind in\n"
                          "    file)\n"
                          "        compopt -o filenames 2> /dev/null\n"
                          "        mapfile -t COMPREPLY < <(compgen -P \"$before\" -f -- \"$word\") ;;\n"
                          "    name) mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$names\" -- \"$word\") ;;\n"
                          "    list)\n"
                          "        compopt -o nospace 2> /dev/null\n"
                          "        [[ $word == *,* ]] && before+=${word%,*}, word=${word##*,}\n"
                          "        mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$names\" -- \"$word\") ;;\n"
                          "    esac\n"
                          "}\n"
                          "complete -F _jopa jopa\n";

void completion_bash(FILE *out) {
    fputs(BEGIN, out);
    command_names(out, " ");
    fputs(COMMANDS, out);
    for (int i = 0; command_at(i); i++)
        if (strcmp(command_at(i)->name, "help")) put_command_bash(out, command_at(i)->name);
    put_help_bash(out);
    fputs(END, out);
}
