/* What the files of the local engine share. Only src/engine/llama/ includes this. */
#ifndef JP_LLAMA_LOCAL_H
#define JP_LLAMA_LOCAL_H

#include <llama.h>
#include <stdio.h>

#include "engine/engine.h"
#include "engine/llama/llama-kept.h"
#include "engine/llama/llama-open.h"
#include "engine/llama/llama-rpc.h"
#include "engine/stop.h"

typedef struct jp_embedding_table jp_embedding_table;

/* What is known of rows of embeddings: llama-probe.c. */
typedef struct {
    bool   tried, differs;
    float  scale;  /* what the model multiplies tokens' embeddings with, but not rows that it is given */
    float *logits; /* [n_vocab] after the prompt in place 0, of n tokens, fed as ids; n 0: not known */
    int    n;
} jp_probe;

typedef struct {
    jp_engine                 base; /* first: a jp_engine * is a jp_local * */
    struct llama_model       *model;
    const struct llama_vocab *vocab;
    struct llama_context     *context; /* NULL until the first reserve */
    char                     *file;    /* owned */
    int                       threads, context_limit;
    int32_t                   begin;       /* the token that begins a text, or -1 */
    bool                      attends;     /* engine/accel.h computes attention, */
    bool                      accelerated; /* and products */
    struct jp_accel_store    *store;       /* its weights, or NULL */
    bool                      precise;     /* no JOPA_CAN_HURRY */
    jp_rpc                   *rpc;         /* the devices that hold the model, or NULL: this machine */

    int                max_row, max_rows, max_tokens; /* what `context` has room for: a row, a batch, */
    int                kept_rows, kept_tokens; /* and kept prompts: as sequences at least 1, which need not be used */
    int32_t           *row_ids; /* [max_rows] the sequences of a batch's rows, those after the kept ones */
    jp_kept            kept;
    struct llama_batch tokens;           /* room for max_tokens */
    struct llama_context *embed_context; /* lazily made for embed() */
    float                *rows;          /* [max_tokens * n_embd], allocated when an operator needs embeddings */
    jp_embedding_table   *table;         /* lazily opened */
    jp_probe              probe;
    struct jp_gradient   *gradient; /* lazily opened */
    const char           *weights;  /* the type that scores are computed in, static */
    jp_ear                ear;      /* of the call that runs */
} jp_local;

/* From here to jp_local_end a stop is heard in the middle of decoding. */
void jp_local_listen(jp_local *l, const jopa_stop *stop);
void jp_local_end(jp_local *l);

/* That it is a GGUF file: llama.c. */
int jp_local_check_file(const char *file, jopa_error *e);

/* ---- llama-load.c ---- */
void jp_local_quiet(void); /* libllama prints nothing */
int  jp_local_load(jp_local *l, const jp_engine_options *o, jopa_error *e);

/* ---- llama-compute.c: what takes long in libllama, so that a stop is heard ---- */

/* A context of `l`'s model with its threads, and its ear; NULL: libllama has none. */
struct llama_context *jp_local_new_context(jp_local *l, struct llama_context_params p);
/* llama_decode, or llama_encode of an encoder. `inputs`, `attention`: jp_accel_begin's. Outputs are there after it. */
int jp_local_compute(jp_local *l, struct llama_context *context, struct llama_batch batch, int inputs, int attention,
                     jopa_error *err);

/* ---- llama-context.c ---- */
int jp_local_reserve(void *self, int max_row, int *rows, jopa_error *err);
/* A token's state is its cell of the key-value cache, so that sequences can share it. */
bool jp_local_shares_prefixes(const jp_local *l);
bool jp_local_is_float(const jp_local *l); /* all weights are F32, and so is all that is computed with them */
void jp_local_release(jp_local *l);        /* the context and what belongs to it */

/* ---- llama-decode.c ---- */

/* Called with the logits that predict response token t of row `row`; by several threads at once, each with other
 * outputs. */
typedef void jp_visit_fn(void *user, int row, int t, const float *logits, int n_vocab);

/* A batch: the tree of its rows, which are sequences of the context, and which response tokens are wanted. With
 * `knockout` a row's known nodes are any stretches of its kept row, in order. */
typedef struct {
    const jp_node *nodes;
    int            n_nodes, n_rows;
    const int     *row_prompt; /* [n_rows] symbols before the response */
    int            first, last;
    bool           fast;
    jp_visit_fn   *visit;
    void          *user;
} jp_tree;

