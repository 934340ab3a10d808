#include "copier.h"

#include <stdlib.h>

static unsigned capabilities(void *self) {
    (void)self;
    return JOPA_CAN_SCORE | JOPA_CAN_TOKENIZE | JOPA_CAN_GENERATE | JOPA_CAN_TEMPLATE;
}

static float log_prob_of(const int32_t *symbols, int n, int32_t byte) {
    int seen = 0;
    for (int i = 0; i < n; i++) seen += symbols[i] == byte;
    return -6.0F + (float)(seen < 3 ? seen : 3) * 1.5F + 0.01F * (float)(n % 7);
}

static int score(void *self, const jopa_score_request *rq, jopa_error *e) {
    int width = rq->last - rq->first;
    (void)self, (void)e;
    for (int row = 0; row < rq->n_rows; row++) {
        for (int t = rq->first; t < rq->last; t++)
            rq->log_probs[row * width + t - rq->first] =
                log_prob_of(rq->prompt[row], rq->n_prompt[row], rq->response[t]);
        jopa_engine_cost cost = {.decoded_tokens = (int64_t)(row + 1) * (rq->n_prompt[row] + rq->last - 1)};
        if (rq->done(rq->user, &row, 1, &cost)) return JOPA_ERROR_INTERRUPTED;
    }
    return JOPA_OK;
}

static int tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    (void)self, (void)special, (void)e;
    int32_t *out = malloc((size + 1) * sizeof *out);
    if (!out) return JOPA_ERROR_MEMORY;
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

static int generate(void *self, jopa_generate_request *rq, jopa_error *e) {
    (void)self, (void)e;
    rq->n = rq->max < rq->n_symbols ? rq->max : rq->n_symbols;
    for (int i = 0; i < rq->n; i++) rq->out[i] = rq->symbols[i] >= 0 ? rq->symbols[i] : '_';
    rq->cost.decoded_tokens = rq->n_symbols + rq->n;
    return JOPA_OK;
}

static const char *template_source(void *self, const char *name) {
    (void)self;
    return name ? NULL
                : "{% for m in messages %}<{{ m.role | upper }}>{{ m.content | trim }}</>{% endfor %}"
                  "{% if add_generation_prompt %}{{ strftime_now('%Y') | replace('2', '3') }}{% endif %}";
}

const jopa_engine_ops copier_ops = {.size = sizeof copier_ops,
                                    .version = JOPA_ENGINE_VERSION,
                                    .name = "copier",
                                    .capabilities = capabilities,
                                    .score = score,
                                    .tokenize = tokenize,
                                    .piece = piece,
                                    .generate = generate,
                                    .template_source = template_source};
