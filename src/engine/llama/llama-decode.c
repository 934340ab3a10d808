#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel.h"
#include "engine/llama/llama-local.h"
#include "engine/llama/log-softmax.h"

/* Rows are sequences of one unified key-value cache, after those of the kept rows. A node's tokens belong to all of its
 * rows at once, so libllama computes them once; a known node is copied from a kept row, which only marks its cells. */

enum {
    MAX_ROWS = 32,
    BATCH_TOKENS = 512,
    LONG_ROW = 768, /* from which on attention takes a third of the time, so that it may hurry as well */
    KEPT_ROWS = 128,
    KEPT_TOKENS = 4096 /* beside the unmasked prompt */
};
static const double KEPT_BYTES = 256.0 * (1 << 20); /* of keys and values, at most */

static int64_t n_embd(const jp_local *l) { return llama_model_n_embd_inp(l->model); }
static int     n_vocab(const jp_local *l) { return llama_vocab_n_tokens(l->vocab); }

/* ---- the context --------------------------------------------------------------------------------------------- */

void jp_local_release(jp_local *l) {
    if (l->context) llama_free(l->context);
    free(l->tokens.token);
    free(l->tokens.pos);
    free(l->tokens.n_seq_id);
    free(l->tokens.seq_id);
    free(l->tokens.logits);
    free(l->row_ids);
    free(l->rows);
    free(l->kept);
    free(l->kept_size);
    l->context = NULL;
    l->tokens = (struct llama_batch){0};
    l->row_ids = l->kept = NULL;
    l->kept_size = NULL;
    l->rows = NULL;
    l->max_row = l->max_rows = l->max_tokens = l->kept_rows = l->kept_tokens = 0;
}

/* A libllama batch whose sequence lists point into row_ids instead of owning arrays. */
static int allocate_batch(jp_local *l, jopa_error *err) {
    size_t n = (size_t)l->max_tokens;
    l->tokens.token = malloc(n * sizeof *l->tokens.token);
    l->tokens.pos = malloc(n * sizeof *l->tokens.pos);
    l->tokens.n_seq_id = malloc(n * sizeof *l->tokens.n_seq_id);
    l->tokens.seq_id = malloc(n * sizeof *l->tokens.seq_id);
    l->tokens.logits = malloc(n * sizeof *l->tokens.logits);
    l->row_ids = malloc((size_t)l->max_rows * sizeof *l->row_ids);
    l->kept = malloc((size_t)l->kept_rows * (size_t)l->max_row * sizeof *l->kept);
    l->kept_size = calloc((size_t)l->kept_rows, sizeof *l->kept_size);
    if (!l->tokens.token || !l->tokens.pos || !l->tokens.n_seq_id || !l->tokens.seq_id || !l->tokens.logits ||
        !l->row_ids || !l->kept || !l->kept_size)
        return jp_fail_memory(err);
    for (int r = 0; r < l->max_rows; r++) l->row_ids[r] = l->kept_rows + r;
    return JP_OK;
}

bool jp_local_shares_prefixes(const jp_local *l) {
    return !llama_model_is_recurrent(l->model) && !llama_model_is_hybrid(l->model);
}

/* Cells: the kept rows, and either a full batch or one long row; a symbol that is kept already may be decoded once more
 * for each row. */
static uint32_t cells(const jp_local *l) {
    int batch = l->max_tokens > l->max_row ? l->max_tokens : l->max_row;
    return ((uint32_t)(l->kept_tokens + l->max_rows + batch) + 255) / 256 * 256;
}

/* The unmasked prompt; and where attention passes over other rows' cells at no cost, which ggml's own does not, further
 * rows as far as their keys and values are not too many bytes. */
static void choose_kept(jp_local *l) {
    double cell = 2.0 * sizeof(ggml_fp16_t) * llama_model_n_layer(l->model) * llama_model_n_head_kv(l->model) *
                  n_embd(l) / llama_model_n_head(l->model);
    bool many = l->accelerated && jp_local_shares_prefixes(l);
    l->kept_rows = many ? KEPT_ROWS : 1;
    l->kept_tokens = l->max_row + (many ? (int)fmin(KEPT_TOKENS, KEPT_BYTES / cell) : 0);
}

bool jp_local_is_float(const jp_local *l) {
    return (llama_model_ftype(l->model) & ~LLAMA_FTYPE_GUESSED) == LLAMA_FTYPE_ALL_F32;
}

