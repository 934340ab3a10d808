#include "formula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "engine/plugin.h"

enum { EMBD = 2, LAYERS = 2, MAX_ROWS = 16 };

typedef struct {
    double weight;
    int    units[JP_FORMULA_ORDER], count;
} term;

typedef struct {
    int         n;
    term       *terms;
    int         n_terms, capacity;
    unsigned    capabilities;
    int64_t     rows;
    int         blind; /* the unit that knockouts do not show, or -1 */
    bool        biasless;
    const char *answer;
} formula;

static const double BASE = -8;

/* drop = sum over terms of weight * product of hidden[i]; hidden[n] in [0, 1] */
static double drop_at(const formula *f, const double *hidden) {
    double drop = 0;
    for (int t = 0; t < f->n_terms; t++) {
        double product = f->terms[t].weight;
        for (int i = 0; i < f->terms[t].count; i++) product *= hidden[f->terms[t].units[i]];
        drop += product;
    }
    return drop;
}

/* slope[i] = d drop / d hidden[i] */
static void slopes_at(const formula *f, const double *hidden, double *slope) {
    for (int i = 0; i < f->n; i++) slope[i] = 0;
    for (int t = 0; t < f->n_terms; t++)
        for (int i = 0; i < f->terms[t].count; i++) {
            double product = f->terms[t].weight;
            for (int j = 0; j < f->terms[t].count; j++)
                if (j != i) product *= hidden[f->terms[t].units[j]];
            slope[f->terms[t].units[i]] += product;
        }
}

static double share(int t, int n) { return 2.0 * (t + 1) / ((double)n * (n + 1)); }

/* Share of f that falls on the target tokens. */
static double target_share(int first, int last, int n) {
    double sum = 0;
    for (int t = first; t < last; t++) sum += share(t, n);
    return sum;
}

static unsigned capabilities(void *self) { return ((formula *)self)->capabilities; }

static void model_info(void *self, jopa_model_info *info) {
    (void)self;
    strcpy(info->architecture, "formula");
    strcpy(info->quantization, "none");
}

static void destroy(void *self) {
    free(((formula *)self)->terms);
    free(self);
}

static int reserve(void *self, int max_row, int *rows, jopa_error *e) {
    (void)self, (void)max_row, (void)e;
    if (rows) *rows = MAX_ROWS;
    return JOPA_OK;
}

static void hide_all(const formula *f, double *hidden) {
    for (int i = 0; i < f->n; i++) hidden[i] = 1;
}

/* Mark as shown the units among the symbols. */
static void show(const formula *f, const int32_t *symbols, int n, double *hidden) {
    for (int i = 0; i < n; i++)
        if (symbols[i] >= 0 && symbols[i] < f->n) hidden[symbols[i]] = 0;
}

/* log_probs[last - first] of one row. */
static void score_row(const formula *f, const double *hidden, int first, int last, int n_response, float *log_probs) {
    double value = BASE - drop_at(f, hidden);
    for (int t = first; t < last; t++) log_probs[t - first] = (float)(value * share(t, n_response));
}

static int common(const int32_t *a, int n_a, const int32_t *b, int n_b) {
    int n = 0;
    while (n < n_a && n < n_b && a[n] == b[n]) n++;
    return n;
}

/* Symbols of row i to decode: those that neither the whole prompt begins with, nor an earlier row of the call. */
static int64_t decoded_symbols(const jopa_score_request *rq, int i) {
    const int32_t *prompt = rq->prompt[i];
    int n = rq->n_prompt[i], known = rq->whole && rq->whole != prompt ? common(prompt, n, rq->whole, rq->n_whole) : 0;
    for (int j = 0; j < i; j++) {
        int also = common(prompt, n, rq->prompt[j], rq->n_prompt[j]);
        if (also > known) known = also;
    }
    return n - (known < n ? known : n - 1) + rq->last - 1;
}

/* Rows in batches of MAX_ROWS, in the order they came in. */
static int score(void *self, const jopa_score_request *rq, jopa_error *e) {
    formula         *f = self;
    jopa_engine_cost cost = {0};
    int              rows[MAX_ROWS], n = 0;
    double          *hidden = malloc((size_t)f->n * sizeof *hidden);
    if (!hidden) return jp_fail_memory(e);
    for (int i = 0; i < rq->n_rows; i++) {
        hide_all(f, hidden);
        show(f, rq->prompt[i], rq->n_prompt[i], hidden);
        score_row(f, hidden, rq->first, rq->last, rq->n_response,
                  rq->log_probs + (size_t)i * (size_t)(rq->last - rq->first));
        f->rows++;
        cost.decoded_tokens += decoded_symbols(rq, i);
        rows[n++] = i;
        if (n < MAX_ROWS && i + 1 < rq->n_rows) continue;
        if (rq->done && rq->done(rq->user, rows, n, &cost)) break;
        n = 0;
    }
    free(hidden);
    return n ? JOPA_ERROR_INTERRUPTED : JOPA_OK;
}

