/* gradient_dump MODEL exact|fast N_EMBD: reads problems from standard input, each "N ids.. M response.. N biases..",
 * where an id of -1 is a zero row; prints for each a line of M log-probabilities, one of N d f / d bias and one of N *
 * n_embd d f / d embedding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gradient/gradient.h"

enum { MAX = 512, WIDTH = 8192 };

static int read_ids(int32_t *ids) {
    int n = 0;
    if (scanf("%d", &n) != 1 || n < 1 || n > MAX) return 0;
    for (int i = 0; i < n; i++)
        if (scanf("%d", ids + i) != 1) return 0;
    return n;
}

static void print_row(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) printf("%.9g%c", (double)x[i], i + 1 < n ? ' ' : '\n');
}

static int answer(jp_gradient *g, int width, float *d_embedding, jopa_error *e) {
    int32_t ids[MAX], response[MAX];
    float   bias[MAX], d_bias[MAX], log_probs[MAX];
    int     n = read_ids(ids), m = n ? read_ids(response) : 0;
    if (!m) return -1;
    for (int i = 0; i < n; i++)
        if (scanf("%f", bias + i) != 1) return -1;
    jp_gradient_request rq = {.symbols = ids,
                              .n_symbols = n,
                              .bias = bias,
                              .response = response,
                              .n_response = m,
                              .target_last = m,
                              .d_embedding = d_embedding,
                              .d_bias = d_bias,
                              .log_probs = log_probs};
    int                 status = jp_gradient_run(g, &rq, e);
    if (status) return status;
    print_row(log_probs, (size_t)m);
    print_row(d_bias, (size_t)n);
    print_row(d_embedding, (size_t)n * (size_t)width);
    return JP_OK;
}

int main(int argc, char **argv) {
    jopa_error   e = {0};
    jp_gradient *g = NULL;
    if (argc != 4) return fprintf(stderr, "usage: gradient_dump MODEL exact|fast N_EMBD\n"), 2;
    int    width = atoi(argv[3]), status = jp_gradient_open(&g, argv[1], 0, !strcmp(argv[2], "exact"), &e);
    float *d_embedding = malloc((size_t)MAX * WIDTH * sizeof *d_embedding);
    while (!status && d_embedding && width <= WIDTH) status = answer(g, width, d_embedding, &e);
    if (status > 0) fprintf(stderr, "%s\n", e.message);
    free(d_embedding);
    jp_gradient_free(g);
    return status > 0;
}