static int create_context_decode(jp_local *l, jopa_error *err) {
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = cells(l);
    p.n_batch = p.n_ubatch = (uint32_t)l->max_tokens;
    p.n_seq_max = (uint32_t)(l->kept_rows + l->max_rows);
    p.n_threads = p.n_threads_batch = l->threads;
    bool exact = jp_local_is_float(l); /* then attention may not be what rounds to F16 */
    p.flash_attn_type = exact            ? LLAMA_FLASH_ATTN_TYPE_DISABLED
                        : l->accelerated ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                         : LLAMA_FLASH_ATTN_TYPE_AUTO;
    p.type_k = p.type_v = exact ? GGML_TYPE_F32 : GGML_TYPE_F16;
    p.kv_unified = true;
    p.swa_full = true;
    p.no_perf = true;
    l->context = llama_init_from_model(l->model, p);
    if (l->context) return JP_OK;
    return jp_fail(err, JOPA_ERROR_MODEL,
                   "the model cannot be run with a context of %u tokens: use a shorter prompt or a smaller model",
                   p.n_ctx);
}

static int check_length(const jp_local *l, int max_row, jopa_error *err) {
    int model_limit = llama_model_n_ctx_train(l->model);
    if (max_row > model_limit)
        return jp_fail(err, JOPA_ERROR_INPUT,
                       "prompt and response have %d tokens, the model's context holds %d: shorten the prompt or lower "
                       "--max-tokens",
                       max_row, model_limit);
    if (l->context_limit > 0 && max_row > l->context_limit)
        return jp_fail(err, JOPA_ERROR_INPUT,
                       "prompt and response have %d tokens, --ctx allows %d: raise --ctx or shorten the prompt",
                       max_row, l->context_limit);
    return JP_OK;
}

int jp_local_reserve(jp_engine *e, int max_row, jp_engine_room *room, jopa_error *err) {
    jp_local *l = (jp_local *)e;
    int       status = check_length(l, max_row, err);
    if (status) return status;
    if (!l->context || max_row > l->max_row) {
        jp_local_release(l);
        l->max_row = max_row;
        l->max_rows = jp_local_shares_prefixes(l) ? MAX_ROWS : 1;
        l->max_tokens = BATCH_TOKENS;
        choose_kept(l);
        status = allocate_batch(l, err);
        if (!status) status = create_context_decode(l, err);
    }
    if (status) jp_local_release(l);
    if (room)
        *room = (jp_engine_room){l->max_rows, l->max_tokens, jp_local_shares_prefixes(l) ? l->kept_rows : 0,
                                 l->kept_tokens};
    return status;
}

/* ---- decoding a tree ------------------------------------------------------------------------------------------ */

/* Called with the logits that predict response token t of row `row`; by several threads at once, each with other
 * outputs. */
typedef void visit_fn(void *user, int row, int t, const float *logits, int n_vocab);

typedef struct {
    int          token, row, t;
    const float *logits; /* once decoded */
} wanted;

typedef struct {
    jp_local       *l;
    const jp_batch *b;
    int32_t        *ids;     /* the sequence of row 0, 1, ... */
    bool            known;   /* kept rows hold what the batch's known nodes say */
    bool            embed;   /* feed rows of numbers instead of token ids */
    int             n;       /* tokens waiting in l->tokens */
    int32_t        *symbols; /* [max_tokens] of the waiting tokens */
    wanted         *wants;   /* outputs of the waiting tokens */
    int             n_wants, wants_capacity;
    visit_fn       *visit;
    void           *user;
    jp_engine_cost *cost;
} decoder;

static int decode_failed(int code, jopa_error *err) {
    if (code == 1)
        return jp_fail(err, JOPA_ERROR_MODEL, "the key-value cache is too small for this batch: raise --ctx");
    return jp_fail(err, JOPA_ERROR_MODEL, "libllama could not evaluate the batch (code %d)", code);
}

/* Each output to its visitor. */
static void hand_out(decoder *d) {
    jp_local *l = d->l;
    for (int i = 0; i < d->n_wants; i++) d->wants[i].logits = llama_get_logits_ith(l->context, d->wants[i].token);
#ifdef _OPENMP
#pragma omp parallel for num_threads(l->threads) if (d->n_wants > l->threads)
#endif
    for (int i = 0; i < d->n_wants; i++)
        d->visit(d->user, d->wants[i].row, d->wants[i].t, d->wants[i].logits, n_vocab(l));
}

