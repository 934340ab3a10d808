/* Cases x methods, each result appended to the file as soon as it is there. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "bench/cases.h"
#include "bench/records.h"
#include "bench/settings.h"
#include "explain/run.h"

/* ---- the run -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const jp_question *q;
    jopa_model        *model;
    jp_cases           cases;
    jp_records         known;
    FILE              *file;

    jopa_progress progress;
    double        started, work, work_done; /* work: bytes of prompt x methods */
    bool          stopped;
} bench;

/* How one prompt's run goes, as a part of the whole; both times are the whole's. */
static int report_bench(bench *r, const jopa_progress *part) {
    jopa_progress p = part ? *part : r->progress;
    p.prompts_done = r->progress.prompts_done;
    p.prompts = r->progress.prompts;
    p.id = r->progress.id;
    p.method = r->progress.method;
    p.seconds = jp_seconds() - r->started;
    p.seconds_left = r->work_done > 0 ? p.seconds / r->work_done * (r->work - r->work_done) : -1;
    r->stopped = r->stopped || atomic_load(&r->model->cancelled) || (r->q->progress && r->q->progress(r->q->user, &p));
    return r->stopped;
}

static int forward_bench(void *user, const jopa_progress *p) { return report_bench(user, p); }

static void warn_bench(const bench *r, const char *line) {
    const jopa_options *o = r->q->options;
    if (o->warn) o->warn(o->user, line);
}

static int missing(const bench *r, const jp_case *c) {
    int n = 0;
    for (int i = 0; i < r->q->n_methods; i++) n += !jp_records_have(&r->known, c->id, r->q->methods[i].label);
    return n;
}

static double work_of(const bench *r, const jp_case *c) { return (double)(strlen(c->prompt) + 100) * missing(r, c); }

static int run_variant(bench *r, const jp_case *c, const jp_method_choice *v, jp_explain_problem *p, jp_watch *w,
                       const jp_question *q, jopa_error *e) {
    jp_explanation found = {0};
    jp_run         run = {.watch = w, .question = q, .problem = p, .method = v->method, .budget = q->budget};
    r->progress.method = v->label;
    if (q->budget_per_unit > 0) run.budget = (int)fmin(ceil(q->budget_per_unit * p->prompt.n_units), INT_MAX);
    if (v->budget > 0) run.budget = v->budget;
    bool own = v->sparsity > 0;
    int  status = jp_explain_choose_k(p, own ? 0 : q->k, own ? v->sparsity : q->sparsity, !own && q->min_drop > 0, e);
    if (!status) status = jp_run_method(&found, &run, e);
    r->stopped = r->stopped || w->stopped;
    if (!status && !r->stopped) status = jp_records_append(r->file, c, v->label, &found, e);
    jp_explanation_free(&found);
    return status;
}

static int run_methods_of_case(bench *r, const jp_case *c, const jp_question *q, jopa_error *e) {
    jp_watch           w;
    jp_explain_problem p;
    jp_watch_begin(&w, r->model, q);
    int status = jp_explain_problem_init(&p, &w, q, e);
    if (status) return status;
    for (int i = 0; i < q->n_methods && !status && !r->stopped; i++)
        if (!jp_records_have(&r->known, c->id, q->methods[i].label))
            status = run_variant(r, c, &q->methods[i], &p, &w, q, e);
    jp_explain_problem_free(&p);
    return status;
}

static int run_case(bench *r, const jp_case *c, jopa_error *e) {
    jp_question q = *r->q;
    q.memory = NULL;
    q.response = c->response;
    q.progress = forward_bench;
    q.user = r;
    r->progress.id = c->id;
    r->progress.method = NULL;
    if (report_bench(r, NULL)) return JP_OK;
    int status = jp_question_prompt(&q, c->prompt, c->system ? c->system : jp_options_text(q.options, "system"), e);
    if (!status) status = run_methods_of_case(r, c, &q, e);
    free(q.memory);
    return status == JOPA_ERROR_INTERRUPTED ? JP_OK : status;
}

/* What is about one prompt does not end the run. */
static bool is_fatal(int status) {
    return status != JOPA_ERROR_INPUT && status != JOPA_ERROR_UNSUPPORTED && status != JOPA_ERROR_USAGE;
}

static int run_cases(bench *r, jopa_error *e) {
    int failed = 0;
    for (int i = 0; i < r->cases.n; i++) r->work += work_of(r, &r->cases.items[i]);
    r->progress.prompts = r->cases.n;
    for (int i = 0; i < r->cases.n && !r->stopped; i++) {
        const jp_case *c = &r->cases.items[i];
        jopa_error     why = {0};
        int            status = missing(r, c) ? run_case(r, c, &why) : JP_OK;
        if (status && (is_fatal(status) || ++failed == r->cases.n)) return jp_fail(e, status, "%s", why.message);
        if (status) {
            char line[700];
            jp_one_line(line, sizeof line, "%s left out: %s", c->id, why.message);
            warn_bench(r, line);
        }
        r->progress.prompts_done++;
        r->work_done += work_of(r, c);
    }
    if (!r->stopped) report_bench(r, NULL);
    return JP_OK;
}

static jp_id_use look_up(const void *user, const char *id, const jp_case *c) { return jp_records_use(user, id, c); }

static int read_data(bench *r, jopa_error *e) {
    const jopa_options *o = r->q->options;
    jp_warnings         warnings = {o->warn, o->user};
    jp_known_ids        known = {look_up, &r->known};
    int                 n, status = JP_OK;
    const char *const  *data = jp_options_texts(o, "data", &n);
    if (!n) return jp_fail(e, JOPA_ERROR_USAGE, "no `data`: give files of prompts");
    for (int i = 0; i < n && !status; i++) status = jp_cases_read(&r->cases, data[i], &known, &warnings, e);
    return status ? status : jp_cases_thin(&r->cases, jp_options_integer(o, "per_task"), e);
}

static int open_results(bench *r, const char *file, jopa_error *e) {
    json_t *settings = jp_bench_settings(r->model, r->q->options), *defaults = jp_settings_of(NULL);
    int     status =
        settings && defaults ? jp_records_open(&r->file, &r->known, file, settings, defaults, e) : jp_fail_memory(e);
    json_decref(settings);
    json_decref(defaults);
    return status;
}

int jp_bench(jopa_model *m, const jp_question *q, jopa_error *e) {
    bench       r = {.q = q, .model = m, .started = jp_seconds()};
    const char *results = jp_options_text(q->options, "results");
    int         status = JP_OK;
    r.progress = (jopa_progress){.best_drop = NAN, .seconds_left = -1, .fraction = -1, .stage = "loading"};
    for (int i = 0; i < q->n_methods && !status; i++) status = jp_run_possible(q->methods[i].method, m, e);
    if (!status) status = jp_records_read(&r.known, results, e);
    if (!status) status = read_data(&r, e);
    if (!status) status = open_results(&r, results, e);
    if (!status) status = run_cases(&r, e);
    if (r.file && fclose(r.file) && !status) status = jp_fail(e, JOPA_ERROR_IO, "cannot write '%s'", results);
    jp_cases_free(&r.cases);
    jp_records_free(&r.known);
    return status;
}
