#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "default-model.h"
#include "file.h"
#include "messages.h"
#include "progress.h"
#include "say.h"

void options_init(options *o) {
    jopa_explain_options library;
    jopa_explain_options_init(&library);
    *o = (options){.max_tokens = library.max_tokens, .sparsity = library.sparsity};
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

enum { MOST_OPTIONS = 48 };

static int add_options(struct poptOption *table, int n, const struct poptOption *from, int count) {
    memcpy(table + n, from, (size_t)count * sizeof *table);
    return n + count;
}

#define GROUP(name) static int name(struct poptOption *table, int n, options *o)
#define ADD(...)                                    \
    const struct poptOption rows[] = {__VA_ARGS__}; \
    return add_options(table, n, rows, (int)(sizeof rows / sizeof *rows))

GROUP(add_model) {
    ADD({"model", 'm', POPT_ARG_STRING, &o->model, 0, "a GGUF file, or `default`: SmolLM2-135M-Instruct, fetched once",
         "FILE"},
        {"engine", 0, POPT_ARG_STRING, &o->engine, 0, "what computes the scores: `jopa list engines`", "NAME"},
        {"encoder", 0, POPT_ARG_STRING, &o->encoder, 0,
         "a GGUF sentence encoder for the metric `meaning`; `default`: all-MiniLM-L6-v2", "FILE"},
        {"threads", 't', POPT_ARG_INT, &o->threads, 0, "threads (all cores)", "N"},
        {"ctx", 0, POPT_ARG_INT, &o->context, 0, "tokens of prompt and response at most (as needed)", "N"},
        {"gpu-layers", 0, POPT_ARG_INT, &o->gpu_layers, 0, "layers that a GPU computes (0)", "N"},
        {"precise", 0, POPT_ARG_NONE, &o->precise, 0, "no method is less exact to be faster: docs/speed.md", NULL});
}

GROUP(add_question) {
    ADD({"prompt-file", 'f', POPT_ARG_STRING, &o->prompt_file, 0, "read the prompt from a file; `-`: standard input",
         "FILE"},
        {"system", 0, POPT_ARG_STRING, &o->system, 0, "the system's text", "TEXT"},
        {"messages", 0, POPT_ARG_STRING, &o->messages_file, 0, "a whole chat: a JSON array of {role, content}", "FILE"},
        {"raw", 0, POPT_ARG_NONE, &o->raw, 0, "no chat template: the text is the prompt", NULL},
        {"response", 'r', POPT_ARG_STRING, &o->response, 0, "explain this response (the model's own, greedy)", "TEXT"},
        {"response-file", 0, POPT_ARG_STRING, &o->response_file, 0,
         "read the response from a file; `-`: standard input", "FILE"},
        {"max-tokens", 'n', POPT_ARG_INT, &o->max_tokens, 0, "tokens generated (64)", "N"},
        {"target", 0, POPT_ARG_STRING, &o->target, 0, "only the bytes A to B of the response", "A:B"});
}

GROUP(add_search) {
    ADD({"method", 'M', POPT_ARG_STRING, &o->method, 0, "`jopa list methods` (jopa)", "NAME"},
        {"units", 'k', POPT_ARG_INT, &o->units, 0, "at most N units", "N"},
        {"min-drop", 0, POPT_ARG_DOUBLE, &o->min_drop, 0, "the smallest set with that share of the largest drop", "F"},
        {"sparsity", 0, POPT_ARG_DOUBLE, &o->sparsity, 0, "at most that fraction of the units (0.1)", "F"},
        {"unit", 'u', POPT_ARG_STRING, &o->unit, 0, "token, word, sentence, line, paragraph or marked (token)", "KIND"},
        {"roles", 0, POPT_ARG_STRING, &o->roles, 0, "whose text may be hidden (user)", "LIST"},
        {"operator", 'o', POPT_ARG_STRING, &o->op, 0, "how it is hidden: zero, mean, delete, token:TEXT (zero)",
         "NAME"},
        {"levels", 0, POPT_ARG_STRING, &o->levels, 0,
         "coarse to fine: auto, none, or kinds such as paragraph,sentence (auto)", "LIST"});
}

GROUP(add_effort) {
    ADD({"budget", 'b', POPT_ARG_INT, &o->budget, 0, "evaluations at most (the method's own default)", "N"},
        {"time", 0, POPT_ARG_DOUBLE, &o->seconds, 0, "stop after that, with the best so far", "SECONDS"},
        {"seed", 0, POPT_ARG_STRING, &o->seed_text, 0, "same seed, same machine, same result (0)", "N"},
        {"metrics", 0, POPT_ARG_STRING, &o->metrics, 0, "`jopa list metrics`, none (prob,words)", "LIST"});
}

GROUP(add_output) {
    ADD({"format", 'F', POPT_ARG_STRING, &o->format, 0, "`jopa list formats` (text on a terminal, otherwise json)",
         "NAME"},
        {"output", 'O', POPT_ARG_STRING, &o->output, 0, "write there, whole or not at all", "FILE"},
        {"scores", 0, POPT_ARG_NONE, &o->scores, 0, "show every unit's score", NULL},
        {"width", 0, POPT_ARG_INT, &o->width, 0, "columns of the text report (the terminal's)", "N"},
        {"color", 0, POPT_ARG_STRING, &o->color, 0, "always, never, auto (auto)", "WHEN"},
        {"quiet", 'q', POPT_ARG_NONE, &o->quiet, 0, "nothing on stderr but errors", NULL},
        {"progress", 0, POPT_ARG_NONE, &o->progress, 0, "progress even where stderr is no terminal", NULL});
}

static void make_table(struct poptOption *table, unsigned groups, options *o) {
    static const struct poptOption last[] = {{"help", 'h', POPT_ARG_NONE, NULL, 'h', "this help", NULL}, POPT_TABLEEND};
    int                            n = 0;
    if (groups & OPTIONS_MODEL) n = add_model(table, n, o);
    if (groups & OPTIONS_QUESTION) n = add_question(table, n, o);
    if (o->n_own) n = add_options(table, n, o->own, o->n_own);
    if (groups & OPTIONS_SEARCH) n = add_search(table, n, o);
    if (groups & (OPTIONS_SEARCH | OPTIONS_EFFORT)) n = add_effort(table, n, o);
    if (groups & OPTIONS_OUTPUT) n = add_output(table, n, o);
    add_options(table, n, last, (int)(sizeof last / sizeof *last));
}

/* ---- parsing -------------------------------------------------------------------------------------------------------
 */

/* "-k x: invalid numeric value": popt tells the value, the option is the word before it. */
static int bad_option(poptContext context, int code, int argc, const char **argv, const char *command) {
    const char *bad = poptBadOption(context, POPT_BADOPTION_NOALIAS), *option = NULL;
    for (int i = 2; i < argc && *bad != '-'; i++)
        if (argv[i] == bad) option = argv[i - 1];
    return say(EXIT_USAGE, "%s%s%s: %s; see `jopa help %s`", option ? option : "", option ? " " : "", bad,
               poptStrerror(code), command);
}

static int parse_seed(options *o) {
    if (!o->seed_text) return -1;
    errno = 0;
    o->seed = strtoull(o->seed_text, NULL, 10);
    if (*o->seed_text && !o->seed_text[strspn(o->seed_text, "0123456789")] && !errno) return -1;
    return say(EXIT_USAGE, "--seed %s: a whole number is needed, from 0 to %" PRIu64, o->seed_text, UINT64_MAX);
}

static int check_words(const options *o) {
    if (o->color && strcmp(o->color, "always") && strcmp(o->color, "never") && strcmp(o->color, "auto"))
        return say(EXIT_USAGE, "--color %s: always, never or auto", o->color);
    if (o->threads < 0) return say(EXIT_USAGE, "--threads %d: a number of threads, or 0 for all cores", o->threads);
    if (o->context < 0) return say(EXIT_USAGE, "--ctx %d: a number of tokens, or 0 for as many as needed", o->context);
    if (o->width < 0) return say(EXIT_USAGE, "--width %d: a number of columns, or 0 for the terminal's", o->width);
    return -1;
}

int options_parse(options *o, unsigned groups, int argc, const char **argv, const char *usage) {
    static struct poptOption table[MOST_OPTIONS]; /* popt keeps pointers into it until options_free */
    const char              *command = argv[0];
    char                     name[64];
    snprintf(name, sizeof name, "jopa %s", command);
    make_table(table, groups, o);
    o->command = command;
    argv[0] = name; /* which the help shows */
    o->context_popt = poptGetContext(name, argc, argv, table, 0);
    poptSetOtherOptionHelp(o->context_popt, usage);
    int code = poptGetNextOpt(o->context_popt);
    if (code == 'h') {
        poptPrintHelp(o->context_popt, stdout, 0);
        return EXIT_DONE;
    }
    if (code < -1) return bad_option(o->context_popt, code, argc, argv, command);
    if (groups & OPTIONS_FILES) o->files = poptGetArgs(o->context_popt);
    else o->positional = poptGetArg(o->context_popt);
    const char *extra = groups & OPTIONS_FILES ? NULL : poptGetArg(o->context_popt);
    if (extra) return say(EXIT_USAGE, "unexpected argument '%s': put the prompt into quotes", extra);
    int checked = check_words(o);
    return checked < 0 ? parse_seed(o) : checked;
}

void options_free(options *o) {
    char **const strings[] = {
        &o->model,    &o->engine,        &o->encoder,       &o->prompt_file, &o->system, &o->messages_file,
        &o->response, &o->response_file, &o->target,        &o->method,      &o->unit,   &o->roles,
        &o->op,       &o->operators,     &o->levels,        &o->metrics,     &o->format, &o->output,
        &o->color,    &o->prompt_text,   &o->response_text, &o->seed_text};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) free(*strings[i]);
    messages_free(o->messages, o->messages_json);
    poptFreeContext(o->context_popt);
    options_init(o);
}

