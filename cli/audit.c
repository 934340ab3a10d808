#include <string.h>

#include "ask.h"
#include "command.h"
#include "data.h"
#include "many.h"
#include "output.h"
#include "progress.h"
#include "say.h"

/* A list has two formats: the others draw one explanation. */
static int check_list(const options *o) {
    const char *format = options_given(o, "format") ? options_text(o, "format") : NULL;
    if (format && strcmp(format, "text") && strcmp(format, "json"))
        return say(EXIT_USAGE, "--format %s shows one audit: with --data, text or json", format);
    return output_check(o);
}

/* The exit code for what was found. */
static int judge(const options *o, const jopa_result *r, int code) {
    for (int i = 0; r && i < jopa_result_count(r) && options_on(o, "fail_on_trigger") && code == EXIT_DONE; i++)
        if (jopa_result_triggered(r, i)) code = EXIT_TRIGGERED;
    return code;
}

static int audit_one(options *o) {
    jopa_result *r = NULL;
    int          code = ask_parsed(o, jopa_audit, &r);
    code = judge(o, r, code);
    jopa_result_free(r);
    return code;
}

/* One question of the file: what cannot be audited is told, and the rest goes on. *stop: an interruption, or wrong
 * usage. */
static int audit_next(options *o, const jopa_options *asked, jopa_model *m, jopa_result **all, bool *stop) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          status = jopa_audit(&r, m, asked, &e);
    progress_end(o->line);
    *stop = status == JOPA_ERROR_USAGE || status == JOPA_ERROR_MEMORY || status == JOPA_ERROR_INTERRUPTED ||
            (!status && jopa_result_interrupted(r));
    if (!status) status = jopa_audit_join(all, r, &e);
    if (!status) return EXIT_DONE;
    if (status == JOPA_ERROR_USAGE || status == JOPA_ERROR_INTERRUPTED) return say_error(&e);
    return say(EXIT_FAILED, "%s: %s", jopa_options_get(asked, "id"), e.message);
}

/* The exit code of a whole file: wrong usage before a failure before success. */
static int worse(int a, int b) { return a == EXIT_USAGE || b == EXIT_DONE ? a : b; }

static int audit_questions(options *o, data *d, jopa_model *m) {
    jopa_result  *all = NULL;
    jopa_options *asked = NULL;
    int           code = EXIT_DONE, more = 0;
    bool          stop = false;
    while (!stop && (more = data_next(d, o->asked, &asked)) != 0) {
        code = worse(code, more < 0 ? EXIT_FAILED : audit_next(o, asked, m, &all, &stop));
        jopa_options_free(asked);
        asked = NULL;
    }
    if (!all && code == EXIT_DONE) code = say(EXIT_FAILED, "'%s' holds no question", options_text(o, "data"));
    int written = all ? output_result(o, all) : EXIT_DONE;
    if (written != EXIT_DONE) code = written;
    else if (all && code == EXIT_DONE && jopa_result_interrupted(all)) code = EXIT_INTERRUPTED;
    code = judge(o, all, code);
    jopa_result_free(all);
    return code;
}

static int audit_file(options *o) {
    data       *d = NULL;
    jopa_model *m = NULL;
    int         code = many_check(o);
    if (code < 0) code = check_list(o);
    if (code < 0) code = data_open(&d, options_text(o, "data"));
    if (code < 0) options_listen(o);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) code = audit_questions(o, d, m);
    jopa_model_free(m);
    data_close(d);
    return code;
}

static int run_audit(int argc, const char **argv) {
    options o;
    int     code = options_parse(&o, false, argc, argv, "[OPTION...] [PROMPT]");
    bool    file = code < 0 && options_given(&o, "data");
    if (code < 0) code = file ? audit_file(&o) : audit_one(&o);
    options_free(&o);
    return code;
}

const command audit_command = {"audit", "[PROMPT]", "which part of a prompt triggers a response", true, run_audit};
