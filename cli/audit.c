#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "say.h"

typedef struct {
    options            common;
    jopa_audit_options audit;
    char              *until, *data;
    int                refusal, fail_on_trigger;
} settings;

/* A list has two formats: the others draw one explanation. */
static int check_list(const settings *s) {
    const options *o = &s->common;
    if (o->positional || o->prompt_file || o->messages_file || o->system || o->response || o->response_file ||
        o->target)
        return say(EXIT_USAGE,
                   "--data holds the questions and responses: leave the prompt, --response and --target out");
    if (o->format && strcmp(o->format, "text") && strcmp(o->format, "json"))
        return say(EXIT_USAGE, "--format %s shows one audit: with --data, text or json", o->format);
    return -1;
}

static int finish_audit(const settings *s, const jopa_result *r, int code) {
    int written = r && jopa_result_count(r) ? output_result(&s->common, r) : EXIT_DONE;
    if (written != EXIT_DONE) return written;
    if (r && code == EXIT_DONE && jopa_result_interrupted(r)) return EXIT_INTERRUPTED;
    for (int i = 0; r && i < jopa_result_count(r) && s->fail_on_trigger && code == EXIT_DONE; i++)
        if (jopa_result_triggered(r, i)) code = EXIT_TRIGGERED;
    return code;
}

static int audit_one(settings *s) {
    jopa_model  *m = NULL;
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          code = options_texts(&s->common, &s->audit.explain);
    if (code < 0) options_how(&s->common, &s->audit.explain);
    if (code < 0) code = options_open_model(&s->common, &m);
    if (code < 0) {
        int status = jopa_audit(&r, m, &s->audit, &e);
        progress_end(s->audit.explain.user);
        code = status ? say_error(&e) : finish_audit(s, r, EXIT_DONE);
    }
    jopa_result_free(r);
    jopa_model_free(m);
    return code;
}

/* One question of the file: what cannot be audited is told, and the rest goes on. *stop: an interruption, or wrong
 * usage. */
static int audit_next(settings *s, jopa_model *m, jopa_result **all, bool *stop) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          status = jopa_audit(&r, m, &s->audit, &e);
    progress_end(s->audit.explain.user);
    *stop = status == JOPA_ERROR_USAGE || status == JOPA_ERROR_MEMORY || (!status && jopa_result_interrupted(r));
    if (!status) status = jopa_audit_join(all, r, &e);
    if (!status) return EXIT_DONE;
    return status == JOPA_ERROR_USAGE ? say_error(&e) : say(EXIT_FAILED, "%s: %s", s->audit.id, e.message);
}

static int audit_file(settings *s) {
    data        *d = NULL;
    jopa_model  *m = NULL;
    jopa_result *all = NULL;
    int          code = data_open(&d, s->data), worst = EXIT_DONE;
    options_how(&s->common, &s->audit.explain);
    if (code < 0) code = options_open_model(&s->common, &m);
    if (code < 0) {
        bool stop = false;
        for (int more; !stop && (more = data_next(d, &s->audit.explain, &s->audit.id)) != 0;) {
            code = more < 0 ? EXIT_FAILED : audit_next(s, m, &all, &stop);
            if (code != EXIT_DONE && worst != EXIT_USAGE) worst = code;
        }
        code = finish_audit(s, all, worst);
        if (!all && code == EXIT_DONE) code = say(EXIT_FAILED, "'%s' holds no question", s->data);
    }
    jopa_result_free(all);
    jopa_model_free(m);
    data_close(d);
    return code;
}

static int audit(settings *s) {
    int code = s->data ? check_list(s) : -1;
    if (s->until) s->audit.until = s->until;
    s->audit.refusal = s->refusal;
    if (code < 0) code = output_check(&s->common);
    if (code >= 0) return code;
    return s->data ? audit_file(s) : audit_one(s);
}

static int run_audit(int argc, const char **argv) {
    settings s = {0};
    options *o = &s.common;
    options_init(o);
    jopa_audit_options_init(&s.audit);
    const struct poptOption own[] = {
        {"data", 0, POPT_ARG_STRING, &s.data, 0,
         "audit a file of questions: JSON Lines with prompt or messages, response", "FILE"},
        {"refusal", 0, POPT_ARG_NONE, &s.refusal, 0, "why it refuses: the target is the refusal in the response", NULL},
        {"fail-on-trigger", 0, POPT_ARG_NONE, &s.fail_on_trigger, 0, "exit code 3 when a trigger was found", NULL},
        {"until", 0, POPT_ARG_STRING, &s.until, 0,
         "what is enough: `probability` falls, or the `response` turns away (probability)", "WHAT"},
        {"threshold", 0, POPT_ARG_DOUBLE, &s.audit.threshold, 0, "drop per token that is enough, nats (1)", "F"},
        {"similarity", 0, POPT_ARG_DOUBLE, &s.audit.similarity, 0,
         "ROUGE-L below which a response is turned away (0.5)", "F"},
        {"unit", 'u', POPT_ARG_STRING, &o->unit, 0,
         "what is looked for before words: sentence, line, paragraph (sentence)", "KIND"},
        {"roles", 0, POPT_ARG_STRING, &o->roles, 0, "whose text may be hidden (all)", "LIST"},
        {"operator", 'o', POPT_ARG_STRING, &o->op, 0, "how it is hidden: zero, mean, delete, token:TEXT (delete)",
         "NAME"},
    };
    o->own = own;
    o->n_own = (int)(sizeof own / sizeof *own);
    int code = options_parse(o, OPTIONS_MODEL | OPTIONS_QUESTION | OPTIONS_EFFORT | OPTIONS_OUTPUT, argc, argv,
                             "[OPTION...] [PROMPT]");
    if (code < 0) code = audit(&s);
    free(s.until);
    free(s.data);
    options_free(o);
    return code;
}

const command audit_command = {"audit", "[PROMPT]", "which part of a prompt triggers a response", run_audit};
