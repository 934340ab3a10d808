/* The interface of engines: a part of jopa.h, which includes it; include that. */
#ifndef JOPA_ENGINE_H
#define JOPA_ENGINE_H

/* ---- engines: what computes log-probabilities ---------------------------------------------------------------
 * A program can bring its own: docs/engine.md explains the interface, docs/examples/toy-engine.c is a whole one. Rows
 * of token ids go in, log-probabilities come out; units, masks and searches are the library's affair, and how rows are
 * batched and what they share is the engine's. Structs begin with their size and only grow at the end, so that an
 * engine and a library of different versions understand each other. */
#define JOPA_ENGINE_VERSION 1

/* What can stand in a row beside token ids, with JOPA_CAN_EMBEDDINGS: input embeddings that are no token's. */
enum {
    JOPA_SYMBOL_ZERO = -1, /* all zeros */
    JOPA_SYMBOL_MEAN = -2  /* the mean of the embedding table */
};

enum {                                /* what an engine can do with its model, bits */
       JOPA_CAN_SCORE = 1 << 0,       /* log-probabilities of given tokens */
       JOPA_CAN_GENERATE = 1 << 1,    /* greedy continuation */
       JOPA_CAN_TOKENIZE = 1 << 2,    /* text <-> tokens */
       JOPA_CAN_GRADIENT = 1 << 3,    /* gradients of a score */
       JOPA_CAN_ATTENTION = 1 << 4,   /* attention weights */
       JOPA_CAN_EMBED = 1 << 5,       /* one vector for a text */
       JOPA_CAN_NEXT = 1 << 6,        /* whole next-token distributions (KL divergence) */
       JOPA_CAN_KNOCKOUT = 1 << 7,    /* rows whose last tokens cannot attend to parts of the prompt */
       JOPA_CAN_HURRY = 1 << 8,       /* scores in half the time that are less exact: JOPA_SCORE_FAST */
       JOPA_CAN_TEMPLATE = 1 << 9,    /* the model's chat template */
       JOPA_CAN_EMBEDDINGS = 1 << 10, /* symbols below 0: the operators "zero" and "mean" */
       JOPA_CAN_CONTRAST = 1 << 11,   /* two responses to a row at once: jopa_score_request.other */
};

/* How a long call hears that it is no longer wanted: ask() nonzero says stop. It is cheap, and may be called as often
 * as every few milliseconds, from the thread of the call. `fraction`: how much is done, 0..1, negative: unknown. Who
 * was told to stop returns JOPA_ERROR_INTERRUPTED and can be used again. */
typedef struct {
    int (*ask)(void *user, double fraction);
    void *user;
} jopa_stop;

typedef struct {
    int64_t decoded_tokens; /* tokens that went through the model */
    int64_t outputs;        /* of which so many had their next-token distribution computed; 0: not counted */
    int64_t attended;       /* positions that the decoded tokens attended to, in all; 0: not counted */
    int64_t reserved[5];    /* 0 */
} jopa_engine_cost;

enum {                            /* of a jopa_score_request, bits; an engine may ignore those it does not know */
       JOPA_SCORE_FAST = 1 << 0,  /* JOPA_CAN_HURRY: drops may be off by about 0.05 nats instead of 0.02 */
       JOPA_SCORE_BEGIN = 1 << 1, /* another run begins: so that its cost does not depend on what ran before, forget
                                   * what was kept for later rows */
};

/* Rows to score. All pointers are borrowed for the call. Row i is prompt[i], then the response up to what predicts the
 * last token wanted. A prompt may be empty, when everything in it was taken out: the response then begins a text. */
typedef struct {
    size_t                size; /* sizeof(jopa_score_request) */
    unsigned              flags;
    int                   n_rows;
    const int32_t *const *prompt;                  /* [n_rows] */
    const int            *n_prompt;                /* [n_rows] */
    const int32_t        *response;                /* [n_response] */
    int                   n_response, first, last; /* wanted: log p of the response tokens [first, last) */
    float                *log_probs;               /* out: [n_rows * (last - first)], natural log */
    /* The prompt of which the rows' are variants, or NULL: what is worth keeping from call to call. */
    const int32_t *whole;
    int            n_whole;
    /* After each batch: which `n` rows are now in log_probs, each once, and what the call has cost so far. Nonzero:
     * stop, and return JOPA_ERROR_INTERRUPTED. Limits on evaluations and time are looked at here, so an engine whose
     * rows take long should not report all of them at the end. */
    int (*done)(void *user, const int *rows, int n, const jopa_engine_cost *so_far);
    void            *user;
    const jopa_stop *stop; /* or NULL */
    /* JOPA_CAN_CONTRAST: another response to each row's prompt, which is computed once for both; NULL: there is none.
     * A row is done when both are. */
    const int32_t *other; /* [n_other] */
    int            n_other, other_first, other_last;
    float         *other_log_probs; /* out: [n_rows * (other_last - other_first)] */
} jopa_score_request;