/* Decode it and visit its outputs. The rows stay in their sequences until jp_local_clear_rows. */
int  jp_local_decode(jp_local *l, const jp_tree *tree, jp_engine_cost *cost, jopa_error *err);
void jp_local_clear_rows(jp_local *l, int n);
/* The same, as ids or as rows of embeddings, unchecked. */
int jp_local_decode_tree(jp_local *l, const jp_tree *tree, bool embed, jp_engine_cost *cost, jopa_error *err);

/* ---- llama-probe.c: whether rows of embeddings do what their tokens do ---- */

/* Decode the tree as rows; JOPA_ERROR_UNSUPPORTED where this model's answers to them are not those to tokens. */
int jp_local_decode_rows(jp_local *l, const jp_tree *tree, jp_engine_cost *cost, jopa_error *err);
/* The same question without a tree, with the first of the `n` symbols that are tokens. */
int  jp_local_check_input(jp_local *l, const int32_t *symbols, int n, jopa_error *err);
bool jp_local_takes_rows(const jp_local *l); /* false once it has been found out that not */
/* The logits after the prompt that place 0 is about to hold, of n tokens fed as ids. */
void jp_local_note_whole(jp_local *l, const float *logits, int n);

/* ---- llama-score.c, llama-knockout.c, llama-generate.c ---- */
int jp_local_score(void *self, const jopa_score_request *rq, jopa_error *err);
int jp_local_knockout(void *self, const jopa_knockout_request *rq, jopa_error *err);
int jp_local_generate(void *self, jopa_generate_request *rq, jopa_error *err);
int jp_local_next(void *self, jopa_next_request *rq, jopa_error *err);

/* A batch's log-probabilities of response tokens: jp_tree.visit with a jp_score_output. */
typedef struct {
    const int32_t *response;
    int            first, last;
    float         *log_probs; /* [rows * (last - first)] */
    /* Of another response, or NULL: a row that is a beginning of both has outputs of both. */
    const int32_t *other;
    int            other_first, other_last;
    float         *other_log_probs;
} jp_score_output;
void jp_local_visit_score(void *user, int row, int t, const float *logits, int n_vocab);
/* The prompt `symbols[*n]`, or where it is empty what begins a text. *n stays 0 where the model has no such token. */
const int32_t *jp_local_begun(const jp_local *l, const int32_t *symbols, int *n);
/* The prompt into place 0, if it is not there. */
int jp_local_keep_whole(jp_local *l, const int32_t *prompt, int n, jp_engine_cost *cost, jopa_error *err);

/* ---- llama-text.c ---- */
int jp_local_tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *err);
int jp_local_piece(void *self, int32_t id, bool special, char *out, int size);
int jp_local_apply_template(void *self, const char *const *roles, const char *const *contents, int n,
                            bool add_assistant, char **text, jopa_error *err);

const char *jp_local_template_source(void *self, const char *name);
bool        jp_local_template_name(void *self, int index, char *out, int size);
int32_t     jp_local_token_called(void *self, const char *part);

/* ---- llama-input.c: the input embeddings, read from the mapped file ---- */
int jp_local_embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *err);
int jp_local_read_rows(jp_local *l, const int32_t *symbols, int n, float *out, jopa_error *err); /* without the check */
void jp_embedding_table_free(jp_embedding_table *t);

/* ---- llama-sentence.c: one vector for a text ---- */
bool jp_local_is_encoder(const jp_local *l); /* writes no text: embed() only */
int  jp_local_embed(void *self, const char *text, const jopa_stop *stop, float **out, int *n, int *left_out,
                    jopa_error *err);

/* ---- llama-gradient.c ---- */
bool jp_local_has_gradient(const jp_local *l);
int  jp_local_gradient(void *self, const jopa_gradient_request *rq, jopa_error *err);
int  jp_local_attention(void *self, jopa_attention_request *rq, jopa_error *err);

/* ---- llama-copy.c: a copy of the model with its quantized matrices in the ggml type `type` (F16 or F32), as an
 * anonymous file that the caller closes; NULL: nothing to gain, too large, no memory, or `ear` heard a stop. ---- */
FILE *jp_local_faster_weights(const char *file, int type, jp_ear *ear);

#endif
