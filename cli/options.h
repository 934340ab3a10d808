/* Options that several commands share: popt tables that fill one struct, and the steps from that struct to the
 * library's own option structs. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <jopa.h>
#include <popt.h>
#include <stdbool.h>

typedef struct {
    /* model */
    char *model, *engine, *encoder;
    int   threads, context, gpu_layers, precise;
    /* what is explained */
    char *prompt_file, *system, *messages_file, *response, *response_file, *target;
    int   raw, max_tokens;
    /* how */
    char    *method, *unit, *roles, *op, *operators, *levels, *metrics, *seed_text;
    int      units, budget, repeat;
    double   sparsity, seconds, min_drop;
    uint64_t seed; /* from seed_text */
    /* output */
    char *format, *output, *color;
    int   scores, width, quiet, progress;

    /* options of one command alone, set between options_init and options_parse */
    const struct poptOption *own;
    int                      n_own;

    /* filled by options_parse and options_question; freed by options_free */
    const char   *command;    /* its name */
    const char   *positional; /* the one argument, or NULL */
    const char  **files;      /* OPTIONS_FILES: all arguments, NULL-terminated; NULL: none */
    poptContext   context_popt;
    char         *prompt_text, *response_text;
    jopa_message *messages;
    int           n_messages;
    void         *messages_json;
} options;

/* SEARCH has all of EFFORT: budget, time, seed, metrics. FILES: any number of arguments. */
enum {
    OPTIONS_MODEL = 1,
    OPTIONS_QUESTION = 2,
    OPTIONS_SEARCH = 4,
    OPTIONS_OUTPUT = 8,
    OPTIONS_EFFORT = 16,
    OPTIONS_FILES = 32
};

void options_init(options *o);
/* Parse argv with the table groups in `groups`. -1: go on; otherwise the exit code (help was shown, or wrong usage). */
int  options_parse(options *o, unsigned groups, int argc, const char **argv, const char *usage);
void options_free(options *o);

/* -1: *m is open and the caller's; otherwise the exit code. */
int options_open_model(options *o, jopa_model **m);
/* Set in `x` what was asked for of how to search, and the progress; the rest of `x` stays. */
void options_how(options *o, jopa_explain_options *x);
/* Set in `x` the question, from files and texts. -1: done; otherwise the exit code. `x` borrows from `o`. */
int options_texts(options *o, jopa_explain_options *x);
/* Both, from the library's defaults on. -1: done; otherwise the exit code. `x` borrows from `o`. */
int options_question(options *o, jopa_explain_options *x);

#endif