/* ---- towards the library --------------------------------------------------------------------------------------------
 */

int options_open_model(options *o, jopa_model **m) {
    if (!o->model || !strcmp(o->model, "default")) {
        free(o->model);
        o->model = default_model(o->quiet);
        if (!o->model) return EXIT_FAILED;
    }
    if (o->encoder && !strcmp(o->encoder, "default")) {
        free(o->encoder);
        o->encoder = default_encoder(o->quiet);
        if (!o->encoder) return EXIT_FAILED;
    }
    jopa_model_options mo;
    jopa_model_options_init(&mo);
    mo.file = o->model;
    mo.encoder = o->encoder;
    mo.threads = o->threads;
    mo.context = o->context;
    mo.gpu_layers = o->gpu_layers;
    mo.precise = o->precise;
    if (o->engine) mo.engine = o->engine;
    jopa_error e = {0};
    return jopa_model_open(m, &mo, &e) ? say_error(&e) : -1;
}

static int read_texts(options *o) {
    int sources = (o->positional != NULL) + (o->prompt_file != NULL) + (o->messages_file != NULL);
    if (sources == 0) return say(EXIT_USAGE, "no prompt: give its text, --prompt-file or --messages");
    if (sources > 1) return say(EXIT_USAGE, "one prompt at a time: its text, --prompt-file or --messages");
    if (o->response && o->response_file) return say(EXIT_USAGE, "--response and --response-file: one of them");
    const char *file = o->prompt_file ? o->prompt_file : o->positional && !strcmp(o->positional, "-") ? "-" : NULL;
    if (file && !(o->prompt_text = file_read(file, NULL))) return EXIT_FAILED;
    if (o->response_file && !(o->response_text = file_read(o->response_file, NULL))) return EXIT_FAILED;
    return o->messages_file ? messages_read(o->messages_file, &o->messages, &o->n_messages, &o->messages_json) : -1;
}

