#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "say.h"

static const char *format_of_bench(const options *o) {
    const char *output = options_text(o, "output");
    bool        terminal = (!output || !strcmp(output, "-")) && isatty(STDOUT_FILENO);
    return options_given(o, "format") ? options_text(o, "format") : terminal ? "text" : "json";
}

/* Before long work: whether the tables can be written. -1: yes. */
static int check_bench_command(const options *o) {
    bool known = false;
    for (int i = 0; jopa_bench_format(i); i++) known |= !strcmp(jopa_bench_format(i), format_of_bench(o));
    if (!known)
        return say(EXIT_USAGE, "tables have no format '%s': text, markdown, csv, json or html", format_of_bench(o));
    if (!o->arguments && !options_given(o, "results"))
        return say(EXIT_USAGE, "no data: give files of prompts, or --results with a file that has results");
    return file_writable(options_text(o, "output")) ? -1 : EXIT_FAILED;
}

static void warn_line(void *user, const char *text) {
    progress_end(user);
    say(0, "%s", text);
}

/* -1: done; otherwise the exit code. */
static int run_data(options *o) {
    jopa_model *m = NULL;
    jopa_error  e = {0};
    int         code = -1;
    for (int i = 0; o->arguments[i] && code < 0; i++) code = options_set(o, "data", o->arguments[i]);
    if (code < 0) code = options_files(o);
    if (code < 0) code = options_check(o);
    if (code < 0) options_listen(o);
    if (code < 0) code = options_open_model(o, &m);
    if (code >= 0) return code;
    jopa_options_listen(o->asked, progress_show, warn_line, o->line);
    int status = jopa_bench(m, o->asked, &e);
    progress_end(o->line);
    jopa_model_free(m);
    return status ? say_error(&e) : -1;
}

static int bench(options *o) {
    jopa_error e = {0};
    size_t     size = 0;
    int        code = check_bench_command(o);
    if (code < 0 && o->arguments) code = run_data(o);
    if (code >= 0) return code;
    char *text = jopa_bench_tables(options_text(o, "results"), format_of_bench(o), &size, &e);
    bool  interrupted = progress_interrupted();
    if (!text) code = interrupted ? EXIT_INTERRUPTED : say_error(&e);
    else if (!file_write(options_text(o, "output"), output_marked(o, format_of_bench(o)), text, size))
        code = EXIT_FAILED;
    else code = interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
    jopa_free(text);
    return code;
}

static int run_bench(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, true, argc, argv, "[OPTION...] DATA.jsonl...");
    if (code < 0) code = bench(&o);
    options_free(&o);
    return code;
}

const command bench_command = {"bench", "DATA...", "methods over data sets: results that can be resumed, tables, plots",
                               true, run_bench};
