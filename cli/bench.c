#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "options.h"
#include "progress.h"
#include "say.h"

typedef struct {
    options common;
    char   *results;
    int     per_task;
    double  budget_per_unit;

    void *line; /* of the progress */
    bool  interrupted;
} settings;

static const char *format_of_bench(const options *o) {
    bool terminal = (!o->output || !strcmp(o->output, "-")) && isatty(STDOUT_FILENO);
    return o->format ? o->format : terminal ? "text" : "json";
}

/* Before long work: whether the tables can be written. -1: yes. */
static int check_bench_command(const settings *s) {
    const options *o = &s->common;
    bool           known = false;
    for (int i = 0; jopa_bench_format(i); i++) known |= !strcmp(jopa_bench_format(i), format_of_bench(o));
    if (!known)
        return say(EXIT_USAGE, "tables have no format '%s': text, markdown, csv, json or html", format_of_bench(o));
    if (s->per_task < 0) return say(EXIT_USAGE, "--per-task %d: a number of prompts, or 0 for all", s->per_task);
    if (!(s->budget_per_unit >= 0))
        return say(EXIT_USAGE, "--budget-per-unit %g: a number above 0", s->budget_per_unit);
    if (!o->files && !s->results)
        return say(EXIT_USAGE, "no data: give files of prompts, or --results with a file that has results");
    return file_writable(o->output) ? -1 : EXIT_FAILED;
}

static int show(void *user, const jopa_bench_progress *p) {
    settings *s = user;
    s->interrupted = progress_bench(s->line, p) != 0;
    return s->interrupted;
}

static void warn_line(void *user, const char *text) {
    const settings *s = user;
    progress_end(s->line);
    say(0, "%s", text);
}

/* -1: done; otherwise the exit code. */
static int run_data(settings *s, const char *results) {
    options           *o = &s->common;
    jopa_bench_options b;
    jopa_model        *m = NULL;
    jopa_error         e = {0};
    int                code = options_open_model(o, &m);
    if (code >= 0) return code;
    jopa_bench_options_init(&b);
    options_how(o, &b.explain);
    b.explain.system = o->system;
    s->line = b.explain.user;
    b.data = o->files;
    while (o->files[b.n_data]) b.n_data++;
    b.results = results;
    if (o->method) b.methods = o->method;
    b.per_task = s->per_task;
    b.budget_per_unit = s->budget_per_unit;
    b.warn = warn_line;
    b.progress = show;
    b.user = s;
    int status = jopa_bench(m, &b, &e);
    progress_end(s->line);
    jopa_model_free(m);
    return status ? say_error(&e) : -1;
}

static int bench(settings *s) {
    const options *o = &s->common;
    const char    *results = s->results ? s->results : "jopa-bench.jsonl";
    jopa_error     e = {0};
    size_t         size = 0;
    int            code = check_bench_command(s);
    if (code < 0 && o->files) code = run_data(s, results);
    if (code >= 0) return code;
    char *text = jopa_bench_tables(results, format_of_bench(o), &size, &e);
    if (!text) code = s->interrupted ? EXIT_INTERRUPTED : say_error(&e);
    else if (!file_write(o->output, text, size)) code = EXIT_FAILED;
    else code = s->interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
    free(text);
    return code;
}

static int run_bench(int argc, const char **argv) {
    settings s = {0};
    options *o = &s.common;
    options_init(o);
    const struct poptOption own[] = {
        {"methods", 0, POPT_ARG_STRING, &o->method, 0,
         "NAME[@SPARSITY][/BUDGET], several with commas (jopa,ablation,random)", "LIST"},
        {"budget-per-unit", 0, POPT_ARG_DOUBLE, &s.budget_per_unit, 0,
         "evaluations at most for each unit of a prompt, instead of --budget", "F"},
        {"results", 0, POPT_ARG_STRING, &s.results, 0,
         "the file of results, appended to and resumed from (jopa-bench.jsonl)", "FILE"},
        {"per-task", 0, POPT_ARG_INT, &s.per_task, 0, "at most N prompts of each task, spread evenly (all)", "N"},
        {"max-tokens", 'n', POPT_ARG_INT, &o->max_tokens, 0, "tokens generated (64)", "N"},
        {"system", 0, POPT_ARG_STRING, &o->system, 0, "the system's text where the data has none", "TEXT"},
    };
    o->own = own;
    o->n_own = (int)(sizeof own / sizeof *own);
    int code = options_parse(o, OPTIONS_MODEL | OPTIONS_SEARCH | OPTIONS_OUTPUT | OPTIONS_FILES, argc, argv,
                             "[OPTION...] DATA.jsonl...");
    if (code < 0) code = bench(&s);
    free(s.results);
    options_free(o);
    return code;
}

const command bench_command = {"bench", "DATA...", "methods over data sets: results that can be resumed, tables, plots",
                               run_bench};
