#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "default-model.h"
#include "progress.h"
#include "say.h"
#include "servers.h"

/* ---- the table of popt --------------------------------------------------------------------------------------------
 */

static double scratch_number;
static int    scratch_integer; /* popt checks numbers while it reads them; the library keeps the text */

static struct poptOption row_of(const jopa_option_info *info, int value) {
    struct poptOption row = {info->flag, info->letter, POPT_ARG_STRING, NULL, value, info->help, info->argument};
    if (!strcmp(info->type, "switch")) row.argInfo = POPT_ARG_NONE;
    if (!strcmp(info->type, "number")) {
        row.argInfo = POPT_ARG_DOUBLE;
        row.arg = &scratch_number;
    }
    if (!strcmp(info->type, "integer") && info->most < 1e10) {
        row.argInfo = POPT_ARG_INT;
        row.arg = &scratch_integer;
    }
    return row;
}

enum { HELP = 1 }; /* values of popt's rows; an option's is its index and what follows */

/* The rows of the command's options, the help, and the end. NULL: no memory. */
static struct poptOption *make_table(const char *command) {
    static const struct poptOption ends[] = {{"help", 'h', POPT_ARG_NONE, NULL, HELP, "this help", NULL},
                                             POPT_TABLEEND};
    const jopa_option_info        *info;
    int                            n = 0, rows = 0;
    while (jopa_option_at(command, n)) n++;
    struct poptOption *table = calloc((size_t)n + 2, sizeof *table);
    for (int i = 0; table && (info = jopa_option_at(command, i)); i++)
        if (info->flag) table[rows++] = row_of(info, HELP + 1 + i);
    if (table) memcpy(table + rows, ends, sizeof ends);
    return table;
}

/* ---- parsing -------------------------------------------------------------------------------------------------------
 */

/* A prompt that begins with a dash is taken for an option. */
static const char *dash_hint(const char *word) {
    return strpbrk(word, " \t\r\n") ? "; a prompt that begins with a dash stands behind `--`, or in a --prompt-file"
                                    : "";
}

/* "-k x: invalid numeric value": popt tells the value, the option is the word before it. */
static int bad_option(poptContext context, int code, int argc, const char **argv, const char *command) {
    const char *bad = poptBadOption(context, POPT_BADOPTION_NOALIAS), *option = NULL;
    for (int i = 2; i < argc && *bad != '-'; i++)
        if (argv[i] == bad) option = argv[i - 1];
    return say(EXIT_USAGE, "%s%s%.300s: %s; see `jopa help %s`%s", option ? option : "", option ? " " : "", bad,
               poptStrerror(code), command, dash_hint(option ? option : bad));
}

static int read_command_line(options *o, int argc, const char **argv) {
    int code, result = -1;
    while (result < 0 && (code = poptGetNextOpt(o->context)) >= 0) {
        if (code == HELP) {
            poptPrintHelp(o->context, stdout, 0);
            return EXIT_DONE;
        }
        const jopa_option_info *info = jopa_option_at(o->command, code - HELP - 1);
        bool                    on = !strcmp(info->type, "switch");
        char                   *value = on ? NULL : poptGetOptArg(o->context);
        result = options_set(o, info->name, on ? "true" : value ? value : "");
        free(value);
    }
    return result < 0 && code < -1 ? bad_option(o->context, code, argc, argv, o->command) : result;
}

int options_parse(options *o, bool many, int argc, const char **argv, const char *usage) {
    jopa_error e = {0};
    char       name[64];
    *o = (options){.command = argv[0]};
    snprintf(name, sizeof name, "jopa %s", o->command);
    if (jopa_options_new(&o->asked, o->command, &e)) return say_error(&e);
    if (!(o->table = make_table(o->command))) return say(EXIT_FAILED, "out of memory");
    argv[0] = name; /* which the help shows */
    o->context = poptGetContext(name, argc, argv, o->table, 0);
    poptSetOtherOptionHelp(o->context, usage);
    int code = read_command_line(o, argc, argv);
    argv[0] = o->command;
    if (code >= 0) return code;
    if (many) o->arguments = poptGetArgs(o->context);
    else o->positional = poptGetArg(o->context);
    const char *extra = many ? NULL : poptGetArg(o->context);
    return extra ? say(EXIT_USAGE, "unexpected argument '%s': put the prompt into quotes", extra) : -1;
}

void options_free(options *o) {
    poptFreeContext(o->context);
    jopa_options_free(o->asked);
    free(o->table);
    free(o->path);
    *o = (options){0};
}

/* ---- asking and setting --------------------------------------------------------------------------------------------
 */

const char *options_text(const options *o, const char *name) { return jopa_options_get(o->asked, name); }
bool        options_given(const options *o, const char *name) { return jopa_options_given(o->asked, name); }

bool options_on(const options *o, const char *name) {
    const char *value = options_text(o, name);
    return value && !strcmp(value, "true");
}

int options_set(options *o, const char *name, const char *value) {
    jopa_error e = {0};
    return jopa_options_set(o->asked, name, value, &e) ? say_error(&e) : -1;
}

/* ---- towards the library -------------------------------------------------------------------------------------------
 */

int options_check(const options *o) {
    jopa_error e = {0};
    return jopa_options_check(o->asked, &e) ? say_error(&e) : -1;
}

void options_listen(options *o) {
    o->line = progress_begin(options_on(o, "quiet"), options_on(o, "progress"));
    jopa_options_listen(o->asked, progress_show, NULL, o->line);
}

/* Set the path of what `default` stands for. -1: done; otherwise the exit code, and told. */
static int set_default(jopa_options *o, const char *name, char *(*fetch)(bool quiet), bool quiet) {
    jopa_error e = {0};
    char      *path = fetch(quiet);
    if (!path) return EXIT_FAILED;
    int status = jopa_options_set(o, name, path, &e);
    free(path);
    return status ? say_error(&e) : -1;
}

int options_find_files(const options *o, jopa_options **out) {
    const char *model = options_text(o, "model"), *encoder = options_text(o, "encoder");
    bool        quiet = options_on(o, "quiet");
    jopa_error  e = {0};
    int         code = jopa_options_copy(out, o->asked, &e) ? say_error(&e) : -1;
    if (code < 0 && servers_asked(o)) code = servers_find(o, *out);
    else if (code < 0 && (!model || !strcmp(model, "default"))) code = set_default(*out, "model", default_model, quiet);
    if (code < 0 && encoder && !strcmp(encoder, "default")) code = set_default(*out, "encoder", default_encoder, quiet);
    return code;
}

int options_open_model(options *o, jopa_model **m) {
    jopa_options *found = NULL;
    jopa_error    e = {0};
    int           code = options_find_files(o, &found);
    if (code < 0 && jopa_model_open(m, found, &e)) code = say_error(&e);
    if (code < 0) o->path = strdup(jopa_options_get(found, servers_asked(o) ? "engine" : "model"));
    if (o->line) progress_end(o->line);
    jopa_options_free(found);
    return code;
}
