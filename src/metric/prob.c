/* Group "prob": what hiding the set does to the probability of the response's T target tokens.
 *   drop                   log p(y | x) - log p(y | x masked), natural log, summed over the target
 *   drop_per_token         drop / T
 *   probability_ratio      exp(-drop / T): geometric mean over tokens of p(masked) / p(full)
 *   log_probability_ratio  -drop: log of p(y | x masked) / p(y | x)
 *   perplexity, perplexity_masked    exp(-log p / T)
 * Against another answer y' the drop and the ratio are those of p(y) / p(y'), and there are none per token; the
 * perplexities and the divergence are those of y.
 *   kl_divergence          mean over target tokens of KL(p(. | x, y<t) || p(. | x masked, y<t)), nats */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metric/metric.h"

enum { CHUNK_FLOATS = 1 << 24 }; /* of next-token distributions held at once, twice: 2 x 64 MiB */

/* ---- KL divergence ------------------------------------------------------------------------------------------------
 */

/* Two rows of next-token distributions: prompt, then response tokens as they are passed by. */
typedef struct {
    jp_engine *engine;
    int32_t   *symbols[2]; /* full, masked */
    int        size[2];
    float     *log_p[2]; /* [chunk * n_vocab] */
    int        n_vocab, chunk;
} comparison;

static void comparison_free(comparison *c) {
    for (int i = 0; i < 2; i++) {
        free(c->symbols[i]);
        free(c->log_p[i]);
    }
}

/* The prompt's symbols with nothing and with `selected` hidden, each followed by the response before the target. */
static int comparison_init(comparison *c, const jp_measured *m, jopa_error *e) {
    const jp_problem *p = jp_scorer_problem(m->scorer);
    int               target = p->target_last - p->target_first;
    *c = (comparison){.engine = jp_scorer_engine(m->scorer)};
    c->n_vocab = c->engine->ops->n_vocab(c->engine);
    c->chunk = CHUNK_FLOATS / c->n_vocab;
    if (c->chunk < 1) c->chunk = 1;
    if (c->chunk > target) c->chunk = target;
    for (int i = 0; i < 2; i++) {
        c->symbols[i] = malloc((size_t)(p->prompt->n_tokens + p->n_response) * sizeof *c->symbols[i]);
        c->log_p[i] = malloc((size_t)c->chunk * (size_t)c->n_vocab * sizeof *c->log_p[i]);
        if (!c->symbols[i] || !c->log_p[i]) return jp_fail_memory(e);
        c->size[i] = jp_mask_symbols(p->prompt, &p->op, i ? m->selected : NULL, c->symbols[i]);
        memcpy(c->symbols[i] + c->size[i], p->response, (size_t)p->target_first * sizeof *p->response);
        c->size[i] += p->target_first;
    }
    return JP_OK;
}

/* sum over tokens v of p(v) (log p(v) - log q(v)); never below 0 but for rounding */
static double kl(const float *log_p, const float *log_q, int n) {
    double sum = 0;
    for (int v = 0; v < n; v++)
        if (log_p[v] > -INFINITY) sum += exp((double)log_p[v]) * ((double)log_p[v] - (double)log_q[v]);
    return sum > 0 ? sum : 0;
}

static int mean_kl(const jp_measured *m, double *out, jopa_error *e) {
    const jp_problem *p = jp_scorer_problem(m->scorer);
    comparison        c;
    double            sum = 0;
    int               status = comparison_init(&c, m, e);
    for (int at = p->target_first, n; at < p->target_last && !status; at += n) {
        n = p->target_last - at < c.chunk ? p->target_last - at : c.chunk;
        for (int i = 0; i < 2 && !status; i++) {
            jopa_next_request rq = {.size = sizeof rq,
                                    .symbols = c.symbols[i],
                                    .n_symbols = c.size[i],
                                    .response = p->response + at,
                                    .n_response = n,
                                    .out = c.log_p[i],
                                    .stop = m->stop};
            status = c.engine->ops->next(c.engine, &rq, e);
            memcpy(c.symbols[i] + c.size[i], p->response + at, (size_t)n * sizeof *p->response);
            c.size[i] += n;
        }
        for (int t = 0; t < n && !status; t++) {
            size_t row = (size_t)t * (size_t)c.n_vocab;
            sum += kl(c.log_p[0] + row, c.log_p[1] + row, c.n_vocab);
        }
    }
    comparison_free(&c);
    if (!status) *out = sum / (p->target_last - p->target_first);
    return status;
}

/* ---- the group ------------------------------------------------------------------------------------------------------
 */

/* log p(y) and what it loses, without the other answer. */
static void sum_target_prob(const jp_explanation *x, double *full, double *lost) {
    *full = *lost = 0;
    for (int t = x->target_first; t < x->target_last; t++) {
        *full += x->response_tokens[t].log_prob;
        *lost += x->response_tokens[t].log_prob - x->response_tokens[t].masked_log_prob;
    }
    if (!x->n_response_tokens) *full = *lost = NAN;
}

static int measure_prob(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    const jp_problem *p = jp_scorer_problem(m->scorer);
    jp_engine        *engine = jp_scorer_engine(m->scorer);
    double drop, lost, divergence = NAN, full = jp_scorer_full(m->scorer), tokens = p->target_last - p->target_first;
    int    status = jp_scorer_drops(m->scorer, m->selected, 1, &drop, e);
    bool   alone = !p->other.tokens;
    if (!status &&
        out->n_response_tokens) { /* the result's own numbers, which other batches may differ from in the last digits */
        full = out->log_prob.full;
        drop = out->log_prob.drop;
    }
    lost = drop; /* of y itself */
    if (!status && !alone) sum_target_prob(out, &full, &lost);
    if (!status && engine->ops->next && engine->ops->capabilities(engine) & JP_CAN_NEXT)
        status = mean_kl(m, &divergence, e);
    if (status) return status;
    struct {
        const char *name;
        double      value;
    } numbers[] = {
        {"drop", drop},
        {"drop_per_token", alone ? drop / tokens : (double)NAN},
        {"probability_ratio", alone ? exp(-drop / tokens) : (double)NAN},
        {"log_probability_ratio", -drop},
        {"perplexity", exp(-full / tokens)},
        {"perplexity_masked", exp(-(full - lost) / tokens)},
        {"kl_divergence", divergence},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
        status = jp_metric_add(out, "prob", numbers[i].name, numbers[i].value, e);
    return status;
}

const jp_metric jp_metric_prob = {.name = "prob",
                                  .summary = "drop (whole, per token), probability ratio, perplexity before and after, "
                                             "KL divergence of next-token distributions",
                                  .by_default = true,
                                  .measure = measure_prob};
