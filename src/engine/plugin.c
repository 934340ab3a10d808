#include "engine/plugin.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    jp_engine       base; /* first */
    jopa_engine_ops ops;  /* what base.ops points to: the functions below */
    jopa_engine_ops theirs;
    void           *self;
} plugin;

void *jp_plugin_self(const jp_engine *engine) { return ((const plugin *)engine)->self; }

/* Their error, which names no engine, or none at all. */
static int fail_theirs(const plugin *p, int status, jopa_error *theirs, jopa_error *e) {
    if (status == JOPA_OK) return JP_OK;
    int code = status > JOPA_OK && status <= JOPA_ERROR_INTERRUPTED ? status : JOPA_ERROR_MODEL;
    theirs->message[sizeof theirs->message - 1] = '\0';
    if (!theirs->message[0])
        return jp_fail(e, code, "the engine '%s' failed with code %d and gave no reason", p->theirs.name, status);
    return jp_fail(e, code, "%s", theirs->message);
}

/* CALL(FUNCTION, ARGUMENTS...): theirs, with an error of its own. */
#define CALL(function, ...)  \
    plugin    *p = self;     \
    jopa_error theirs = {0}; \
    return fail_theirs(p, p->theirs.function(p->self, __VA_ARGS__, &theirs), &theirs, e)

/* ---- scores, checked ------------------------------------------------------------------------------------------ */

/* One call's rows. Both kinds of request report them alike. */
typedef struct {
    const plugin *p;
    int           n_rows, width;
    float        *log_probs;
    int           other_width; /* of another response's, 0: there is none */
    float        *other_log_probs;
    bool         *reported; /* [n_rows] */
    int           status;   /* of what was wrong with them */
    jopa_error    error;
    int (*done)(void *user, const int *rows, int n, const jopa_engine_cost *so_far);
    void            *user;
    jopa_engine_cost cost;
} report;

static int check_values(report *r, float *values, int n) {
    static const float ROUNDING = 1e-4f;
    for (int t = 0; t < n; t++) {
        if (!(values[t] <= ROUNDING))
            return jp_fail(&r->error, JOPA_ERROR_MODEL,
                           "the engine '%s' answered %g as a log-probability: numbers up to 0 are needed",
                           r->p->theirs.name, (double)values[t]);
        if (values[t] > 0) values[t] = 0;
    }
    return JP_OK;
}

static int check_row(report *r, int row) {
    if (row < 0 || row >= r->n_rows || r->reported[row])
        return jp_fail(&r->error, JOPA_ERROR_MODEL, "the engine '%s' reported row %d of %d, which is none or was done",
                       r->p->theirs.name, row, r->n_rows);
    r->reported[row] = true;
    int status = check_values(r, r->log_probs + (size_t)row * (size_t)r->width, r->width);
    if (status || !r->other_width) return status;
    return check_values(r, r->other_log_probs + (size_t)row * (size_t)r->other_width, r->other_width);
}

static int check_rows(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    report *r = user;
    for (int i = 0; i < n && !r->status; i++) r->status = check_row(r, rows[i]);
    if (so_far) r->cost = *so_far;
    return r->status || (r->done && r->done(r->user, rows, n, &r->cost));
}

static int report_init(report *r, jopa_error *e) {
    r->reported = calloc((size_t)r->n_rows + 1, sizeof *r->reported);
    for (size_t i = 0; i < (size_t)r->n_rows * (size_t)r->width; i++) r->log_probs[i] = NAN;
    for (size_t i = 0; i < (size_t)r->n_rows * (size_t)r->other_width; i++) r->other_log_probs[i] = NAN;
    return r->reported ? JP_OK : jp_fail_memory(e);
}

/* What an engine did not report is done when its call is. */
static int report_rest(report *r, jopa_error *e) {
    int *rest = malloc(((size_t)r->n_rows + 1) * sizeof *rest), n = 0, stop = 0;
    if (!rest) return jp_fail_memory(e);
    for (int i = 0; i < r->n_rows; i++)
        if (!r->reported[i]) rest[n++] = i;
    if (n) stop = check_rows(r, rest, n, NULL);
    free(rest);
    return stop && !r->status ? jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted") : JP_OK;
}

static int report_end(report *r, int status, jopa_error *theirs, jopa_error *e) {
    int rest = status || r->status ? JP_OK : report_rest(r, e);
    free(r->reported);
    if (r->status) return jp_fail(e, r->error.code, "%s", r->error.message);
    return status ? fail_theirs(r->p, status, theirs, e) : rest;
}