static int knockout(void *self, const jopa_knockout_request *rq, jopa_error *e) {
    formula         *f = self;
    jopa_engine_cost cost = {0};
    double          *hidden = malloc((size_t)f->n * sizeof *hidden);
    if (!hidden) return jp_fail_memory(e);
    for (int i = 0; i < rq->n_rows; i++) {
        int from = 0;
        hide_all(f, hidden);
        for (int j = 0; j < rq->n_hidden[i]; from = rq->hidden[i][2 * j++ + 1])
            show(f, rq->prompt + from, rq->hidden[i][2 * j] - from, hidden);
        show(f, rq->prompt + from, rq->tail - from, hidden);
        show(f, rq->row_tail[i], rq->n_row_tail[i], hidden);
        if (f->blind >= 0) hidden[f->blind] = 0;
        score_row(f, hidden, rq->first, rq->last, rq->n_response,
                  rq->log_probs + (size_t)i * (size_t)(rq->last - rq->first));
        f->rows++;
        cost.decoded_tokens += rq->n_row_tail[i] + rq->last - 1;
        if (rq->done && rq->done(rq->user, &i, 1, &cost)) break;
    }
    free(hidden);
    return JOPA_OK;
}

/* Index of the unit at prompt position p: by id, or by place where something else stands in for it. */
static int unit_at(const formula *f, const jopa_gradient_request *r, int p) {
    if (r->symbols[p] >= 0 && r->symbols[p] < f->n) return r->symbols[p];
    int u = p - JP_FORMULA_LEAD;
    return r->symbols[p] < 0 && u >= 0 && u < f->n ? u : -1;
}

static double amount_shown(const jopa_gradient_request *r, int p) {
    return r->embedding ? r->embedding[(size_t)p * EMBD] : r->symbols[p] >= 0 ? 1 : 0;
}

/* shown = x * exp(b): d f / d x = slope * exp(b), d f / d b = slope * shown, with slope = d f / d shown */
static int gradient(void *self, const jopa_gradient_request *r, jopa_error *e) {
    formula *f = self;
    if (f->biasless && (r->d_bias || r->bias)) return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "no attention bias");
    double *hidden = malloc(2 * (size_t)f->n * sizeof *hidden), *slope = hidden + f->n;
    if (!hidden) return jp_fail_memory(e);
    for (int i = 0; i < f->n; i++) hidden[i] = 1;
    for (int p = 0; p < r->n_symbols; p++) {
        int u = unit_at(f, r, p);
        if (u >= 0) hidden[u] = 1 - amount_shown(r, p) * exp(r->bias ? r->bias[p] : 0);
    }
    slopes_at(f, hidden, slope);
    double part = target_share(r->target_first, r->target_last, r->n_response);
    for (int p = 0; p < r->n_symbols; p++) {
        int    u = unit_at(f, r, p);
        double s = u >= 0 ? slope[u] * part : 0, gate = exp(r->bias ? r->bias[p] : 0);
        if (r->d_embedding) {
            r->d_embedding[(size_t)p * EMBD] = (float)(s * gate);
            r->d_embedding[(size_t)p * EMBD + 1] = 0;
        }
        if (r->d_bias) r->d_bias[p] = (float)(s * gate * amount_shown(r, p));
    }
    for (int t = r->target_first; r->log_probs && t < r->target_last; t++)
        r->log_probs[t - r->target_first] = (float)((BASE - drop_at(f, hidden)) * share(t, r->n_response));
    free(hidden);
    return JP_OK;
}

/* Every query attends to unit i in proportion to the size of i's drop alone, and a little to itself. */
static int attention(void *self, jopa_attention_request *r, jopa_error *e) {
    formula *f = self;
    double  *hidden = calloc(2 * (size_t)f->n, sizeof *hidden), *slope = hidden + f->n;
    if (!hidden) return jp_fail_memory(e);
    slopes_at(f, hidden, slope);
    r->n_layer = r->wanted ? r->wanted : LAYERS;
    for (int layer = 0; layer < r->n_layer; layer++)
        for (int q = 0; q < r->n; q++) {
            float *row = r->weights + ((size_t)layer * (size_t)r->n + (size_t)q) * (size_t)r->n;
            double sum = 0.1;
            for (int p = 0; p < r->n; p++) {
                bool unit = p <= q && r->symbols[p] >= 0 && r->symbols[p] < f->n;
                row[p] = unit ? (float)fabs(slope[r->symbols[p]]) : 0;
                sum += row[p];
            }
            row[q] += 0.1f;
            for (int p = 0; p < r->n; p++) row[p] = (float)(row[p] / sum);
        }
    free(hidden);
    return JP_OK;
}

