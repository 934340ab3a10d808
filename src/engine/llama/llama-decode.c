/* A tree of rows through the model. Rows are sequences of one unified key-value cache, after those of the kept rows. A
 * node's tokens belong to all of its rows at once, so libllama computes them once; a known node is copied from a kept
 * row, which only marks its cells. */
#include <stdlib.h>

#include "engine/llama/llama-local.h"

enum { LONG_ROW = 768 }; /* from which on attention takes a third of the time, so that it may hurry as well */

/* ---- stopping ------------------------------------------------------------------------------------------------- */

void jp_local_listen(jp_local *l, const jopa_stop *stop) { l->ear = jp_ear_for(stop); }
void jp_local_end(jp_local *l) { l->ear = jp_ear_for(NULL); }

/* ---- decoding ------------------------------------------------------------------------------------------------- */

typedef struct {
    int          token, row, t;
    const float *logits; /* once decoded */
} wanted;

typedef struct {
    jp_local       *l;
    const jp_tree  *tree;
    bool            embed;   /* feed rows of numbers instead of token ids */
    int             n;       /* tokens waiting in l->tokens */
    int32_t        *symbols; /* [max_tokens] of the waiting tokens */
    wanted         *wants;   /* outputs of the waiting tokens */
    int             n_wants, wants_capacity;
    jp_engine_cost *cost, waiting; /* waiting: what the waiting tokens will have cost */
} decoder;

/* Each output to its visitor. */
static void hand_out(decoder *d) {
    jp_local *l = d->l;
    int       n_vocab = llama_vocab_n_tokens(l->vocab);
    for (int i = 0; i < d->n_wants; i++) d->wants[i].logits = llama_get_logits_ith(l->context, d->wants[i].token);
#ifdef _OPENMP
#pragma omp parallel for num_threads(l->threads) if (d->n_wants > l->threads)
#endif
    for (int i = 0; i < d->n_wants; i++)
        d->tree->visit(d->tree->user, d->wants[i].row, d->wants[i].t, d->wants[i].logits, n_vocab);
}

static void charge_decoded(decoder *d) {
    d->cost->decoded_tokens += d->n;
    d->cost->outputs += d->waiting.outputs;
    d->cost->attended += d->waiting.attended;
    d->waiting = (jp_engine_cost){0};
    d->n = d->n_wants = 0;
}

/* Decode what waits and hand out its logits. */
static int flush_decode(decoder *d, jopa_error *err) {
    jp_local *l = d->l;
    if (!d->n) return JP_OK;
    struct llama_batch batch = l->tokens;
    batch.n_tokens = d->n;
    if (d->embed) {
        int status = jp_local_read_rows(l, d->symbols, d->n, l->rows, err);
        if (status) return status;
        batch.token = NULL;
        batch.embd = l->rows;
    }
    bool fast = d->tree->fast;
    int  status = jp_local_compute(l, l->context, batch, fast ? 1 : 2, fast && l->max_row > LONG_ROW ? 1 : 2, err);
    if (status) return status;
    hand_out(d);
    charge_decoded(d);
    return JP_OK;
}

/* Note for which rows of the node the symbol at `position` predicts a wanted response token. */
static int want(decoder *d, const jp_node *node, int position, bool *output, jopa_error *err) {
    *output = false;
    for (int r = node->row_first; r < node->row_last; r++) {
        int t = position - (d->tree->row_prompt[r] - 1);
        if (t < d->tree->first || t >= d->tree->last) continue;
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
    l->tokens.seq_id[at] = l->row_ids + node->row_first;
    l->tokens.logits[at] = output;
    d->waiting.outputs += output;
    d->waiting.attended += node->position + i + 1;
    return JP_OK;
}

/* The known nodes of `row` into its sequence. Those that follow each other are copied at once, from the kept row of the
 * last, which holds them all. */
static void begin_row(decoder *d, int row) {
    llama_memory_t memory = llama_get_memory(d->l->context);
    int            from = 0, to = 0, kept = -1;
    for (int i = 0; i < d->tree->n_nodes; i++) {
        const jp_node *node = d->tree->nodes + i;
        if (row < node->row_first || row >= node->row_last || node->kept < 0) continue;
        if (kept >= 0 && node->position != to) {
            llama_memory_seq_cp(memory, kept, d->l->row_ids[row], from, to);
            kept = -1;
        }
        if (kept < 0) from = node->position;
        to = node->position + node->count;
        kept = node->kept;
    }
    if (kept >= 0) llama_memory_seq_cp(memory, kept, d->l->row_ids[row], from, to);
}

static int decode_nodes(decoder *d, jopa_error *err) {
    int status = JP_OK;
    for (int row = 0; row < d->tree->n_rows; row++) begin_row(d, row);
    for (int i = 0; i < d->tree->n_nodes && !status; i++) {
        const jp_node *node = d->tree->nodes + i;
        for (int j = 0; node->kept < 0 && j < node->count && !status; j++) status = push(d, node, j, err);
    }
    return status ? status : flush_decode(d, err);
}

int jp_local_decode_tree(jp_local *l, const jp_tree *tree, bool embed, jp_engine_cost *cost, jopa_error *err) {
    decoder d = {.l = l, .tree = tree, .embed = embed, .cost = cost};
    size_t  width = (size_t)llama_model_n_embd_inp(l->model);
    if (embed && !l->rows) l->rows = malloc((size_t)l->max_tokens * width * sizeof *l->rows);
    d.symbols = malloc((size_t)l->max_tokens * sizeof *d.symbols);
    int status = d.symbols && (!embed || l->rows) ? decode_nodes(&d, err) : jp_fail_memory(err);
    free(d.symbols);
    free(d.wants);
    return status;
}

/* Whether a node has embeddings that are no token's; then all of the batch is fed as embeddings. */
static bool has_rows(const jp_tree *tree) {
    for (int i = 0; i < tree->n_nodes; i++)
        for (int j = 0; j < tree->nodes[i].count; j++)
            if (tree->nodes[i].symbols[j] < 0) return true;
    return false;
}

int jp_local_decode(jp_local *l, const jp_tree *tree, jp_engine_cost *cost, jopa_error *err) {
    return has_rows(tree) ? jp_local_decode_rows(l, tree, cost, err) : jp_local_decode_tree(l, tree, false, cost, err);
}

void jp_local_clear_rows(jp_local *l, int n) {
    for (int r = 0; r < n; r++) llama_memory_seq_rm(llama_get_memory(l->context), l->row_ids[r], -1, -1);
}