/* Decode what waits and hand out its logits. */
static int flush_decode(decoder *d, jopa_error *err) {
    jp_local *l = d->l;
    if (!d->n) return JP_OK;
    struct llama_batch batch = l->tokens;
    batch.n_tokens = d->n;
    if (d->embed) {
        int status = jp_local_embedding_rows(&l->base, d->symbols, d->n, l->rows, err);
        if (status) return status;
        batch.token = NULL;
        batch.embd = l->rows;
    }
    bool fast = d->b->fast;
    jp_accel_begin(l->store, fast ? 1 : 2, fast && l->max_row > LONG_ROW ? 1 : 2);
    int code = llama_decode(l->context, batch);
    jp_accel_end();
    if (code) return decode_failed(code, err);
    hand_out(d);
    d->cost->decoded_tokens += d->n;
    d->n = d->n_wants = 0;
    return JP_OK;
}

/* Note for which rows of the node the symbol at `position` predicts a wanted response token. */
static int want(decoder *d, const jp_node *node, int position, bool *output, jopa_error *err) {
    *output = false;
    for (int r = node->row_first; r < node->row_last; r++) {
        int t = position - (d->b->row_prompt[r] - 1);
        if (t < d->b->target_first || t >= d->b->target_last) continue;
        if (d->n_wants == d->wants_capacity) {
            int     capacity = 2 * d->wants_capacity + 64;
            wanted *wants = realloc(d->wants, (size_t)capacity * sizeof *wants);
            if (!wants) return jp_fail_memory(err);
            d->wants = wants;
            d->wants_capacity = capacity;
        }
        d->wants[d->n_wants++] = (wanted){d->n, r, t, NULL};
        *output = true;
    }
    return JP_OK;
}

static int push(decoder *d, const jp_node *node, int i, jopa_error *err) {
    jp_local *l = d->l;
    int       status = d->n == l->max_tokens ? flush_decode(d, err) : JP_OK;
    bool      output = false;
    if (!status) status = want(d, node, node->position + i, &output, err);
    if (status) return status;
    int at = d->n++;
    d->symbols[at] = node->symbols[i];
    l->tokens.token[at] = node->symbols[i];
    l->tokens.pos[at] = node->position + i;
    l->tokens.n_seq_id[at] = node->row_last - node->row_first;
    l->tokens.seq_id[at] = d->ids + node->row_first;
    l->tokens.logits[at] = output;
    return JP_OK;
}

static int decode_nodes(decoder *d, jopa_error *err) {
    int status = JP_OK;
    if (d->known) jp_local_begin_rows(d->l, d->b, d->ids);
    for (int i = 0; i < d->b->n_nodes && !status; i++) {
        const jp_node *node = d->b->nodes + i;
        for (int j = 0; !(d->known && node->kept >= 0) && j < node->count && !status; j++)
            status = push(d, node, j, err);
    }
    return status ? status : flush_decode(d, err);
}

static bool has_embedded(const jp_batch *b) {
    for (int i = 0; i < b->n_nodes; i++)
        for (int j = 0; j < b->nodes[i].count; j++)
            if (b->nodes[i].symbols[j] < 0) return true;
    return false;
}

/* Decode the batch into the sequences ids[row] and visit its outputs. */
static int decode_into(jp_local *l, const jp_batch *b, int32_t *ids, visit_fn *visit, void *user, jp_engine_cost *cost,
                       jopa_error *err) {
    decoder d = {.l = l,
                 .b = b,
                 .ids = ids,
                 .known = jp_local_kept_valid(l, b),
                 .embed = has_embedded(b),
                 .visit = visit,
                 .user = user,
                 .cost = cost};
    if (b->knockout && !d.known)
        return jp_fail(err, JOPA_ERROR_UNSUPPORTED,
                       "the engine no longer holds the prompt whose parts are to be left out");
    if (!d.known) jp_local_forget_all(l); /* what is kept is another problem's, and its cells may be needed */
    d.symbols = malloc((size_t)l->max_tokens * sizeof *d.symbols);
    if (d.embed && !l->rows) l->rows = malloc((size_t)l->max_tokens * (size_t)n_embd(l) * sizeof *l->rows);
    int status = d.symbols && (!d.embed || l->rows) ? decode_nodes(&d, err) : jp_fail_memory(err);
    free(d.symbols);
    free(d.wants);
    return status;
}

