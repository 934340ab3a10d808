/* What bench/speed.py measures with. Standard input: a JSON object, then one for each job; standard output: a line of
 * JSON for each.
 *
 *     {"model": FILE, "threads": 2, "clock": "wall" or "cpu"}
 *     {"name", "prompt", "response", "tokens": of the response, "operator", "method": NAME, or "masks": N}
 *
 * "masks": N single units, evenly spaced over the prompt, all of them when there are not more. A job's `flops` are
 * those of the tokens that were decoded: 2 a weight, 4 n_head head_size a key that a token attends to and layer, the
 * output matrix (and the last layer's feed-forward) only for tokens whose logits are used. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/llama/llama-open.h"
#include "explain/problem.h"
#include "method/method.h"
#include "products.h"

/* ---- what goes through the engine ------------------------------------------------------------------------------ */

/* Put in the place of the engine's own table: what score says that it cost is added up. */
static struct {
    jp_engine_ops        ops;
    const jp_engine_ops *own;
    int64_t tokens, outputs, keys; /* decoded; with logits; sum over decoded tokens of the positions attended to */
} count;

typedef struct {
    const jopa_score_request *rq;
    jopa_engine_cost          cost;
} call;

static int count_batch(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    call *c = user;
    c->cost = *so_far;
    return c->rq->done ? c->rq->done(c->rq->user, rows, n, so_far) : 0;
}

static int score(void *self, const jopa_score_request *rq, jopa_error *err) {
    call               c = {rq, {0}};
    jopa_score_request counted = *rq;
    counted.done = count_batch;
    counted.user = &c;
    int status = count.own->score(self, &counted, err);
    count.tokens += c.cost.decoded_tokens;
    count.outputs += c.cost.outputs;
    count.keys += c.cost.attended;
    return status;
}

static void count_engine(jp_engine *e) {
    count.own = e->ops;
    count.ops = *e->ops;
    count.ops.score = score;
    e->ops = &count.ops;
}

static double flops(const model_shape *s) {
    return 2.0 * s->weights * (double)count.tokens + 2.0 * s->output_weights * (double)count.outputs +
           4.0 * s->attention * (double)count.keys;
}

/* ---- one run ---------------------------------------------------------------------------------------------------- */

typedef struct {
    jopa_model *model;
    model_shape shape;
    clockid_t   clock;
    int         threads;
} bench;

