#include "many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data.h"
#include "kept-results.h"
#include "progress.h"
#include "say.h"

/* ---- what can be known to be wrong -------------------------------------------------------------------------------
 */

static int check_alone(const options *o) {
    static const char *const whole[] = {"prompt_file",   "messages", "system", "response",
                                        "response_file", "target",   "like"};
    bool                     question = o->positional != NULL;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) question |= options_given(o, whole[i]);
    if (question)
        return say(EXIT_USAGE,
                   "--data holds the questions and responses: leave the prompt, --response and --target out");
    return -1;
}

/* What is wrong with all questions of a file is known before the model is opened. */
static int check_each(const options *o) {
    jopa_options *one = NULL;
    jopa_error    e = {0};
    int           status = jopa_options_copy(&one, o->asked, &e);
    bool          cites = !strcmp(o->command, "cite") && !options_given(o, "documents");
    if (!status) status = jopa_options_set(one, "prompt", "of the file", &e);
    if (!status && cites) status = jopa_options_set(one, "documents", "{\"text\": \"of a line\"}", &e);
    if (!status) status = jopa_options_check(one, &e);
    jopa_options_free(one);
    return status ? say_error(&e) : -1;
}

int many_check(options *o) {
    int code = check_alone(o);
    if (code < 0) code = options_files(o);
    return code < 0 ? check_each(o) : code;
}

static int check_lines(const options *o) {
    const char *format = options_given(o, "format") ? options_text(o, "format") : "json";
    if (strcmp(format, "json"))
        return say(EXIT_USAGE,
                   "--format %s shows one result: --data writes JSON, a line a question, and `jopa render` "
                   "shows a line",
                   format);
    if (options_given(o, "output"))
        return say(EXIT_USAGE, "--data writes to standard output, or appends to --results FILE: leave --output out");
    return -1;
}

/* ---- the questions ------------------------------------------------------------------------------------------------
 */

typedef struct {
    options       *o;
    kept_results  *kept;
    jopa_options **asked; /* [n] */
    int            n, capacity, next, known;
    int            code;
} many;

static bool add_question(many *x, jopa_options *asked) {
    if (x->n == x->capacity) {
        int            capacity = x->capacity ? 2 * x->capacity : 64;
        jopa_options **more = realloc(x->asked, (size_t)capacity * sizeof *more);
        if (!more) return false;
        x->asked = more;
        x->capacity = capacity;
    }
    x->asked[x->n++] = asked;
    return true;
}

/* Whether an earlier question has its id, by which results are told apart. Quadratic, beside searches. */
static bool has_twin(const many *x, const jopa_options *asked) {
    for (int i = 0; i < x->n; i++)
        if (!strcmp(jopa_options_get(x->asked[i], "id"), jopa_options_get(asked, "id"))) return true;
    return false;
}

static int read_questions(many *x, data *d) {
    jopa_options *asked = NULL;
    int           more;
    for (; (more = data_next(d, x->o->asked, &asked)) != 0; asked = NULL) {
        if (more > 0 && has_twin(x, asked)) {
            say(0, "'%s', line %d: the id '%s' is that of an earlier line: left out", options_text(x->o, "data"),
                data_line(d), jopa_options_get(asked, "id"));
            more = -1;
        }
        if (more < 0) x->code = EXIT_FAILED;
        if (more < 0) jopa_options_free(asked);
        else if (!add_question(x, asked)) {
            jopa_options_free(asked);
            return say(EXIT_FAILED, "out of memory");
        }
    }
    return x->n ? -1 : x->code ? x->code : say(EXIT_FAILED, "'%s' holds no question", options_text(x->o, "data"));
}

/* Those that were answered before, by the same model and options, are done; the others move to the front. */
static int leave_known_out(many *x, const jopa_model *m) {
    int code = -1, left = 0;
    for (int i = 0; i < x->n; i++) {
        bool known = false;
        if (code < 0) code = kept_results_have(x->kept, m, x->asked[i], &known);
        if (known) jopa_options_free(x->asked[i]);
        else x->asked[left++] = x->asked[i];
        x->known += known;
    }
    x->n = left;
    return code;
}

/* ---- the run ------------------------------------------------------------------------------------------------------
 */

static jopa_options *next_asked(void *user) {
    many *x = user;
    if (x->next == x->n) return NULL;
    jopa_options *asked = x->asked[x->next];
    x->asked[x->next++] = NULL;
    return asked;
}

/* What cannot be asked is told, and the rest goes on. Of a search that Ctrl-C ended nothing is kept: it begins anew. */
static int take_answer(void *user, const jopa_options *asked, jopa_result *r, const jopa_error *why) {
    many *x = user;
    int   code = EXIT_DONE;
    progress_end(x->o->line);
    if (!r) {
        jopa_error e = *why;
        snprintf(e.message, sizeof e.message, "%.100s: %.400s", jopa_options_get(asked, "id"), why->message);
        e.code = JOPA_ERROR_INPUT;
        x->code = say_error(&e);
    } else if (!jopa_result_interrupted(r)) code = kept_results_add(x->kept, r);
    jopa_result_free(r);
    if (code != EXIT_DONE) x->code = code;
    return code != EXIT_DONE;
}

static int show_many(void *user, const jopa_progress *p) { return progress_show(((many *)user)->o->line, p); }

static int run_many(many *x, jopa_model *m, ask_function ask) {
    jopa_error        e = {0};
    jopa_many_request rq = {.size = sizeof rq,
                            .ask = ask,
                            .next = next_asked,
                            .answer = take_answer,
                            .progress = show_many,
                            .user = x,
                            .prompts = x->n + x->known,
                            .prompts_done = x->known,
                            .in_flight = atoi(options_text(x->o, "in_flight"))};
    int               status = jopa_many(m, &rq, &e);
    progress_end(x->o->line);
    if (progress_interrupted()) return EXIT_INTERRUPTED;
    return status ? say_error(&e) : x->code;
}

static void free_many(many *x) {
    for (int i = 0; i < x->n; i++) jopa_options_free(x->asked[i]);
    free(x->asked);
    kept_results_close(x->kept);
}

static int ask_many(options *o, ask_function ask) {
    many        x = {.o = o};
    data       *d = NULL;
    jopa_model *m = NULL;
    int         code = check_lines(o);
    if (code < 0) code = many_check(o);
    if (code < 0) code = data_open(&d, options_text(o, "data"));
    if (code < 0) code = kept_results_open(&x.kept, options_text(o, "results"));
    if (code < 0) code = read_questions(&x, d);
    if (code < 0) options_listen(o);
    if (code < 0) code = options_open_model(o, &m);
    if (code < 0) code = leave_known_out(&x, m);
    if (code < 0) code = x.n ? run_many(&x, m, ask) : x.code;
    free_many(&x);
    jopa_model_free(m);
    data_close(d);
    return code;
}

/* What only means something beside --data. */
static int check_one(const options *o) {
    static const char *const names[] = {"results", "in_flight"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (options_given(o, names[i]))
            return say(EXIT_USAGE, "--%s goes with a file of questions: --data FILE", i ? "in-flight" : "results");
    return -1;
}

int many_or_one(ask_function ask, int argc, const char **argv) {
    options      o;
    jopa_result *r = NULL;
    int          code = options_parse(&o, false, argc, argv, "[OPTION...] [PROMPT]");
    bool         many = code < 0 && options_given(&o, "data");
    if (code < 0 && !many) code = check_one(&o);
    if (code < 0) code = many ? ask_many(&o, ask) : ask_parsed(&o, ask, &r);
    jopa_result_free(r);
    options_free(&o);
    return code;
}
