/* Scores of masked rows by a forward pass of our own, for the families that gradient.h covers, on a CPU. libllama attends
 * to all cells of its cache and hides most of them, which costs more than the model's products once rows are long or many;
 * here a token attends only to the cells on its path (attend.h), and what any earlier row has in common with a new one is
 * not computed again (prefix-tree.h). All but the products is F32, whatever the weights. */
#ifndef JP_LLAMA_FORWARD_H
#define JP_LLAMA_FORWARD_H

#include "engine/attend.h"
#include "engine/gradient-model.h"
#include "engine/prefix-tree.h"

typedef struct jp_forward jp_forward;

/* `rows` (with `user`) gives the input rows of symbols: out[n * n_embd]. On success *out is owned by the caller.
 * JOPA_ERROR_UNSUPPORTED: an architecture that is not covered, or weights that are quantized, which libllama repacks. */
typedef int jp_forward_rows(void *user, const int32_t *symbols, int n, float *out, jopa_error *err);
int  jp_forward_open(jp_forward **out, const char *file, int threads, jp_forward_rows *rows, void *user, jopa_error *err);
void jp_forward_free(jp_forward *f); /* NULL is fine */

/* Make room for rows of up to `max_row` symbols in batches as jp_engine_ops.reserve describes them. */
int jp_forward_reserve(jp_forward *f, int max_row, int *max_rows, int *max_tokens, jopa_error *err);
/* As jp_engine_ops.score. */
int jp_forward_score(jp_forward *f, const jp_batch *b, float *log_probs, jp_engine_cost *cost, jopa_error *err);

/* ---- what llama-forward.c and llama-forward-graph.c share ---- */

enum { JP_FORWARD_PIECE = 512 }; /* tokens that go through the model at once */

typedef struct { int token, row, t; } jp_forward_want; /* the token's logits predict response token t of the row */

/* Some tokens of a batch. Outputs are the tokens with wants, in order. */
typedef struct {
    int                    first, n, n_out; /* tokens [first, first + n) of the batch */
    int32_t                symbols[JP_FORWARD_PIECE], position[JP_FORWARD_PIECE], out[JP_FORWARD_PIECE], out_position[JP_FORWARD_PIECE]; /* out: the token of each output */
    int                    cell[JP_FORWARD_PIECE];
    float                  scale[JP_FORWARD_PIECE], out_scale[JP_FORWARD_PIECE]; /* of their queries */
    jp_attend_run          runs[JP_FORWARD_PIECE], out_runs[JP_FORWARD_PIECE];
    int                    n_runs, n_out_runs;
    const jp_forward_want *wants;    /* [n_wants], tokens ascending */
    int                    n_wants;
    const int32_t         *response;
    double                 log_sum[JP_FORWARD_PIECE]; /* of each output's logits: log of the sum of exp */
    float                 *picked;   /* [n_wants] their logits */
} jp_forward_piece;

/* What an operation of our own is told: a layer, or a strip of the vocabulary by its first token. */
typedef struct {
    jp_forward *f;
    int         index;
    bool        outputs; /* in the last layer queries are only those with outputs */
} jp_forward_job;

struct jp_forward {
    struct jp_gradient model; /* weights */
    jp_attend_shape    shape;
    int                threads, max_row;
    jp_forward_rows   *rows;
    void              *user;
    jp_prefix_tree     tree;
    float             *keys, *values; /* [n_layer][jp_attend_size] */
    float             *scratch;       /* [threads * jp_attend_scratch] */
    void              *graph_memory;
    size_t             graph_size;
    jp_forward_job    *jobs; /* [n_layer + strips] */
    jp_forward_piece   piece;

    /* one batch */
    struct jp_forward_token *tokens;
    int                      n_tokens, tokens_capacity;
    jp_forward_want         *wants;
    int                      n_wants, wants_capacity;
    float                   *picked;  /* [n_wants] */
    jp_cells                *cells;   /* that the piece's runs refer to */
    int                      n_cells, cells_capacity;
    struct jp_forward_end   *ends;    /* [ends_capacity] where each of the batch's nodes ends */
    int                     *brief;   /* [n_brief] nodes of the tree to be removed */
    int                      ends_capacity, n_brief, brief_capacity;
};

/* Allocate what graphs are made in. */
int jp_forward_graph_init(jp_forward *f, jopa_error *err);
/* Compute f->piece: its cells, and the logits of its wants. */
int jp_forward_run(jp_forward *f, jopa_error *err);

#endif