static int parse_target(const char *text, jopa_explain_options *x) {
    int end = 0;
    if (!text) return -1;
    if (sscanf(text, "%zu:%zu%n", &x->target_start, &x->target_end, &end) != 2 || text[end] || strchr(text, '-') ||
        x->target_start >= x->target_end)
        return say(EXIT_USAGE, "--target %s: two byte offsets are needed, the smaller first, such as 0:12", text);
    return -1;
}

void options_how(options *o, jopa_explain_options *x) {
    x->max_tokens = o->max_tokens;
    if (o->method) x->method = o->method;
    if (o->unit) x->unit = o->unit;
    if (o->roles) x->roles = o->roles;
    if (o->op) x->op = o->op;
    x->operators = o->operators;
    x->repeat = o->repeat;
    x->min_drop = o->min_drop;
    if (o->levels) x->levels = o->levels;
    if (o->metrics) x->metrics = o->metrics;
    x->sparsity = o->sparsity;
    x->k = o->units;
    x->budget = o->budget;
    x->seconds = o->seconds;
    x->seed = o->seed;
    x->progress = progress_show;
    x->user = progress_begin(o->quiet, o->progress);
}

int options_texts(options *o, jopa_explain_options *x) {
    int code = read_texts(o);
    if (code >= 0) return code;
    x->prompt = o->prompt_text ? o->prompt_text : o->positional;
    x->system = o->system;
    x->messages = o->messages;
    x->n_messages = o->n_messages;
    x->raw = o->raw;
    x->response = o->response_text ? o->response_text : o->response;
    if (o->messages_file && o->system)
        return say(EXIT_USAGE, "--messages holds the system's text itself: leave --system out");
    return parse_target(o->target, x);
}

int options_question(options *o, jopa_explain_options *x) {
    jopa_explain_options_init(x);
    int code = options_texts(o, x);
    if (code < 0) options_how(o, x);
    return code;
}