/* Rows of one prompt whose tokens from `tail` on and response are computed anew, and cannot attend to some of the
 * tokens before it; what comes before the tail stays as it was computed with all of the prompt in view (attention
 * knockout, Geva et al. 2023). A row's positions are those of prompt[0 .. tail), then its own tail, then the
 * response. */
typedef struct {
    size_t                size;
    unsigned              flags;
    const int32_t        *prompt; /* [n_prompt] */
    int                   n_prompt, tail;
    int                   n_rows;
    const int32_t *const *row_tail;   /* [n_rows] what stands after prompt[tail - 1] in each row, */
    const int            *n_row_tail; /* [n_rows] so many symbols, at most n_prompt - tail */
    const int *const     *hidden;     /* [n_rows] what a row does not attend to: from, to, from, to, ... ascending, */
    const int            *n_hidden;   /* [n_rows] so many pairs; never the token tail - 1 */
    const int32_t        *response;
    int                   n_response, first, last;
    float                *log_probs;
    int (*done)(void *user, const int *rows, int n, const jopa_engine_cost *so_far);
    void            *user;
    const jopa_stop *stop;
} jopa_knockout_request;

typedef struct {
    size_t           size;
    const int32_t   *symbols; /* [n_symbols] */
    int              n_symbols;
    int              max;  /* tokens at most */
    int32_t         *out;  /* out: [max]; what ends a generation is left out */
    int              n;    /* out: how many there are */
    jopa_engine_cost cost; /* out */
    const jopa_stop *stop;
} jopa_generate_request;

/* Next-token log-distributions before each response token. */
typedef struct {
    size_t           size;
    const int32_t   *symbols; /* [n_symbols] */
    int              n_symbols;
    const int32_t   *response; /* [n_response] */
    int              n_response;
    float           *out;  /* out: [n_response * n_vocab] */
    jopa_engine_cost cost; /* out */
    const jopa_stop *stop;
} jopa_next_request;

/* For f = log p(response tokens [first, last) | symbols): d f / d input embedding of each prompt symbol, and
 * d f / d attention bias of each (a number added to its key column before the softmax, in all layers and heads, off the
 * diagonal), at the given biases. Outputs that are NULL are not wanted. */
typedef struct {
    size_t           size;
    const int32_t   *symbols; /* [n_symbols] masked prompt */
    int              n_symbols;
    const float     *bias;      /* [n_symbols] attention bias at which to differentiate, NULL: 0 */
    const float     *embedding; /* [n_symbols * n_embd] input rows to use instead of the symbols' own, or NULL */
    const int32_t   *response;
    int              n_response, target_first, target_last;
    float           *d_embedding; /* out: [n_symbols * n_embd] or NULL */
    float           *d_bias;      /* out: [n_symbols] or NULL */
    float           *log_probs;   /* out: [target_last - target_first] or NULL */
    const jopa_stop *stop;
} jopa_gradient_request;

/* Attention weights of one forward pass, mean of heads, one [n x n] row-stochastic matrix a layer (row = query), of the
 * layers [first, first + wanted); wanted 0: of all. */
typedef struct {
    size_t           size;
    const int32_t   *symbols; /* [n] prompt, then response */
    int              n;
    float           *weights; /* out: [n_layer * n * n] */
    int              n_layer; /* out: how many there are in weights */
    int              first, wanted;
    const jopa_stop *stop;
} jopa_attention_request;

typedef struct {
    size_t  size;                                          /* what the library has room for */
    char    file[512], architecture[64], quantization[64]; /* quantization: the file's */
    char    weights[64];                                   /* the type that the engine computes with */
    int64_t parameters;
    int     context_train; /* the model's own context length, 0: unknown */
    char    devices[512];  /* of other machines that compute, "HOST:PORT,…"; "": none */
} jopa_model_info;

