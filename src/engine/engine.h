/* One interface to whatever computes scores. An engine knows nothing of units or masks: it sees rows of
 * symbols (prompt/mask.h), arranged by the scorer as a tree of shared prefixes. */
#ifndef JP_ENGINE_H
#define JP_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct jp_engine jp_engine;

enum {                        /* capabilities, bits */
       JP_CAN_SCORE = 1 << 0, /* log-probabilities of given tokens */
       JP_CAN_GENERATE = 1 << 1,
       JP_CAN_TOKENIZE = 1 << 2, /* text <-> tokens, chat template */
       JP_CAN_GRADIENT = 1 << 3,
       JP_CAN_ATTENTION = 1 << 4,
       JP_CAN_EMBED = 1 << 5,
       JP_CAN_NEXT = 1 << 6,     /* whole next-token distributions (KL divergence) */
       JP_CAN_HURRY = 1 << 8,    /* scores in half the time that are less exact: jp_batch.fast */
       JP_CAN_KNOCKOUT = 1 << 7, /* rows may leave out parts of the retained prompt: jp_batch.knockout */
};

/* A node of the batch's prefix tree: `count` symbols that the rows [row_first, row_last) have in common at
 * position `position` (symbols before it on the row's path). Nodes come parents first; a root has parent -1.
 * The path of a row, root to leaf, is the row. Rows of a batch are distinct. */
typedef struct {
    int            parent;
    int            row_first, row_last;
    int            position;
    const int32_t *symbols;
    int            count;
    int kept; /* the kept row that holds these symbols there: known, not to be decoded again; -1: none does */
} jp_node;

/* A batch to score. A row is a masked prompt of row_prompt[row] symbols, then the response tokens that have to be
 * seen, response[0 .. target_last - 1). Wanted are the log-probabilities of response tokens [target_first,
 * target_last).
 *
 * An engine may keep prompts for later batches, in places 0 .. jp_engine_room.kept_rows: after the batch those of
 * `forget` are given up, then row r's prompt is kept in place keep[r]. Keeping a row in place 0 forgets all others,
 * before the batch. Known nodes come first on a row's path. An engine without memory ignores all that and computes
 * every node, as does one that has lost what a node relies on (another scorer used it).
 *
 * With `knockout` (JP_CAN_KNOCKOUT) the known nodes of a row are any stretches of the prompt in place 0, in order, and
 * its only other node begins right after the last of them. What lies between the stretches the later tokens cannot
 * attend to; the stretches stay as they were computed, with all of the prompt in view (attention knockout, Geva et al.
 * 2023). JOPA_ERROR_UNSUPPORTED when the kept prompt is another by now. */
typedef struct {
    const jp_node *nodes;
    int            n_nodes;
    int            n_rows;
    const int     *row_prompt; /* [n_rows] symbols before the response */
    const int32_t *response;   /* [n_response] */
    int            n_response;
    int            target_first, target_last;
    bool           knockout;
    bool           fast;   /* JP_CAN_HURRY: drops may be off by about 0.05 nats instead of 0.02; keeps no rows */
    const int     *keep;   /* [n_rows] a place each, -1: none; or NULL */
    const int     *forget; /* [n_forget] places */
    int            n_forget;
} jp_batch;

/* What an engine has room for, with rows of a given length. */
typedef struct {
    int max_rows, max_tokens;   /* of one batch: rows, and symbols of nodes that are not known */
    int kept_rows, kept_tokens; /* of all batches: rows, place 0 included, and their distinct symbols (a shared prefix
                                   counts once); 0: none */
} jp_engine_room;

typedef struct {
    int64_t decoded_tokens; /* tokens that went through the model */
} jp_engine_cost;

typedef struct {
    char    file[512], architecture[64], quantization[64]; /* quantization: the file's */
    char    weights[64];                                   /* the type that the engine computes with */
    int64_t parameters;
    int     context_train; /* the model's own context length, 0: unknown */
} jp_model_info;

