/* jopa_bench: cases x methods, each result appended to the file as soon as it is there. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/cases.h"
#include "bench/records.h"
#include "explain/explain.h"

void jopa_bench_options_init(jopa_bench_options *o) {
    *o = (jopa_bench_options){.methods = "jopa,ablation,random"};
    jopa_explain_options_init(&o->explain);
}

/* ---- methods: NAME[@SPARSITY][/BUDGET]
 * ------------------------------------------------------------------------------- */

enum { MOST_VARIANTS = 64, LABEL_SIZE = 64 };

typedef struct {
    char             label[LABEL_SIZE];
    const jp_method *method;
    double           sparsity; /* 0: the options' */
    int              budget;   /* 0: the options' */
} variant;

typedef struct {
    variant items[MOST_VARIANTS];
    int     n;
} variants;

/* What follows the name: "@0.08/50". */
static int parse_variant(variant *v, const char *rest, jopa_error *e) {
    char *end = (char *)(uintptr_t)rest;
    if (*end == '@') {
        v->sparsity = strtod(rest + 1, &end);
        if (end == rest + 1 || !(v->sparsity > 0 && v->sparsity <= 1))
            return jp_fail(e, JOPA_ERROR_USAGE, "'%s': after @ comes a sparsity above 0, at most 1", v->label);
    }
    if (*end == '/') {
        const char *digits = end + 1;
        long        budget = strtol(digits, &end, 10);
        if (end == digits || budget < 1 || budget > INT_MAX)
            return jp_fail(e, JOPA_ERROR_USAGE, "'%s': after / comes a number of evaluations, at least 1", v->label);
        v->budget = (int)budget;
    }
    return *end ? jp_fail(e, JOPA_ERROR_USAGE, "'%s' is not NAME, NAME@SPARSITY or NAME/BUDGET", v->label) : JP_OK;
}

static int add_variant(variants *v, const char *text, size_t size, unsigned can, jopa_error *e) {
    variant *made = &v->items[v->n];
    if (size == 0 || size >= sizeof made->label || v->n == MOST_VARIANTS)
        return jp_fail(e, JOPA_ERROR_USAGE, "'%.*s' is not a method, or there are more than %d", (int)size, text,
                       MOST_VARIANTS);
    *made = (variant){.method = NULL};
    memcpy(made->label, text, size);
    for (int i = 0; i < v->n; i++)
        if (!strcmp(v->items[i].label, made->label)) return JP_OK;
    char   name[LABEL_SIZE] = "";
    size_t name_size = strcspn(made->label, "@/");
    memcpy(name, made->label, name_size);
    int status = parse_variant(made, made->label + name_size, e);
    if (!status) status = jp_explain_find_method(&made->method, name, can, e);
    if (!status) v->n++;
    return status;
}

static int parse_variants(variants *v, const char *list, unsigned can, jopa_error *e) {
    int status = JP_OK;
    v->n = 0;
    for (const char *at = list ? list : ""; *at && !status;) {
        size_t size = strcspn(at, ",");
        status = add_variant(v, at, size, can, e);
        at += size + (at[size] == ',');
    }
    if (!status && !v->n) status = jp_fail(e, JOPA_ERROR_USAGE, "no method given: see `jopa list methods`");
    return status;
}

/* ---- settings: what has to be the same for all results of a file ---------------------------------------------------
 */

static json_t *make_settings(jopa_model *m, const jopa_bench_options *o) {
    const jopa_explain_options *x = &o->explain;
    jp_model_info               info = {0};
    m->engine->ops->model_info(m->engine, &info);
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:f, s:i, s:i, s:f, s:f, s:i, s:I, s:s, s:b}", "engine",
                     m->engine->ops->name, "model", info.file, "quantization", info.quantization, "parameters",
                     (json_int_t)info.parameters, "operator", x->op, "unit", x->unit, "roles", x->roles, "sparsity",
                     x->sparsity, "units", x->k, "budget", x->budget, "budget_per_unit", o->budget_per_unit, "seconds",
                     x->seconds, "max_tokens", x->max_tokens, "seed", (json_int_t)x->seed, "metrics",
                     x->metrics ? x->metrics : "none", "encoder", m->encoder != NULL);
}

/* ---- the run -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const jopa_bench_options *o;
    jopa_model               *model;
    variants                  variants;
    jp_cases                  cases;
    jp_records                known;
    FILE                     *file;

    jopa_bench_progress progress;
    double              started, work, work_done; /* work: bytes of prompt x methods */
    bool                stopped;
} run;

static int report_bench(run *r) {
    jopa_bench_progress *p = &r->progress;
    p->seconds = jp_seconds() - r->started;
    p->seconds_left = r->work_done > 0 ? p->seconds / r->work_done * (r->work - r->work_done) : -1;
    r->stopped = r->stopped || (r->o->progress && r->o->progress(r->o->user, p));
    return r->stopped;
}