static double now(const bench *b) {
    struct timespec t;
    clock_gettime(b->clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static json_int_t peak_memory(void) {
    char      line[256];
    long long kilobytes = 0;
    FILE     *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lld", &kilobytes) == 1) break;
    if (f) fclose(f);
    return kilobytes * 1024;
}

/* From now on the peak is that of what follows. */
static void forget_peak(void) {
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return;
    fputs("5", f);
    fclose(f);
}

static int score_masks(jp_scorer *s, int wanted, jopa_error *e) {
    int        n = jp_scorer_units(s), count = wanted < n ? wanted : n;
    jp_bitset *masks = jp_bitset_array_new(count, n);
    double    *drops = malloc((size_t)count * sizeof *drops);
    int        status = masks && drops ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < count && !status; i++) jp_bitset_add(masks + i, (int)((2 * (int64_t)i + 1) * n / (2 * count)));
    if (!status) status = jp_scorer_fast(s, true, e); /* as an ablation's */
    if (!status) status = jp_scorer_drops(s, masks, count, drops, e);
    jp_bitset_array_free(masks);
    free(drops);
    return status;
}

/* The units' scores, of an ablation their drops, are put into `drops`. */
static int run_method(jp_scorer *s, const jp_explain_problem *p, const char *name, json_t *drops, jopa_error *e) {
    const jp_method *method = jp_method_find(name);
    int              n = p->prompt.n_units;
    jp_selection     found = {0};
    if (!method) return jp_fail(e, JOPA_ERROR_USAGE, "no method '%s'", name);
    int status = jp_selection_init(&found, n, e);
    if (!status) status = method->run(&(jp_task){.scorer = s, .n = n, .k = p->k}, &found, e);
    for (int i = 0; i < n && !status; i++)
        json_array_append_new(drops, isnan(found.score[i]) ? json_null() : json_real(found.score[i]));
    jp_selection_free(&found);
    return status;
}

/* One line of output; frees `object`. */
static void put_line(json_t *object) {
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

static json_t *ids_of(const jp_explain_problem *p, json_t **units, json_t **response) {
    json_t *ids = json_array();
    *units = json_array();
    *response = json_array();
    for (int i = 0; i < p->prompt.n_tokens; i++) {
        json_array_append_new(ids, json_integer(p->prompt.tokens[i].id));
        json_array_append_new(*units, json_integer(p->prompt.tokens[i].unit));
    }
    for (int i = 0; i < p->n_response; i++) json_array_append_new(*response, json_integer(p->response[i]));
    return ids;
}

static int measure(const bench *b, const jp_explain_problem *p, json_t *job, json_t *record, jopa_error *e) {
    const char *method = json_string_value(json_object_get(job, "method"));
    jp_scorer  *s = NULL;
    jp_limits   limits = {.k = p->k};
    jp_cost     cost;
    int         status = b->model->engine->ops->reserve(b->model->engine, p->prompt.n_tokens + p->n_response, NULL, e);
    count.tokens = count.outputs = count.keys = 0;
    json_t *drops = json_array();
    double  started = now(b);
    if (!status) status = jp_scorer_new(&s, b->model->engine, &p->problem, &limits, e);
    if (!status)
        status = method ? run_method(s, p, method, drops, e)
                        : score_masks(s, (int)json_integer_value(json_object_get(job, "masks")), e);
    double seconds = now(b) - started;
    if (!status) {
        jp_scorer_cost(s, &cost);
        json_object_set_new(record, "seconds", json_real(seconds));
        json_object_set_new(record, "evaluations", json_integer(cost.evaluations));
        json_object_set_new(record, "gradients", json_integer(cost.gradients));
        json_object_set_new(record, "decoded_tokens", json_integer(cost.decoded_tokens));
        json_object_set_new(record, "naive_tokens", json_integer(cost.naive_tokens));
        json_object_set_new(record, "flops", json_real(flops(&b->shape)));
        json_object_set(record, "drops", drops);
    }
    json_decref(drops);
    jp_scorer_free(s);
    return status;
}

/* The first `tokens` tokens of the response, as the problem's. */
static void cut_response(jp_explain_problem *p, int tokens) {
    if (tokens <= 0 || tokens >= p->n_response) return;
    p->n_response = p->problem.n_response = p->problem.target_last = tokens;
}

/* What a job asks: an explanation of its prompt and response. */
static int set_job(jopa_options **o, json_t *job, jopa_error *e) {
    static const char *const names[] = {"prompt", "response", "operator"};
    int                      status = jopa_options_new(o, "explain", e);
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++)
        status = jopa_options_set(*o, names[i], json_string_value(json_object_get(job, names[i])), e);
    return status;
}

static int make_problem(jp_explain_problem *p, const bench *b, json_t *job, jopa_error *e) {
    jopa_options *o = NULL;
    jp_question   q = {0};
    jp_watch      w;
    int           status = set_job(&o, job, e);
    if (!status) status = jp_question_init(&q, o, e);
    jp_watch_begin(&w, b->model, &q);
    if (!status) status = jp_explain_problem_init(p, &w, &q, e);
    jp_question_free(&q);
    jopa_options_free(o);
    return status;
}

static int run_job(const bench *b, json_t *job, jopa_error *e) {
    jp_explain_problem p;
    int                status = make_problem(&p, b, job, e);
    if (status) return status;
    cut_response(&p, (int)json_integer_value(json_object_get(job, "tokens")));
    json_t *record = json_object(), *units, *response;
    json_object_set(record, "name", json_object_get(job, "name"));
    json_object_set_new(record, "ids", ids_of(&p, &units, &response));
    json_object_set_new(record, "unit_of", units);
    json_object_set_new(record, "response", response);
    json_object_set_new(record, "operator_token", json_integer(p.problem.op.token));
    json_object_set_new(record, "peak", products_rate(&b->shape, b->shape.type, b->threads, b->clock));
    forget_peak();
    status = measure(b, &p, job, record, e);
    json_object_set_new(record, "memory", json_integer(peak_memory()));
    put_line(record);
    jp_explain_problem_free(&p);
    return status;
}

/* ---- all of them --------------------------------------------------------------------------------------------------
 */

static int open_file(jopa_model **m, const char *file, int threads, jopa_error *e) {
    char          number[16];
    jopa_options *o = NULL;
    snprintf(number, sizeof number, "%d", threads);
    int status = jopa_options_new(&o, "explain", e);
    if (!status) status = jopa_options_set(o, "model", file, e);
    if (!status) status = jopa_options_set(o, "threads", number, e);
    if (!status) status = jopa_model_open(m, o, e);
    jopa_options_free(o);
    return status;
}

static int open_model(bench *b, json_t *head, jopa_error *e) {
    const char *clock = json_string_value(json_object_get(head, "clock")),
               *file = json_string_value(json_object_get(head, "model"));
    jp_model_info info;
    b->clock = clock && !strcmp(clock, "cpu") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    b->threads = (int)json_integer_value(json_object_get(head, "threads"));
    int status = open_file(&b->model, file, b->threads, e);
    if (status) return status;
    count_engine(b->model->engine);
    b->model->engine->ops->model_info(b->model->engine, &info);
    if (!shape_read(&b->shape, file, info.weights))
        return jp_fail(e, JOPA_ERROR_MODEL, "%s: its shapes cannot be read", file);
    put_line(json_pack("{s:s, s:s, s:s, s:I, s:o}", "file", info.file, "quantization", info.quantization, "weights",
                       info.weights, "parameters", (json_int_t)info.parameters, "products",
                       products_all(&b->shape, b->threads, b->clock)));
    return JP_OK;
}

int main(void) {
    bench      b = {0};
    json_t    *head = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL), *job;
    jopa_error e = {0};
    int status = head ? open_model(&b, head, &e) : jp_fail(&e, JOPA_ERROR_INPUT, "the first line is no JSON object");
    while (!status && (job = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL))) {
        status = run_job(&b, job, &e);
        json_decref(job);
    }
    if (status) fprintf(stderr, "speed: %s\n", e.message);
    jopa_model_free(b.model);
    json_decref(head);
    return status != 0;
}