static int score_plugin(void *self, const jopa_score_request *rq, jopa_error *e) {
    plugin            *p = self;
    jopa_score_request own = *rq;
    jopa_error         theirs = {0};
    report             r = {p, rq->n_rows, rq->last - rq->first, rq->log_probs, .done = rq->done, .user = rq->user};
    if (rq->other) {
        r.other_width = rq->other_last - rq->other_first;
        r.other_log_probs = rq->other_log_probs;
    }
    if (report_init(&r, e)) return JOPA_ERROR_MEMORY;
    own.done = check_rows;
    own.user = &r;
    int status = p->theirs.score(p->self, &own, &theirs);
    return report_end(&r, status, &theirs, e);
}

static int knockout(void *self, const jopa_knockout_request *rq, jopa_error *e) {
    plugin               *p = self;
    jopa_knockout_request own = *rq;
    jopa_error            theirs = {0};
    report                r = {p, rq->n_rows, rq->last - rq->first, rq->log_probs, .done = rq->done, .user = rq->user};
    if (report_init(&r, e)) return JOPA_ERROR_MEMORY;
    own.done = check_rows;
    own.user = &r;
    int status = p->theirs.knockout(p->self, &own, &theirs);
    return report_end(&r, status, &theirs, e);
}

/* ---- the others ----------------------------------------------------------------------------------------------- */

/* What they claim, as far as there are functions for it. */
static unsigned capabilities_plugin(void *self) {
    const plugin          *p = self;
    const jopa_engine_ops *o = &p->theirs;
    unsigned               can = JOPA_CAN_SCORE | (o->capabilities ? o->capabilities(p->self) : 0);
    if (!o->generate) can &= ~(unsigned)JOPA_CAN_GENERATE;
    if (!o->tokenize || !o->piece) can &= ~(unsigned)JOPA_CAN_TOKENIZE;
    if (!o->apply_template && !o->template_source) can &= ~(unsigned)JOPA_CAN_TEMPLATE;
    if (!o->gradient || !o->n_embd) can &= ~(unsigned)JOPA_CAN_GRADIENT;
    if (!o->attention || !o->n_layer) can &= ~(unsigned)JOPA_CAN_ATTENTION;
    if (!o->embed) can &= ~(unsigned)JOPA_CAN_EMBED;
    if (!o->next || !o->n_vocab) can &= ~(unsigned)JOPA_CAN_NEXT;
    if (!o->knockout) can &= ~(unsigned)JOPA_CAN_KNOCKOUT;
    return can;
}

static void model_info_plugin(void *self, jopa_model_info *info) {
    const plugin *p = self;
    *info = (jopa_model_info){.size = sizeof *info};
    snprintf(info->file, sizeof info->file, "%s", p->theirs.name);
    if (p->theirs.model_info) p->theirs.model_info(p->self, info);
    info->size = sizeof *info;
    info->file[sizeof info->file - 1] = info->architecture[sizeof info->architecture - 1] = '\0';
    info->quantization[sizeof info->quantization - 1] = info->weights[sizeof info->weights - 1] = '\0';
    info->devices[sizeof info->devices - 1] = '\0';
}

static void destroy_plugin(void *self) {
    plugin *p = self;
    if (!p) return;
    if (p->theirs.destroy) p->theirs.destroy(p->self);
    free(p);
}

static int reserve_plugin(void *self, int max_row, int *rows, jopa_error *e) {
    enum { ROWS = 32 };
    plugin    *p = self;
    jopa_error theirs = {0};
    int        batch = ROWS, status = JP_OK;
    if (p->theirs.reserve) status = p->theirs.reserve(p->self, max_row, &batch, &theirs);
    if (rows && !status) *rows = batch > 1 ? batch : 1;
    return fail_theirs(p, status, &theirs, e);
}

static int lacks(const plugin *p, const char *what, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "the engine '%s' %s", p->theirs.name, what);
}

static int tokenize_plugin(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n,
                           jopa_error *e) {
    if (!((plugin *)self)->theirs.tokenize) return lacks(self, "has no tokenizer, which prompts of text need", e);
    CALL(tokenize, text, size, special, ids, n);
}

static int piece_plugin(void *self, int32_t id, bool special, char *out, int size) {
    plugin *p = self;
    int     length = p->theirs.piece ? p->theirs.piece(p->self, id, special, out, size) : 0;
    return length > 0 ? length : 0;
}

static int apply_template(void *self, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                          char **text, jopa_error *e) {
    if (!((plugin *)self)->theirs.apply_template)
        return lacks(self, "has no chat template: set `raw` to use the text as it is", e);
    CALL(apply_template, roles, contents, n, add_assistant, text);
}

static int generate(void *self, jopa_generate_request *rq, jopa_error *e) {
    plugin    *p = self;
    jopa_error theirs = {0};
    rq->n = 0;
    rq->cost = (jopa_engine_cost){0};
    int status = p->theirs.generate(p->self, rq, &theirs);
    if (!status && (rq->n < 0 || rq->n > rq->max)) return lacks(p, "wrote more tokens than it was asked for", e);
    return fail_theirs(p, status, &theirs, e);
}