static int forward_bench(void *user, const jopa_progress *p) {
    (void)p;
    return report_bench(user);
}

static void warn_bench(const run *r, const char *line) {
    if (r->o->warn) r->o->warn(r->o->user, line);
}

static int missing(const run *r, const jp_case *c) {
    int n = 0;
    for (int i = 0; i < r->variants.n; i++) n += !jp_records_have(&r->known, c->id, r->variants.items[i].label);
    return n;
}

static double work_of(const run *r, const jp_case *c) { return (double)(strlen(c->prompt) + 100) * missing(r, c); }

static int run_variant(run *r, const jp_case *c, const variant *v, jp_explain_problem *p, jopa_explain_options x,
                       jopa_error *e) {
    jp_explanation found = {0};
    bool           interrupted = false;
    r->progress.method = v->label;
    if (v->sparsity > 0) {
        x.sparsity = v->sparsity;
        x.k = 0;
    }
    if (r->o->budget_per_unit > 0) x.budget = (int)ceil(r->o->budget_per_unit * p->prompt.n_units);
    if (v->budget > 0) x.budget = v->budget;
    p->sparsity = 0;
    int status = jp_explain_choose_k(p, &x, e);
    if (!status) status = jp_explain_run(&found, r->model, p, v->method, &x, false, &interrupted, e);
    r->stopped = r->stopped || interrupted;
    if (!status && !r->stopped) status = jp_records_append(r->file, c->id, c->task, v->label, &found, e);
    jp_explanation_free(&found);
    return status;
}

static int run_case(run *r, const jp_case *c, jopa_error *e) {
    jopa_explain_options x = r->o->explain;
    jp_explain_problem   p;
    x.prompt = c->prompt;
    x.system = c->system ? c->system : x.system;
    x.messages = NULL;
    x.response = c->response;
    x.progress = forward_bench;
    x.user = r;
    r->progress.id = c->id;
    r->progress.method = NULL;
    if (report_bench(r)) return JP_OK;
    int status = jp_explain_problem_init(&p, r->model, &x, e);
    if (status) return status;
    for (int i = 0; i < r->variants.n && !status && !r->stopped; i++)
        if (!jp_records_have(&r->known, c->id, r->variants.items[i].label))
            status = run_variant(r, c, &r->variants.items[i], &p, x, e);
    jp_explain_problem_free(&p);
    return status;
}

/* What is about one prompt does not end the run. */
static bool is_fatal(int status) {
    return status != JOPA_ERROR_INPUT && status != JOPA_ERROR_UNSUPPORTED && status != JOPA_ERROR_USAGE;
}

static int run_cases(run *r, jopa_error *e) {
    int failed = 0;
    for (int i = 0; i < r->cases.n; i++) r->work += work_of(r, &r->cases.items[i]);
    r->progress.total = r->cases.n;
    for (int i = 0; i < r->cases.n && !r->stopped; i++) {
        const jp_case *c = &r->cases.items[i];
        jopa_error     why = {0};
        int            status = missing(r, c) ? run_case(r, c, &why) : JP_OK;
        if (status && (is_fatal(status) || ++failed == r->cases.n)) return jp_fail(e, status, "%s", why.message);
        if (status) {
            char line[700];
            snprintf(line, sizeof line, "%s left out: %s", c->id, why.message);
            warn_bench(r, line);
        }
        r->progress.done++;
        r->work_done += work_of(r, c);
    }
    if (!r->stopped) report_bench(r);
    return JP_OK;
}

static int prepare_bench(run *r, jopa_error *e) {
    const jopa_bench_options *o = r->o;
    jp_warnings               warnings = {o->warn, o->user};
    int status = parse_variants(&r->variants, o->methods, r->model->engine->ops->capabilities(r->model->engine), e);
    if (!status && (!o->results || !o->n_data))
        status = jp_fail(e, JOPA_ERROR_USAGE, "data and a file for the results are needed");
    for (int i = 0; i < o->n_data && !status; i++) status = jp_cases_read(&r->cases, o->data[i], &warnings, e);
    if (!status) status = jp_cases_thin(&r->cases, o->per_task, e);
    if (!status) status = jp_records_read(&r->known, o->results, e);
    json_t *settings = status ? NULL : make_settings(r->model, o);
    if (!status && !settings) status = jp_fail_memory(e);
    if (!status) status = jp_records_open(&r->file, &r->known, o->results, settings, e);
    json_decref(settings);
    return status;
}

int jopa_bench(jopa_model *m, const jopa_bench_options *o, jopa_error *e) {
    run r = {.o = o, .model = m, .started = jp_seconds()};
    int status = prepare_bench(&r, e);
    if (!status) status = run_cases(&r, e);
    if (r.file && fclose(r.file) && !status) status = jp_fail(e, JOPA_ERROR_IO, "cannot write '%s'", o->results);
    jp_cases_free(&r.cases);
    jp_records_free(&r.known);
    return status;
}
