#include "landscape.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

static double normal(jp_random *r) {
    return sqrt(-2 * log(1 - jp_random_unit(r))) * cos(6.283185307179586 * jp_random_unit(r));
}

/* Marsaglia & Tsang 2000 */
static double gamma_draw(jp_random *r, double shape) {
    if (shape < 1) return gamma_draw(r, shape + 1) * pow(jp_random_unit(r) + 1e-12, 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(jp_random_unit(r) + 1e-300) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

static int pick(jp_random *r, const double *share, int n) {
    double u = jp_random_unit(r);
    for (int i = 0; i < n; i++)
        if ((u -= share[i]) < 0) return i;
    return n - 1;
}

static double activity(const landscape *l, int topic, const bool *hidden) {
    int count = 0, size = l->topics[topic].count;
    for (int i = 0; i < size; i++) count += hidden[l->topics[topic].units[i]];
    if (l->topics[topic].kind == TOPIC_ANY_IS_ENOUGH) return count == size;
    if (l->topics[topic].kind == TOPIC_ALL_ARE_NEEDED) return count > 0;
    return 2 * count >= size ? (double)count / size : 0;
}

static double token_log_prob(const landscape *l, int t, const bool *hidden, const double *active) {
    double logit = l->logit[t];
    for (int i = 0; i < l->n; i++) logit -= hidden[i] ? l->weight[t][i] : 0;
    for (int i = 0; i < l->listens[t].count; i++) logit -= l->listens[t].weight[i] * active[l->listens[t].topic[i]];
    return log(0.999 / (1 + exp(-logit)) + 0.0005);
}

static void log_probs(const landscape *l, const bool *hidden, double *out) {
    double active[LANDSCAPE_TOPICS];
    for (int i = 0; i < LANDSCAPE_TOPICS; i++) active[i] = activity(l, i, hidden);
    for (int t = 0; t < LANDSCAPE_TOKENS; t++) out[t] = token_log_prob(l, t, hidden, active);
}

double landscape_score(const landscape *l, const bool *hidden) {
    double out[LANDSCAPE_TOKENS], sum = 0;
    log_probs(l, hidden, out);
    for (int t = 0; t < LANDSCAPE_TOKENS; t++) sum += out[t];
    return sum;
}

/* ---- as an engine --------------------------------------------------------------------------------------------- */

static unsigned capabilities(void *self) { return (void)self, JOPA_CAN_SCORE | JOPA_CAN_EMBEDDINGS; }

static int reserve(void *self, int max_row, int *rows, jopa_error *err) {
    (void)self, (void)max_row, (void)err;
    if (rows) *rows = LANDSCAPE_ROWS;
    return JOPA_OK;
}

static void score_row(const landscape *l, const int32_t *prompt, int n, const jopa_score_request *rq, float *out) {
    bool   hidden[LANDSCAPE_UNITS];
    double values[LANDSCAPE_TOKENS];
    memset(hidden, true, sizeof hidden);
    for (int i = 0; i < n; i++)
        if (prompt[i] >= 0 && prompt[i] < l->n) hidden[prompt[i]] = false;
    log_probs(l, hidden, values);
    for (int t = rq->first; t < rq->last; t++) *out++ = (float)values[t];
}

static int score(void *self, const jopa_score_request *rq, jopa_error *err) {
    jopa_engine_cost cost = {0};
    int              rows[LANDSCAPE_ROWS];
    (void)err;
    for (int at = 0, n; at < rq->n_rows; at += n) {
        for (n = 0; n < LANDSCAPE_ROWS && at + n < rq->n_rows; n++) {
            rows[n] = at + n;
            score_row(self, rq->prompt[at + n], rq->n_prompt[at + n], rq,
                      rq->log_probs + (size_t)(at + n) * (size_t)(rq->last - rq->first));
        }
        if (rq->done(rq->user, rows, n, &cost)) return JOPA_ERROR_INTERRUPTED;
    }
    return JOPA_OK;
}

static const jp_engine_ops OPS = {
    .name = "landscape", .capabilities = capabilities, .reserve = reserve, .score = score};

static unsigned capabilities_guided(void *self) { return capabilities(self) | JOPA_CAN_GRADIENT; }
static int      n_embd_guided(void *self) { return (void)self, 1; }
static int      price_guided(void *self, int row) { return (void)self, (void)row, 4; }

static int gradient_guided(void *self, const jopa_gradient_request *rq, jopa_error *err) {
    const landscape *l = self;
    (void)err;
    for (int i = 0; i < rq->n_symbols; i++) {
        double slope = rq->symbols[i] >= 0 && rq->symbols[i] < l->n ? l->guide[rq->symbols[i]] : 0;
        if (rq->d_bias) rq->d_bias[i] = (float)slope;
        if (rq->d_embedding) rq->d_embedding[i] = (float)slope;
    }
    return JOPA_OK;
}

static const jp_engine_ops OPS_GUIDED = {.name = "landscape",
                                         .capabilities = capabilities_guided,
                                         .reserve = reserve,
                                         .score = score,
                                         .n_embd = n_embd_guided,
                                         .gradient = gradient_guided,
                                         .gradient_price = price_guided};

void landscape_add_gradients(landscape *l, uint64_t seed) {
    enum { AROUND = 6 };
    jp_random r;
    double    mean = 0;
    jp_random_seed(&r, seed);
    l->base.ops = &OPS_GUIDED;
    for (int i = 0; i < l->n; i++) {
        bool hidden[LANDSCAPE_UNITS] = {0};
        l->guide[i] = 0;
        for (int around = 0; around < AROUND; around++) {
            for (int j = 0; j < l->n; j++) hidden[j] = around && j != i && jp_random_unit(&r) < 0.15;
            double shown = landscape_score(l, hidden);
            hidden[i] = true;
            l->guide[i] += (shown - landscape_score(l, hidden)) / AROUND;
        }
        l->guide[i] = fmax(l->guide[i], 0);
        mean += l->guide[i] / l->n;
    }
    for (int i = 0; i < l->n; i++) l->guide[i] = l->guide[i] * exp(normal(&r)) + 0.35 * mean * exp(normal(&r));
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

static void make_topics(landscape *l, jp_random *r, const double *share) {
    for (int g = 0; g < LANDSCAPE_TOPICS; g++) {
        int count = 2 + jp_random_below(r, 3), filled = 0;
        while (filled < count) {
            int unit = pick(r, share, l->n), j = 0;
            while (j < filled && l->topics[g].units[j] != unit) j++;
            if (j == filled) l->topics[g].units[filled++] = unit;
        }
        double u = jp_random_unit(r);
        l->topics[g].count = count;
        l->topics[g].kind = u < 0.45 ? TOPIC_ANY_IS_ENOUGH : u < 0.65 ? TOPIC_ALL_ARE_NEEDED : TOPIC_HALF_IS_NEEDED;
    }
}

static void make_token(landscape *l, int t, jp_random *r, const double *share) {
    l->logit[t] = 1 + 1.8 * normal(r);
    for (int left = 1 + jp_random_below(r, 3); left > 0; left--) {
        double sign = jp_random_unit(r) < 0.15 ? -1 : 1;
        l->weight[t][pick(r, share, l->n)] += sign * 0.7 * gamma_draw(r, 1);
    }
    for (int i = 0; i < l->n; i++) l->weight[t][i] += 0.08 * normal(r);
    l->listens[t].count = 1 + jp_random_below(r, 2);
    for (int i = 0; i < l->listens[t].count; i++) {
        l->listens[t].topic[i] = jp_random_below(r, LANDSCAPE_TOPICS);
        l->listens[t].weight[i] = 1.6 * gamma_draw(r, 1.5);
    }
}

void landscape_make(landscape *l, int least, int most, uint64_t seed) {
    double    share[LANDSCAPE_UNITS], sum = 0;
    jp_random r;
    memset(l, 0, sizeof *l);
    jp_random_seed(&r, seed);
    l->base.ops = &OPS;
    l->n = least + jp_random_below(&r, most - least);
    for (int i = 0; i < l->n; i++) sum += share[i] = gamma_draw(&r, 0.5) + 0.02;
    for (int i = 0; i < l->n; i++) share[i] /= sum;
    make_topics(l, &r, share);
    for (int t = 0; t < LANDSCAPE_TOKENS; t++) make_token(l, t, &r, share);
}

/* ---- the truth ----------------------------------------------------------------------------------------------------
 */

/* The best of exchanging one hidden unit for another, until none helps. */
static double climb(const landscape *l, bool *hidden) {
    double now = landscape_score(l, hidden);
    for (;;) {
        double best = now - 1e-9;
        int    out = -1, in = -1;
        for (int i = 0; i < l->n; i++) {
            if (!hidden[i]) continue;
            hidden[i] = false;
            for (int j = 0; j < l->n; j++) {
                if (hidden[j] || j == i) continue;
                hidden[j] = true;
                double score = landscape_score(l, hidden);
                hidden[j] = false;
                if (score < best) best = score, out = i, in = j;
            }
            hidden[i] = true;
        }
        if (out < 0) return now;
        hidden[out] = false;
        hidden[in] = true;
        now = best;
    }
}

/* Hide the k units with the largest single drops, or (`forward`) those that forward selection picks. */
static void pick_units(const landscape *l, int k, bool forward, bool *hidden) {
    double alone[LANDSCAPE_UNITS];
    memset(hidden, false, LANDSCAPE_UNITS * sizeof *hidden);
    for (int taken = 0; taken < k; taken++) {
        int best = -1;
        for (int i = 0; i < l->n; i++) {
            if (hidden[i]) continue;
            if (forward || taken == 0) {
                hidden[i] = true;
                alone[i] = landscape_score(l, hidden);
                hidden[i] = false;
            }
            if (best < 0 || alone[i] < alone[best]) best = i;
        }
        hidden[best] = true;
    }
}

double landscape_ablation(const landscape *l, int k) {
    bool none[LANDSCAPE_UNITS] = {false}, hidden[LANDSCAPE_UNITS];
    pick_units(l, k, false, hidden);
    return landscape_score(l, none) - landscape_score(l, hidden);
}

double landscape_best(const landscape *l, int k) {
    bool      none[LANDSCAPE_UNITS] = {false}, hidden[LANDSCAPE_UNITS];
    int       units[LANDSCAPE_UNITS];
    double    lowest = 0;
    jp_random r;
    jp_random_seed(&r, 77);
    for (int start = 0; start < 6; start++) {
        memset(hidden, false, sizeof hidden);
        if (start < 2) pick_units(l, k, start == 1, hidden);
        else jp_random_subset(&r, l->n, k, units);
        for (int i = 0; start >= 2 && i < k; i++) hidden[units[i]] = true;
        lowest = fmin(lowest, climb(l, hidden));
    }
    return landscape_score(l, none) - lowest;
}