/* Decode the batch and forget everything but what is kept. */
static int decode_batch(jp_local *l, const jp_batch *b, visit_fn *visit, void *user, jp_engine_cost *cost,
                        jopa_error *err) {
    for (int r = 0; b->keep && r < b->n_rows; r++)
        if (b->keep[r] == 0) jp_local_forget_all(l);
    int status = decode_into(l, b, l->row_ids, visit, user, cost, err);
    if (!status) jp_local_keep_rows(l, b, l->row_ids);
    for (int r = 0; r < b->n_rows; r++) llama_memory_seq_rm(llama_get_memory(l->context), l->row_ids[r], -1, -1);
    return status;
}

/* ---- score ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const jp_batch *b;
    float          *log_probs;
} score_output;

static void visit_score(void *user, int row, int t, const float *logits, int n) {
    const score_output *o = user;
    int                 width = o->b->target_last - o->b->target_first;
    o->log_probs[row * width + t - o->b->target_first] =
        (float)((double)logits[o->b->response[t]] - jp_log_sum_exp(logits, n));
}

int jp_local_score(jp_engine *e, const jp_batch *b, float *log_probs, jp_engine_cost *cost, jopa_error *err) {
    jp_local    *l = (jp_local *)e;
    score_output output = {b, log_probs};
    return decode_batch(l, b, visit_score, &output, cost, err);
}

/* ---- next-token distributions --------------------------------------------------------------------------------- */

static void visit_next(void *user, int row, int t, const float *logits, int n) {
    (void)row;
    float *out = (float *)user + (size_t)t * (size_t)n;
    double total = jp_log_sum_exp(logits, n);
    for (int i = 0; i < n; i++) out[i] = (float)((double)logits[i] - total);
}

int jp_local_next(jp_engine *e, const int32_t *symbols, int n_symbols, const int32_t *response, int n_response,
                  float *out, jp_engine_cost *cost, jopa_error *err) {
    jp_local *l = (jp_local *)e;
    int       status = jp_local_reserve(e, n_symbols + n_response, NULL, err);
    int32_t  *row = malloc((size_t)(n_symbols + n_response) * sizeof *row);
    if (!status && !row) status = jp_fail_memory(err);
    if (!status) {
        memcpy(row, symbols, (size_t)n_symbols * sizeof *row);
        memcpy(row + n_symbols, response, (size_t)n_response * sizeof *row);
        jp_node  node = {-1, 0, 1, 0, row, n_symbols + n_response - 1, -1};
        jp_batch b = {.nodes = &node,
                      .n_nodes = 1,
                      .n_rows = 1,
                      .row_prompt = &n_symbols,
                      .response = response,
                      .n_response = n_response,
                      .target_last = n_response};
        status = decode_batch(l, &b, visit_next, out, cost, err);
    }
    free(row);
    return status;
}

/* ---- generation -------------------------------------------------------------------------------------------------- */

static void visit_argmax(void *user, int row, int t, const float *logits, int n) {
    (void)row, (void)t;
    int best = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    *(int32_t *)user = best;
}

/* Feed `count` symbols at `position` of the first row and return the most likely next token in *next. */
static int step_decode(jp_local *l, const int32_t *symbols, int count, int position, int32_t *next,
                       jp_engine_cost *cost, jopa_error *err) {
    jp_node  node = {-1, 0, 1, position, symbols, count, -1};
    int      prompt = position + count; /* so that the last symbol predicts "response token 0" */
    jp_batch b = {.nodes = &node, .n_nodes = 1, .n_rows = 1, .row_prompt = &prompt, .n_response = 1, .target_last = 1};
    return decode_into(l, &b, l->row_ids, visit_argmax, next, cost, err);
}

int jp_local_generate(jp_engine *e, const int32_t *symbols, int n_symbols, int32_t *out, int max, int *n,
                      jp_engine_cost *cost, jopa_error *err) {
    jp_local *l = (jp_local *)e;
    *n = 0;
    if (n_symbols < 1) return jp_fail(err, JOPA_ERROR_INPUT, "the prompt is empty: there is nothing to continue");
    int status = jp_local_reserve(e, n_symbols + max, NULL, err);
    if (status) return status;
    int32_t next = 0;
    status = step_decode(l, symbols, n_symbols, 0, &next, cost, err);
    while (!status && *n < max && !llama_vocab_is_eog(l->vocab, next)) {
        out[(*n)++] = next;
        if (*n < max) status = step_decode(l, out + *n - 1, 1, n_symbols + *n - 1, &next, cost, err);
    }
    llama_memory_seq_rm(llama_get_memory(l->context), l->row_ids[0], -1, -1);
    return status;
}
