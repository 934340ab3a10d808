/* gradient_cost MODEL: what one gradient costs in scored evaluations of the same prompt and response, 32 tokens
 * long, by one thread's processor time, for prompts of 100 and 500 tokens; exit 1 where the engine says less. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "engine/gradient/gradient.h"
#include "engine/table.h"

enum { RESPONSE = 32, MOST_PROMPT = 500, ROUNDS = 3 };

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int evaluate(jp_engine *engine, const int32_t *row, int n, jopa_error *e) {
    float              log_probs[RESPONSE];
    jopa_score_request rq = {.size = sizeof rq,
                             .flags = JOPA_SCORE_BEGIN, /* nothing is known */
                             .n_rows = 1,
                             .prompt = &row,
                             .n_prompt = &n,
                             .response = row + n,
                             .n_response = RESPONSE,
                             .last = RESPONSE,
                             .log_probs = log_probs};
    return engine->ops->score(engine, &rq, e);
}

static int differentiate(jp_gradient *g, const int32_t *row, int n, float *d, jopa_error *e) {
    float               d_bias[MOST_PROMPT], log_probs[RESPONSE];
    jp_gradient_request rq = {.symbols = row,
                              .n_symbols = n,
                              .response = row + n,
                              .n_response = RESPONSE,
                              .target_last = RESPONSE,
                              .d_embedding = d,
                              .d_bias = d_bias,
                              .log_probs = log_probs};
    return jp_gradient_run(g, &rq, e);
}

/* The least of ROUNDS times each, taken in turn. */
static int compare(jp_engine *engine, jp_gradient *g, int n, float *d, double *ratio, jopa_error *e) {
    int32_t   row[MOST_PROMPT + RESPONSE];
    jp_random random;
    double    evaluation = 1e9, gradient = 1e9;
    int       status = engine->ops->reserve(engine, n + RESPONSE, NULL, e);
    jp_random_seed(&random, 1);
    for (int i = 0; i < n + RESPONSE; i++) row[i] = 100 + jp_random_below(&random, engine->ops->n_vocab(engine) - 100);
    for (int round = 0; round < ROUNDS && !status; round++) {
        double start = processor_seconds();
        status = evaluate(engine, row, n, e);
        double middle = processor_seconds();
        if (!status) status = differentiate(g, row, n, d, e);
        double end = processor_seconds();
        if (middle - start < evaluation) evaluation = middle - start;
        if (end - middle < gradient) gradient = end - middle;
    }
    *ratio = gradient / evaluation;
    if (!status) printf("prompt %d: evaluation %.2f s, gradient %.2f s, ratio %.2f\n", n, evaluation, gradient, *ratio);
    return status;
}

int main(int argc, char **argv) {
    const int    prompts[] = {100, MOST_PROMPT};
    jopa_error   e = {0};
    jp_engine   *engine = NULL;
    jp_gradient *g = NULL;
    double       ratio = 0;
    if (argc < 2) return fprintf(stderr, "usage: gradient_cost MODEL\n"), 2;
    int status = jp_engine_open(&engine, "local", &(jp_engine_options){.file = argv[1], .threads = 1}, &e);
    if (!status) status = jp_gradient_open(&g, argv[1], 1, false, &e);
    float *d = status ? NULL : malloc((size_t)MOST_PROMPT * (size_t)engine->ops->n_embd(engine) * sizeof *d);
    bool   failed = !d;
    for (int i = 0; i < 2 && !status && d; i++) {
        status = compare(engine, g, prompts[i], d, &ratio, &e);
        failed |= ratio > engine->ops->gradient_price(engine, prompts[i] + RESPONSE);
    }
    if (status) fprintf(stderr, "%s\n", e.message);
    if (!status) {
        size_t copies, work;
        jp_gradient_memory(g, &copies, &work);
        printf("memory: copies of weights %zu MiB, work %zu MiB\n", copies >> 20, work >> 20);
    }
    free(d);
    jp_gradient_free(g);
    if (engine) engine->ops->destroy(engine);
    return status || failed;
}