/* What jp_engine_ops.gradient computes for one row: d f / d input embedding of each prompt symbol and
 * d f / d attention bias of each prompt symbol (a number added to its key column before the softmax, all
 * layers and heads, off the diagonal), at the given biases. Either output may be NULL. */
typedef struct {
    const int32_t *symbols; /* [n_symbols] masked prompt */
    int            n_symbols;
    const float   *bias;      /* [n_symbols] attention bias at which to differentiate, NULL: 0 */
    const float   *embedding; /* [n_symbols * n_embd] input rows to use instead of the symbols' own, or NULL */
    const int32_t *response;
    int            n_response, target_first, target_last;
    float         *d_embedding; /* [n_symbols * n_embd] or NULL */
    float         *d_bias;      /* [n_symbols] or NULL */
    float         *log_probs;   /* [target_last - target_first] or NULL */
} jp_gradient_request;

/* Attention weights of one forward pass, mean of heads, one [n x n] row-stochastic matrix a layer (row = query), of the
 * layers [first, first + wanted); wanted 0: of all. */
typedef struct {
    const int32_t *symbols; /* [n] prompt ++ response */
    int            n;
    float         *weights; /* [n_layer * n * n] */
    int            n_layer; /* set to how many there are in weights */
    int            first, wanted;
} jp_attention_request;

typedef struct {
    const char *name;
    unsigned (*capabilities)(jp_engine *);
    void (*model_info)(jp_engine *, jp_model_info *);
    void (*destroy)(jp_engine *);

    /* Make room for rows of up to `max_row` symbols (prompt ++ response), before score and generate. `room` may be
     * NULL. */
    int (*reserve)(jp_engine *, int max_row, jp_engine_room *room, jopa_error *);
    /* log_probs[row * (target_last - target_first) + t], natural log. */
    int (*score)(jp_engine *, const jp_batch *, float *log_probs, jp_engine_cost *, jopa_error *);
    /* Greedy continuation of `symbols`: tokens into out[max], count into *n; ends before an end-of-generation token. */
    int (*generate)(jp_engine *, const int32_t *symbols, int n_symbols, int32_t *out, int max, int *n, jp_engine_cost *,
                    jopa_error *);
    /* Next-token log-distributions before each response token: out[n_response * n_vocab]. */
    int (*next)(jp_engine *, const int32_t *symbols, int n_symbols, const int32_t *response, int n_response, float *out,
                jp_engine_cost *, jopa_error *);

    int (*gradient)(jp_engine *, const jp_gradient_request *, jopa_error *);
    /* What a gradient of `n` symbols costs, in evaluations of as many, rounded up; NULL: 4. */
    int (*gradient_price)(jp_engine *, int n);
    int (*attention)(jp_engine *, jp_attention_request *, jopa_error *);
    /* Sentence embedding (encoder) or mean-pooled states (decoder) of `text`: malloc'd *out[*n], caller frees. */
    int (*embed)(jp_engine *, const char *text, float **out, int *n, jopa_error *);

    /* malloc'd *ids[*n], caller frees. `special`: parse special tokens and let the model add its BOS. */
    int (*tokenize)(jp_engine *, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *);
    /* The bytes of one token as it appears in text: appended through snprintf rules into out[size]; returns the
     * length needed. Control tokens yield their text when `special`, nothing otherwise. */
    int (*piece)(jp_engine *, int32_t id, bool special, char *out, int size);
    /* Chat template applied: malloc'd *text, NUL-terminated, caller frees. roles/contents: [n]. */
    int (*apply_template)(jp_engine *, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                          char **text, jopa_error *);
    int (*n_embd)(jp_engine *);
    int (*n_vocab)(jp_engine *);
    int (*n_layer)(jp_engine *);
    /* Input rows of `symbols` (token embeddings with the model's scale, zeros, mean): out[n * n_embd]. */
    int (*embedding_rows)(jp_engine *, const int32_t *symbols, int n, float *out, jopa_error *);
} jp_engine_ops;

/* Every engine struct begins with this. Functions that a capability does not cover are NULL. */
struct jp_engine {
    const jp_engine_ops *ops;
};

#endif
