/* The options of a command, from the library's table: parsed by popt, kept in a jopa_options. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <jopa.h>
#include <popt.h>

typedef struct {
    const char   *command;    /* its name */
    jopa_options *asked;      /* what was given; the library's */
    const char   *positional; /* the one argument, or NULL */
    const char  **arguments;  /* of commands that take any number: NULL-terminated; NULL: none */
    void         *line;       /* the progress: progress.h */

    poptContext        context;
    struct poptOption *table;
    char              *path; /* of the model that was opened, where `default` stands for it */
} options;

/* Parse argv with the options of the command argv[0]; `many`: it takes any number of arguments. -1: go on; otherwise
 * the exit code (help was shown, or wrong usage was told). options_free in any case. */
int  options_parse(options *o, bool many, int argc, const char **argv, const char *usage);
void options_free(options *o);

/* The value that was given, or the default; NULL: neither. */
const char *options_text(const options *o, const char *name);
bool        options_on(const options *o, const char *name); /* a switch */
bool        options_given(const options *o, const char *name);
/* Set one. -1: done; otherwise the exit code, and told. */
int options_set(options *o, const char *name, const char *value);

/* The prompt, chat and response, from files and texts, and what --like says. -1: done; otherwise the exit code. */
int options_question(options *o);
/* Its tools, documents and chat template alone, from files. */
int options_files(options *o);
/* Show progress, and let Ctrl-C stop what runs. */
void options_listen(options *o);
/* -1: nothing in what was asked is known to be wrong; otherwise the exit code, and told. */
int options_check(const options *o);
/* A copy with the paths of what `default` stands for, owned by the caller: a result says `default`, as it was asked, on
 * every machine. -1: done; otherwise the exit code. */
int options_find_files(const options *o, jopa_options **out);
/* -1: *m is open and the caller's; otherwise the exit code. */
int options_open_model(options *o, jopa_model **m);

#endif
