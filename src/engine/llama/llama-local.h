/* What the files of the local engine share. Only src/engine/llama*.c include this. */
#ifndef JP_LLAMA_LOCAL_H
#define JP_LLAMA_LOCAL_H

#include <llama.h>
#include <stdio.h>

#include "engine/engine.h"
#include "engine/llama/llama-open.h"
#include "prompt/mask.h"

typedef struct jp_embedding_table jp_embedding_table;

typedef struct {
    jp_engine                 base; /* first: a jp_engine * is a jp_local * */
    struct llama_model       *model;
    const struct llama_vocab *vocab;
    struct llama_context     *context; /* NULL until the first reserve */
    char                     *file;    /* owned */
    int                       threads, context_limit;
    bool                      accelerated; /* engine/accel.h takes a part of the work */
    struct jp_accel_store    *store;       /* its weights, or NULL */
    bool                      precise;     /* no JP_CAN_HURRY */

    int                max_row, max_rows, max_tokens; /* what `context` has room for: a row, a batch, */
    int                kept_rows, kept_tokens; /* and kept prompts: as sequences at least 1, which need not be used */
    int32_t           *row_ids;          /* [max_rows] the sequences of a batch's rows, those after the kept ones */
    int32_t           *kept;             /* [kept_rows * max_row] the kept rows' symbols */
    int               *kept_size;        /* [kept_rows] 0: none */
    struct llama_batch tokens;           /* room for max_tokens */
    struct llama_context *embed_context; /* lazily made for embed() */
    float                *rows;          /* [max_tokens * n_embd], allocated when an operator needs embeddings */
    jp_embedding_table   *table;         /* lazily opened */
    struct jp_gradient   *gradient;      /* lazily opened */
    const char           *weights;       /* the type that scores are computed in, static */
} jp_local;

/* ---- llama-decode.c ---- */
int jp_local_reserve(jp_engine *e, int max_row, jp_engine_room *room, jopa_error *err);
int jp_local_score(jp_engine *e, const jp_batch *b, float *log_probs, jp_engine_cost *cost, jopa_error *err);
int jp_local_generate(jp_engine *e, const int32_t *symbols, int n_symbols, int32_t *out, int max, int *n,
                      jp_engine_cost *cost, jopa_error *err);
int jp_local_next(jp_engine *e, const int32_t *symbols, int n_symbols, const int32_t *response, int n_response,
                  float *out, jp_engine_cost *cost, jopa_error *err);
/* A token's state is its cell of the key-value cache, so that sequences can share it. */
bool jp_local_shares_prefixes(const jp_local *l);
bool jp_local_is_float(const jp_local *l); /* all weights are F32, and so is all that is computed with them */
void jp_local_release(jp_local *l);        /* the context and what belongs to it */

/* ---- llama-kept.c: rows kept from batch to batch; ids: the sequences of the batch's rows ---- */
bool jp_local_kept_valid(const jp_local *l, const jp_batch *b); /* what the batch's known nodes say is what is kept */
void jp_local_begin_rows(jp_local *l, const jp_batch *b, const int32_t *ids);
void jp_local_keep_rows(jp_local *l, const jp_batch *b, const int32_t *ids); /* and forget those of b->forget */
void jp_local_forget_all(jp_local *l);                                       /* batches' rows as well */

/* ---- llama-text.c ---- */
int jp_local_tokenize(jp_engine *e, const char *text, size_t size, bool special, int32_t **ids, int *n,
                      jopa_error *err);
int jp_local_piece(jp_engine *e, int32_t id, bool special, char *out, int size);
int jp_local_apply_template(jp_engine *e, const char *const *roles, const char *const *contents, int n,
                            bool add_assistant, char **text, jopa_error *err);

/* ---- llama-embedding.c: the input embeddings, read from the mapped file ---- */
int  jp_local_embedding_rows(jp_engine *e, const int32_t *symbols, int n, float *out, jopa_error *err);
void jp_embedding_table_free(jp_embedding_table *t);

/* ---- llama-embed.c: one vector for a text ---- */
bool jp_local_is_encoder(const jp_local *l); /* writes no text: embed() only */
int  jp_local_embed(jp_engine *e, const char *text, float **out, int *n, jopa_error *err);

/* ---- llama-gradient.c ---- */
bool jp_local_has_gradient(const jp_local *l);
int  jp_local_gradient(jp_engine *e, const jp_gradient_request *rq, jopa_error *err);
int  jp_local_attention(jp_engine *e, jp_attention_request *rq, jopa_error *err);

/* ---- llama-weights.c: a copy of the model with its quantized matrices in the ggml type `type` (F16 or F32), as an
 * anonymous file that the caller closes; NULL: nothing to gain, too large, or no memory. ---- */
FILE *jp_local_faster_weights(const char *file, int type);

#endif
