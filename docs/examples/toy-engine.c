/* An engine of one's own, and a prompt explained with it: docs/engine.md.
 *
 * Tokens are bytes. The "model" copies: a byte of the response is likely when the prompt has it, wherever that is. So
 * an answer that stands in the prompt twice needs both places, and no single word explains it. */
#include <jopa.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the engine's functions get as `self`. */
typedef struct {
    double likely, unlikely; /* log-probabilities of a response byte */
} copier;

static unsigned capabilities(void *self) {
    (void)self;
    return JOPA_CAN_SCORE | JOPA_CAN_TOKENIZE;
}

static bool has(const int32_t *symbols, int n, int32_t byte) {
    for (int i = 0; i < n; i++)
        if (symbols[i] == byte) return true;
    return false;
}

/* log_probs[row][t] = log p(response token t | prompt of that row, response before t) */
static int score(void *self, const jopa_score_request *rq, jopa_error *e) {
    const copier *c = self;
    int           width = rq->last - rq->first;
    (void)e;
    for (int row = 0; row < rq->n_rows; row++) {
        for (int t = rq->first; t < rq->last; t++) {
            bool copied = has(rq->prompt[row], rq->n_prompt[row], rq->response[t]);
            rq->log_probs[row * width + t - rq->first] = (float)(copied ? c->likely : c->unlikely);
        }
        jopa_engine_cost cost = {.decoded_tokens = (int64_t)(row + 1) * (rq->n_prompt[row] + rq->last - 1)};
        if (rq->done(rq->user, &row, 1, &cost)) return JOPA_ERROR_INTERRUPTED;
    }
    return JOPA_OK;
}

static int tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    (void)self, (void)special;
    int32_t *out = malloc((size + 1) * sizeof *out);
    if (!out) {
        e->code = JOPA_ERROR_MEMORY;
        strcpy(e->message, "out of memory");
        return JOPA_ERROR_MEMORY;
    }
    for (size_t i = 0; i < size; i++) out[i] = (unsigned char)text[i];
    *ids = out;
    *n = (int)size;
    return JOPA_OK;
}

static int piece(void *self, int32_t id, bool special, char *out, int size) {
    (void)self, (void)special;
    if (size > 0) out[0] = (char)id;
    return 1;
}

static const jopa_engine_ops copier_ops = {
    .size = sizeof copier_ops,
    .version = JOPA_ENGINE_VERSION,
    .name = "copier",
    .capabilities = capabilities,
    .score = score,
    .tokenize = tokenize,
    .piece = piece,
};

/* There is no chat template, and there are no embeddings that could be zeroed. */
static int ask(jopa_options **out, const char *prompt, const char *response, jopa_error *e) {
    const char *const pairs[][2] = {{"prompt", prompt},     {"response", response}, {"raw", "true"},
                                    {"operator", "delete"}, {"unit", "word"},       {"k", "2"},
                                    {"metrics", "none"}};
    int               status = jopa_options_new(out, "explain", e);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !status; i++)
        status = jopa_options_set(*out, pairs[i][0], pairs[i][1], e);
    return status;
}

static void show(const jopa_result *result, const char *response) {
    int        n;
    const int *selected = jopa_result_selected(result, 0, &n);
    printf("'%s' drops by %.1f without", response, jopa_result_drop(result, 0));
    for (int i = 0; i < n; i++) printf(" %d:'%s'", selected[i], jopa_result_unit_text(result, 0, selected[i]));
    putchar('\n');
}

int main(void) {
    copier        c = {.likely = -0.1, .unlikely = -6.1};
    jopa_error    e = {0};
    jopa_model   *model = NULL;
    jopa_options *options = NULL;
    jopa_result  *result = NULL;
    int           status = jopa_model_open_engine(&model, &copier_ops, &c, &e);
    if (!status) status = ask(&options, "Room 7 is free, ask at desk 7 for a key", "7", &e);
    if (!status) status = jopa_explain(&result, model, options, &e);
    if (status) fprintf(stderr, "toy-engine: %s\n", e.message);
    else show(result, "7");
    jopa_result_free(result);
    jopa_options_free(options);
    jopa_model_free(model);
    return status != JOPA_OK;
}
