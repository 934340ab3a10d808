/* The manual page from the table of commands and the table of options. */
#include "manual.h"

#include <ctype.h>
#include <jopa.h>
#include <string.h>

#include "command.h"
#include "completion.h"

/* ---- text as roff -------------------------------------------------------------------------------------------------
 */

/* The code point that `*text` begins with, and past it; the texts are this command's own, and UTF-8. */
static unsigned next_character(const char **text) {
    const unsigned char *c = (const unsigned char *)*text;
    int                  more = c[0] < 0x80 ? 0 : c[0] < 0xe0 ? 1 : c[0] < 0xf0 ? 2 : 3;
    unsigned             point = more ? c[0] & (0x3fu >> more) : c[0];
    for (int i = 1; i <= more; i++) point = point << 6 | (c[i] & 0x3f);
    *text += more + 1;
    return point;
}

/* The text on a line of its own, names in backquotes bold. */
static void put_roff(FILE *out, const char *text) {
    bool bold = false;
    if (*text == '.' || *text == '\'') fputs("\\&", out);
    while (*text) {
        unsigned c = next_character(&text);
        if (c == '`') fputs((bold = !bold) ? "\\fB" : "\\fR", out);
        else if (c == '\\') fputs("\\e", out);
        else if (c == '-') fputs("\\-", out);
        else if (c >= 0x80) fprintf(out, "\\[u%04X]", c);
        else fputc((int)c, out);
    }
    fputc('\n', out);
}

/* Paragraphs; a line that begins with a full stop is a request. */
static void put_lines(FILE *out, const char *const *lines) {
    for (; *lines; lines++) {
        if (**lines == '.') fprintf(out, "%s\n", *lines);
        else put_roff(out, *lines);
    }
}

/* ---- commands and their options -----------------------------------------------------------------------------------
 */

static void put_synopsis(FILE *out, const command *c) {
    bool options = jopa_option_at(c->name, 0) != NULL;
    fprintf(out, ".B jopa %s\n%s", c->name, options ? "[\\fIOPTION\\fR...]" : "");
    for (const char *at = c->usage; *at;) { /* words in capitals are placeholders */
        size_t size = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (at == c->usage && options) fputc(' ', out);
        if (size) fprintf(out, "\\fI%.*s\\fR", (int)size, at);
        else fputs(*at == '-' ? "\\-" : (char[]){*at, '\0'}, out);
        at += size ? size : 1;
    }
    fputs(options || *c->usage ? "\n.br\n" : ".br\n", out);
}

static void put_option_manual(FILE *out, const jopa_option_info *o) {
    fputs(".TP\n", out);
    if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out);
    for (const char *at = o->flag; *at; at++) fputs(*at == '-' ? "\\-" : (char[]){*at, '\0'}, out);
    fputs("\\fR", out);
    if (o->argument) fprintf(out, "=\\fI%s\\fR", o->argument);
    fputc('\n', out);
    put_roff(out, o->help);
}

static void put_command_manual(FILE *out, const command *c) {
    const jopa_option_info *o;
    int                     index = 0;
    fputs(".SH \"JOPA ", out);
    for (const char *at = c->name; *at; at++) fputc(toupper((unsigned char)*at), out);
    fputs("\"\n", out);
    put_synopsis(out, c);
    fputs(".PP\n", out);
    put_roff(out, c->summary);
    while ((o = next_flag(c->name, &index))) put_option_manual(out, o);
    if (!strcmp(c->name, "help"))
        fputs(".TP\n\\fB\\-\\-man\\fR\nthe manual page\n"
              ".TP\n\\fB\\-\\-completion\\fR=\\fISHELL\\fR\na completion script for bash, zsh or fish\n",
              out);
    fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthis help\n", out);
}

/* ---- the page ------------------------------------------------------------------------------------------------------
 */

static const char *const description[] = {
    ".SH DESCRIPTION",
    "A prompt is cut into units: tokens, words, sentences.",
    "For the response that a language model gives to it, `jopa` finds the set of units that jointly causes it:",
    "the one whose hiding makes the response least probable.",
    ".PP",
    "Units that matter only together are found, which ranking them one by one cannot.",
    "The method is Joint Prompt Attribution (Chang and others, ACL 2025), the model a GGUF file, run by libllama.",
    ".PP",
    "The prompt is an argument, a file, standard input (`-`) or a whole chat.",
    "Without `--response` the model's own greedy answer is explained.",
    "Names of methods, operators, units, metrics and formats are those of `jopa list`.",
    NULL,
};

static const char *const after[] = {
    ".SH EXIT STATUS",
    ".TP",
    ".B 0",
    "done",
    ".TP",
    ".B 1",
    "failed: one line on standard error says why",
    ".TP",
    ".B 2",
    "wrong usage: one line says what would be right",
    ".TP",
    ".B 3",
    "`jopa audit --fail-on-trigger` found a trigger",
    ".TP",
    ".B 130",
    "interrupted by Ctrl-C: the best set so far is written where `--output` asks for it",
    ".SH FILES",
    ".TP",
    ".I ~/.cache/jopa",
    "the default model, the sentence encoder and what they were built with, fetched once",
    ".TP",
    ".I jopa\\-bench.jsonl",
    "the results of `jopa bench`, unless `--results` names another file",
    ".SH ENVIRONMENT",
    ".TP",
    ".B XDG_CACHE_HOME",
    "where the cache is, instead of ~/.cache",
    ".TP",
    ".B NO_COLOR",
    "no colours, unless `--color=always`",
    ".TP",
    ".B GOMP_SPINCOUNT\\fR, \\fBOMP_WAIT_POLICY",
    "how threads wait for each other; where neither is set, a short spin is chosen",
    ".SH EXAMPLES",
    ".nf",
    "jopa explain \"Write a short story where the doctor and the patient become friends.\"",
    "jopa explain -m model.gguf -u word -k 3 -f prompt.txt -F html -O report.html",
    "jopa compare --method jopa,ablation,random --messages chat.json",
    "jopa score --hide doctor,patient --hide 3,5-7 -u word -f prompt.txt",
    "jopa explain --like result.json --seed 1",
    "jopa render result.json -F svg -O figure.svg",
    ".fi",
    ".SH SEE ALSO",
    "`jopa help` COMMAND for the same options, `jopa list` for names,",
    "the documents that come with the source, and arXiv 2405.20404.",
    NULL,
};

void manual_write(FILE *out) {
    fputs(".\\\" as `jopa help --man` prints it\n.TH JOPA 1 \"\" \"jopa " JOPA_VERSION "\" \"User Commands\"\n"
          ".SH NAME\njopa \\- which parts of a prompt jointly cause a language model's response\n.SH SYNOPSIS\n",
          out);
    for (int i = 0; command_at(i); i++) put_synopsis(out, command_at(i));
    fputs(".B jopa \\-\\-version\n", out);
    put_lines(out, description);
    for (int i = 0; command_at(i); i++) put_command_manual(out, command_at(i));
    put_lines(out, after);
}