static int generate(void *self, jopa_generate_request *rq, jopa_error *e) {
    const char *answer = ((formula *)self)->answer;
    (void)e;
    for (rq->n = 0; rq->n < rq->max && answer[rq->n]; rq->n++) rq->out[rq->n] = (unsigned char)answer[rq->n];
    rq->cost.decoded_tokens = rq->n_symbols + rq->n;
    return JOPA_OK;
}

static int tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    (void)self, (void)special;
    if (!(*ids = malloc((size + 1) * sizeof **ids))) return jp_fail_memory(e);
    for (size_t i = 0; i < size; i++) (*ids)[i] = (unsigned char)text[i];
    *n = (int)size;
    return JOPA_OK;
}

static int piece(void *self, int32_t id, bool special, char *out, int size) {
    (void)self, (void)special;
    if (size > 0) out[0] = (char)id;
    return 1;
}

static int apply_template(void *self, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                          char **text, jopa_error *e) {
    jp_buffer b = {0};
    (void)self;
    for (int i = 0; i < n; i++) jp_buffer_format(&b, "<%s>%s</%s>\n", roles[i], contents[i], roles[i]);
    jp_buffer_text(&b, add_assistant ? "<assistant>" : "");
    return (*text = jp_buffer_take(&b, NULL)) ? JP_OK : jp_fail_memory(e);
}

static int n_embd(void *self) { return (void)self, EMBD; }
static int n_vocab(void *self) { return (void)self, JP_FORMULA_TEMPLATE + 1; }
static int n_layer(void *self) { return (void)self, LAYERS; }

static int embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *e) {
    (void)self, (void)e;
    for (int i = 0; i < n; i++) {
        out[i * EMBD] = symbols[i] >= 0 ? 1 : 0;
        out[i * EMBD + 1] = symbols[i] >= 0 ? 0.5f : 0;
    }
    return JP_OK;
}

static const jopa_engine_ops OPS = {
    .size = sizeof OPS,
    .version = JOPA_ENGINE_VERSION,
    .name = "formula",
    .capabilities = capabilities,
    .model_info = model_info,
    .destroy = destroy,
    .reserve = reserve,
    .score = score,
    .knockout = knockout,
    .generate = generate,
    .gradient = gradient,
    .attention = attention,
    .tokenize = tokenize,
    .piece = piece,
    .apply_template = apply_template,
    .n_embd = n_embd,
    .n_vocab = n_vocab,
    .n_layer = n_layer,
    .embedding_rows = embedding_rows,
};

int jp_formula_new(jp_engine **out, int n, jopa_error *e) {
    formula *f = calloc(1, sizeof *f);
    if (!f) return jp_fail_memory(e);
    f->n = n;
    f->answer = "";
    f->blind = -1;
    f->capabilities = JOPA_CAN_SCORE | JOPA_CAN_GENERATE | JOPA_CAN_TOKENIZE | JOPA_CAN_TEMPLATE | JOPA_CAN_GRADIENT |
                      JOPA_CAN_ATTENTION | JOPA_CAN_KNOCKOUT | JOPA_CAN_EMBEDDINGS;
    int status = jp_plugin_open(out, &OPS, f, e);
    if (status) free(f);
    return status;
}

static formula *formula_of(const jp_engine *engine) { return jp_plugin_self(engine); }

int jp_formula_prompt(jp_prompt *out, int n, jopa_error *e) {
    jp_buffer text = {0};
    jp_prompt p = {.n_tokens = n + JP_FORMULA_LEAD + 1, .n_units = n, .n_spans = 1};
    p.tokens = calloc((size_t)p.n_tokens, sizeof *p.tokens);
    p.units = calloc((size_t)n, sizeof *p.units);
    p.spans = calloc(1, sizeof *p.spans);
    if (p.spans && (p.spans[0].role = malloc(5))) memcpy(p.spans[0].role, "user", 5);
    for (int i = 0; p.tokens && p.units && i < p.n_tokens; i++) {
        int    u = i - JP_FORMULA_LEAD;
        bool   unit = u >= 0 && u < n;
        size_t start = text.size;
        if (unit) jp_buffer_format(&text, "w%d ", u);
        else jp_buffer_text(&text, "|");
        p.tokens[i] = (jp_token){unit ? u : JP_FORMULA_TEMPLATE, start, text.size, unit ? u : -1};
        if (unit) p.units[u] = (jp_unit){start, text.size, i, i + 1, 0};
    }
    p.text = jp_buffer_take(&text, &p.size);
    if (!p.text || !p.tokens || !p.units || !p.spans || !p.spans[0].role) {
        jp_prompt_free(&p);
        return jp_fail_memory(e);
    }
    p.spans[0].start = JP_FORMULA_LEAD;
    p.spans[0].end = p.size - 1;
    *out = p;
    return JP_OK;
}