static int next(void *self, jopa_next_request *rq, jopa_error *e) { CALL(next, rq); }
static int gradient(void *self, const jopa_gradient_request *rq, jopa_error *e) { CALL(gradient, rq); }
static int attention(void *self, jopa_attention_request *rq, jopa_error *e) { CALL(attention, rq); }

static int gradient_price_plugin(void *self, int n) {
    enum { PRICE = 4 };
    plugin *p = self;
    int     price = p->theirs.gradient_price ? p->theirs.gradient_price(p->self, n) : PRICE;
    return price > 1 ? price : 1;
}

static int embed(void *self, const char *text, const jopa_stop *stop, float **out, int *n, int *left_out,
                 jopa_error *e) {
    *left_out = 0;
    CALL(embed, text, stop, out, n, left_out);
}

static int embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *e) {
    CALL(embedding_rows, symbols, n, out);
}

static const char *template_source_plugin(void *self, const char *name) {
    return ((plugin *)self)->theirs.template_source(((plugin *)self)->self, name);
}

static bool template_name_plugin(void *self, int index, char *out, int size) {
    return ((plugin *)self)->theirs.template_name(((plugin *)self)->self, index, out, size);
}

static int32_t token_called_plugin(void *self, const char *part) {
    return ((plugin *)self)->theirs.token_called(((plugin *)self)->self, part);
}

static int n_vocab(void *self) { return ((plugin *)self)->theirs.n_vocab(((plugin *)self)->self); }
static int n_embd_plugin(void *self) { return ((plugin *)self)->theirs.n_embd(((plugin *)self)->self); }
static int n_layer(void *self) { return ((plugin *)self)->theirs.n_layer(((plugin *)self)->self); }

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* The functions above; NULL where the stages above look for that. */
static void fill_ops(plugin *p) {
    const jopa_engine_ops *o = &p->theirs;
    p->ops = (jopa_engine_ops){.size = sizeof p->ops,
                               .version = JOPA_ENGINE_VERSION,
                               .name = o->name,
                               .capabilities = capabilities_plugin,
                               .destroy = destroy_plugin,
                               .model_info = model_info_plugin,
                               .reserve = reserve_plugin,
                               .score = score_plugin,
                               .tokenize = tokenize_plugin,
                               .piece = piece_plugin,
                               .apply_template = apply_template,
                               .generate = o->generate ? generate : NULL,
                               .next = o->next ? next : NULL,
                               .knockout = o->knockout ? knockout : NULL,
                               .gradient = o->gradient ? gradient : NULL,
                               .gradient_price = gradient_price_plugin,
                               .attention = o->attention ? attention : NULL,
                               .embed = o->embed ? embed : NULL,
                               .n_vocab = o->n_vocab ? n_vocab : NULL,
                               .n_embd = o->n_embd ? n_embd_plugin : NULL,
                               .n_layer = o->n_layer ? n_layer : NULL,
                               .embedding_rows = o->embedding_rows ? embedding_rows : NULL,
                               .template_source = o->template_source ? template_source_plugin : NULL,
                               .template_name = o->template_name ? template_name_plugin : NULL,
                               .token_called = o->token_called ? token_called_plugin : NULL};
    p->base.ops = &p->ops;
}

static int check_ops(const jopa_engine_ops *ops, jopa_error *e) {
    if (!ops || ops->size < offsetof(jopa_engine_ops, tokenize))
        return jp_fail(e, JOPA_ERROR_USAGE, "the engine's `size` is not sizeof(jopa_engine_ops): set it");
    if (ops->version != JOPA_ENGINE_VERSION)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "the engine is written for version %d of the interface, this library has version %d: build it "
                       "with this library's jopa.h",
                       ops->version, JOPA_ENGINE_VERSION);
    if (!ops->name || !ops->name[0]) return jp_fail(e, JOPA_ERROR_USAGE, "the engine has no `name`: set it");
    if (!ops->score) return jp_fail(e, JOPA_ERROR_USAGE, "the engine '%s' has no `score`: set it", ops->name);
    return JP_OK;
}

int jp_plugin_open(jp_engine **out, const jopa_engine_ops *ops, void *self, jopa_error *e) {
    int status = check_ops(ops, e);
    if (status) return status;
    plugin *p = calloc(1, sizeof *p);
    if (!p) return jp_fail_memory(e);
    memcpy(&p->theirs, ops, ops->size < sizeof p->theirs ? ops->size : sizeof p->theirs);
    p->self = self;
    fill_ops(p);
    *out = &p->base;
    return JP_OK;
}