/* An engine: functions that return a jopa_code and fill the jopa_error (never NULL; one line) on failure. Functions
 * that a capability does not need may be NULL. One thread calls at a time. */
typedef struct {
    size_t      size;                                      /* sizeof(jopa_engine_ops) */
    int         version;                                   /* JOPA_ENGINE_VERSION */
    const char *name;                                      /* what results call it; kept as a pointer */
    unsigned (*capabilities)(void *self);                  /* JOPA_CAN_... */
    void (*destroy)(void *self);                           /* by jopa_model_free; or NULL */
    void (*model_info)(void *self, jopa_model_info *info); /* info->size stays; or NULL */

    /* Rows of up to `max_row` symbols (prompt and response) will follow. JOPA_ERROR_INPUT when the model cannot take
     * them. *rows (may be NULL): how many new rows make a good batch. Or NULL: 32 rows, any length. */
    int (*reserve)(void *self, int max_row, int *rows, jopa_error *e);
    /* JOPA_CAN_SCORE, which every engine needs. */
    int (*score)(void *self, const jopa_score_request *rq, jopa_error *e);

    /* JOPA_CAN_TOKENIZE. malloc'd *ids[*n], which the library frees. `special`: parse special tokens and let the model
     * add its first token. */
    int (*tokenize)(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e);
    /* The bytes of one token as it appears in text, without a NUL: written into out[size] as far as there is room;
     * returns how many there are. Control tokens yield their text when `special`, nothing otherwise. */
    int (*piece)(void *self, int32_t id, bool special, char *out, int size);
    /* JOPA_CAN_TEMPLATE. Chat template applied: malloc'd *text, NUL-terminated, which the library frees.
     * roles/contents: [n]. */
    int (*apply_template)(void *self, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                          char **text, jopa_error *e);

    int (*generate)(void *self, jopa_generate_request *rq, jopa_error *e);       /* JOPA_CAN_GENERATE */
    int (*next)(void *self, jopa_next_request *rq, jopa_error *e);               /* JOPA_CAN_NEXT, with n_vocab */
    int (*knockout)(void *self, const jopa_knockout_request *rq, jopa_error *e); /* JOPA_CAN_KNOCKOUT */
    int (*gradient)(void *self, const jopa_gradient_request *rq, jopa_error *e); /* JOPA_CAN_GRADIENT, with n_embd */
    int (*gradient_price)(void *self, int n); /* of n symbols, in evaluations of as many, rounded up; NULL: 4 */
    int (*attention)(void *self, jopa_attention_request *rq, jopa_error *e); /* JOPA_CAN_ATTENTION, with n_layer */
    /* JOPA_CAN_EMBED. One vector for `text`: malloc'd *out[*n], which the library frees. *left_out: how many of the
     * text's tokens were not looked at, being too many. */
    int (*embed)(void *self, const char *text, const jopa_stop *stop, float **out, int *n, int *left_out,
                 jopa_error *e);

    int (*n_vocab)(void *self);
    int (*n_embd)(void *self);
    int (*n_layer)(void *self);
    /* Input rows of `symbols` (token embeddings with the model's scale, zeros, mean): out[n * n_embd]. */
    int (*embedding_rows)(void *self, const int32_t *symbols, int n, float *out, jopa_error *e);

    /* JOPA_CAN_TEMPLATE, instead of or beside apply_template: the Jinja source of the model's chat template `name`
     * (NULL: its default one), which the library renders. Owned by the engine; NULL: there is none of that name. */
    const char *(*template_source)(void *self, const char *name);
    /* The name of its template `index` beside the default one, NUL-terminated into out[size]. False past the end. */
    bool (*template_name)(void *self, int index, char *out, int size);
    /* The token with a part in the vocabulary: "bos", "eos", "pad", "sep". Negative: it has none. */
    int32_t (*token_called)(void *self, const char *part);
} jopa_engine_ops;

/* A model that a caller's engine runs. `ops` is copied (functions beyond ops->size count as NULL), `self` is what its
 * functions get. On success *out is owned by the caller: jopa_model_free, which calls ops->destroy. On failure nothing
 * is called. Log-probabilities above 0 and what is no number are refused with the engine's name. */
JOPA_API int jopa_model_open_engine(jopa_model **out, const jopa_engine_ops *ops, void *self, jopa_error *e);

#endif