int jp_formula_add(jp_engine *engine, double weight, const int *units, int count, jopa_error *e) {
    formula *f = formula_of(engine);
    if (count < 0 || count > JP_FORMULA_ORDER)
        return jp_fail(e, JOPA_ERROR_INPUT, "a term has at most %d units", JP_FORMULA_ORDER);
    if (f->n_terms == f->capacity) {
        int   capacity = f->capacity ? 2 * f->capacity : 16;
        term *terms = realloc(f->terms, (size_t)capacity * sizeof *terms);
        if (!terms) return jp_fail_memory(e);
        f->terms = terms;
        f->capacity = capacity;
    }
    term *t = &f->terms[f->n_terms++];
    *t = (term){.weight = weight, .count = count};
    for (int i = 0; i < count; i++) t->units[i] = units[i];
    return JP_OK;
}

int jp_formula_additive(jp_engine *engine, const double *weights, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; !status && i < formula_of(engine)->n; i++) status = jp_formula_add(engine, weights[i], &i, 1, e);
    return status;
}

/* drop = both * h[a] h[b] + single * (h[a] + h[b]) */
static int add_pair(jp_engine *engine, double single, double both, int a, int b, jopa_error *e) {
    int status = single != 0 ? jp_formula_add(engine, single, &a, 1, e) : JP_OK;
    if (!status && single != 0) status = jp_formula_add(engine, single, &b, 1, e);
    return status ? status : jp_formula_add(engine, both, (int[]){a, b}, 2, e);
}

int jp_formula_and(jp_engine *engine, double weight, int a, int b, jopa_error *e) {
    return add_pair(engine, weight, -weight, a, b, e);
}

int jp_formula_or(jp_engine *engine, double weight, int a, int b, jopa_error *e) {
    return add_pair(engine, 0, weight, a, b, e);
}

int jp_formula_xor(jp_engine *engine, double weight, int a, int b, jopa_error *e) {
    return add_pair(engine, weight, -2 * weight, a, b, e);
}

int jp_formula_planted(jp_engine *engine, double weight, const int *units, int count, jopa_error *e) {
    double pair = count > 2 ? weight / 10 : 0, rest = weight - count * weight / 50 - (count > 2 ? 3 * pair : 0);
    int    status = jp_formula_add(engine, rest, units, count, e);
    for (int i = 0; !status && i < count; i++) status = jp_formula_add(engine, weight / 50, &units[i], 1, e);
    for (int i = 0; !status && count > 2 && i < count; i++)
        status = jp_formula_add(engine, pair, (int[]){units[i], units[(i + 1) % count]}, 2, e);
    return status;
}

int jp_formula_random(jp_engine *engine, double pairs, uint64_t seed, jopa_error *e) {
    int       n = formula_of(engine)->n, status = JP_OK;
    jp_random r;
    jp_random_seed(&r, seed);
    for (int i = 0; !status && i < n; i++) {
        double u = jp_random_unit(&r);
        status = jp_formula_add(engine, -0.2 + 0.4 * u - log(jp_random_unit(&r) + 1e-9) * u, &i, 1, e);
    }
    for (int i = 0; i < n; i++)
        for (int j = i + 1; !status && j < n; j++)
            status = jp_formula_add(engine, pairs * (2 * jp_random_unit(&r) - 1), (int[]){i, j}, 2, e);
    return status;
}

double jp_formula_drop(const jp_engine *engine, const jp_bitset *set) {
    const formula *f = formula_of(engine);
    double         drop = 0;
    for (int t = 0; t < f->n_terms; t++) {
        bool all = true;
        for (int i = 0; i < f->terms[t].count; i++) all = all && jp_bitset_has(set, f->terms[t].units[i]);
        drop += all ? f->terms[t].weight : 0;
    }
    return drop;
}

int64_t jp_formula_rows(const jp_engine *engine) { return formula_of(engine)->rows; }

void jp_formula_say(jp_engine *engine, const char *answer) { formula_of(engine)->answer = answer; }

void jp_formula_blind(jp_engine *engine, int unit) { formula_of(engine)->blind = unit; }

void jp_formula_no_bias(jp_engine *engine) { formula_of(engine)->biasless = true; }

void jp_formula_restrict(jp_engine *engine, unsigned mask) {
    formula_of(engine)->capabilities &= mask | JOPA_CAN_EMBEDDINGS;
}
