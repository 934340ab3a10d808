/* The context of the local engine: how many tokens, rows and kept prompts it has room for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/llama/llama-local.h"

enum {
    MAX_ROWS = 32,
    BATCH_TOKENS = 512,
    KEPT_ROWS = 128,
    KEPT_TOKENS = 4096 /* beside the whole prompt */
};
static const double KEPT_BYTES = 256.0 * (1 << 20); /* of keys and values, at most */

static int64_t n_embd(const jp_local *l) { return llama_model_n_embd_inp(l->model); }

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
    jp_kept_free(&l->kept);
    l->probe.n = 0;
    l->context = NULL;
    l->tokens = (struct llama_batch){0};
    l->row_ids = NULL;
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
    if (!l->tokens.token || !l->tokens.pos || !l->tokens.n_seq_id || !l->tokens.seq_id || !l->tokens.logits ||
        !l->row_ids)
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
                  (double)n_embd(l) / llama_model_n_head(l->model);
    bool many = l->attends && jp_local_shares_prefixes(l);
    l->kept_rows = many ? KEPT_ROWS : 1;
    l->kept_tokens = l->max_row + (many ? (int)fmin(KEPT_TOKENS, KEPT_BYTES / cell) : 0);
}

bool jp_local_is_float(const jp_local *l) {
    return ((unsigned)llama_model_ftype(l->model) & ~(unsigned)LLAMA_FTYPE_GUESSED) == LLAMA_FTYPE_ALL_F32;
}

/* Bytes of a cell's keys and values. */
static double cell_bytes(const jp_local *l) {
    double size = jp_local_is_float(l) ? sizeof(float) : sizeof(ggml_fp16_t);
    return 2 * size * llama_model_n_layer(l->model) * llama_model_n_head_kv(l->model) * (double)n_embd(l) /
           llama_model_n_head(l->model);
}

/* Refuse what this machine cannot hold: keys and values, the weights of attention to them, and a batch's logits. Other
 * machines refuse for themselves. */
static int check_room(const jp_local *l, jopa_error *err) {
    char   what[80];
    double attention = l->attends ? 0 : 4.0 * l->max_tokens * llama_model_n_head(l->model),
           cell = l->rpc ? 0 : cell_bytes(l) + attention, logits = 4.0 * l->max_tokens * llama_vocab_n_tokens(l->vocab);
    snprintf(what, sizeof what, "a prompt and response of %d tokens", l->max_row);
    return jp_memory_check(cells(l) * cell + logits, what, "shorten them, or lower `max_tokens`", err);
}

static int create_context_decode(jp_local *l, jopa_error *err) {
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = cells(l);
    p.n_batch = p.n_ubatch = (uint32_t)l->max_tokens;
    p.n_seq_max = (uint32_t)(l->kept_rows + l->max_rows);
    bool exact = jp_local_is_float(l); /* then attention may not be what rounds to F16 */
    p.flash_attn_type = exact        ? LLAMA_FLASH_ATTN_TYPE_DISABLED
                        : l->attends ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                     : LLAMA_FLASH_ATTN_TYPE_AUTO;
    p.type_k = p.type_v = exact ? GGML_TYPE_F32 : GGML_TYPE_F16;
    p.kv_unified = true;
    p.swa_full = true;
    int status = l->rpc ? jp_rpc_check(l->rpc, err) : JP_OK;
    if (status) return status;
    l->context = jp_local_new_context(l, p);
    if (l->rpc) status = jp_rpc_check(l->rpc, err);
    if (status || l->context) return status;
    return jp_fail(err, JOPA_ERROR_MODEL,
                   "the model cannot be run with a context of %u tokens: use a shorter prompt or a smaller model",
                   p.n_ctx);
}

static int check_length(const jp_local *l, int max_row, jopa_error *err) {
    int model_limit = llama_model_n_ctx_train(l->model);
    if (max_row > model_limit)
        return jp_fail(err, JOPA_ERROR_INPUT,
                       "prompt and response have %d tokens, the model's context holds %d: shorten the prompt or lower "
                       "`max_tokens`",
                       max_row, model_limit);
    if (l->context_limit > 0 && max_row > l->context_limit)
        return jp_fail(err, JOPA_ERROR_INPUT,
                       "prompt and response have %d tokens, `ctx` allows %d: raise `ctx` or shorten the prompt",
                       max_row, l->context_limit);
    return JP_OK;
}

static int make_context(jp_local *l, int max_row, jopa_error *err) {
    jp_local_release(l);
    l->max_row = max_row;
    l->max_rows = jp_local_shares_prefixes(l) ? MAX_ROWS : 1;
    l->max_tokens = BATCH_TOKENS;
    choose_kept(l);
    int status = check_room(l, err);
    if (!status) status = allocate_batch(l, err);
    if (!status) status = create_context_decode(l, err);
    if (!status)
        status = jp_kept_init(&l->kept, llama_get_memory(l->context), jp_local_shares_prefixes(l) ? l->kept_rows : 0,
                              l->kept_tokens, l->max_row, err);
    if (status) jp_local_release(l);
    return status;
}

int jp_local_reserve(void *self, int max_row, int *rows, jopa_error *err) {
    jp_local *l = self;
    int       status = check_length(l, max_row, err);
    if (!status && (!l->context || max_row > l->max_row)) status = make_context(l, max_row, err);
    if (status) return status;
    int by_tokens = l->max_tokens / (max_row > 0 ? max_row : 1),
        count = by_tokens < l->max_rows ? by_tokens : l->max_rows;
    if (rows) *rows = count > 1 ? count : 1;
    return JP_OK;
}
