#include <stdlib.h>

#include "command.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "say.h"

typedef struct {
    options               common;
    jopa_compress_options compress;
    double                tolerance; /* below 0: not given */
    char                **keep;      /* NULL-terminated, owned */
} settings;

static int compress(settings *s) {
    options     *o = &s->common;
    jopa_model  *m = NULL;
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          code = output_check(o);
    if (code < 0) code = options_texts(o, &s->compress.explain);
    if (code < 0) options_how(o, &s->compress.explain);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) {
        int status = jopa_compress(&r, m, &s->compress, &e);
        progress_end(s->compress.explain.user);
        code = status ? say_error(&e) : output_result(o, r);
        if (code == EXIT_DONE && jopa_result_interrupted(r)) code = EXIT_INTERRUPTED;
    }
    jopa_result_free(r);
    jopa_model_free(m);
    return code;
}

static int run_compress(int argc, const char **argv) {
    settings s = {.tolerance = -1};
    options *o = &s.common;
    options_init(o);
    jopa_compress_options_init(&s.compress);
    const struct poptOption own[] = {
        {"tolerance", 0, POPT_ARG_DOUBLE, &s.tolerance, 0, "drop per token of the response that is allowed, nats (0.1)",
         "F"},
        {"ratio", 0, POPT_ARG_DOUBLE, &s.compress.ratio, 0, "take out that fraction of the tokens instead", "F"},
        {"keep", 0, POPT_ARG_ARGV, &s.keep, 0,
         "text that stays wherever it occurs; may be repeated. So does {{marked}} text", "TEXT"},
        {"method", 'M', POPT_ARG_STRING, &o->method, 0, "jopa; to compare: random, ablation, surprisal (jopa)", "NAME"},
        {"unit", 'u', POPT_ARG_STRING, &o->unit, 0,
         "what goes or stays as a whole: token, word, sentence, line, paragraph (word)", "KIND"},
        {"roles", 0, POPT_ARG_STRING, &o->roles, 0, "whose text may be shortened (user)", "LIST"},
    };
    o->own = own;
    o->n_own = (int)(sizeof own / sizeof *own);
    int code = options_parse(o, OPTIONS_MODEL | OPTIONS_QUESTION | OPTIONS_EFFORT | OPTIONS_OUTPUT, argc, argv,
                             "[OPTION...] [PROMPT]");
    if (code < 0 && s.compress.ratio > 0 && s.tolerance != -1)
        code = say(EXIT_USAGE, "--ratio and --tolerance: one of them");
    if (s.tolerance != -1) s.compress.tolerance = s.tolerance;
    s.compress.keep = (const char *const *)s.keep;
    while (s.keep && s.keep[s.compress.n_keep]) s.compress.n_keep++;
    if (code < 0) code = compress(&s);
    for (int i = 0; i < s.compress.n_keep; i++) free(s.keep[i]);
    free(s.keep);
    options_free(o);
    return code;
}

const command compress_command = {"compress", "[PROMPT]", "a shorter prompt with the same answer", run_compress};
