/* libjopa: Joint Prompt Attribution for large language models (Chang et al., ACL 2025, arXiv 2405.20404).
 *
 * A prompt is cut into units (tokens, words, sentences). A mask hides some of them. For a response y,
 *     drop(S) = log p(y | x) - log p(y | x with S hidden)          natural log, summed over y's target tokens.
 * An explanation is the set S of at most k units with the largest drop that a method found.
 *
 *     jopa_error    e = {0};
 *     jopa_options *o = NULL;
 *     jopa_model   *model = NULL;
 *     jopa_result  *result = NULL;
 *     if (jopa_options_new(&o, "explain", &e)) return puts(e.message), 1;
 *     jopa_options_set(o, "model", "model.gguf", &e);
 *     jopa_options_set(o, "prompt", "Write a story about a doctor.", &e);
 *     jopa_options_set(o, "unit", "word", &e);
 *     if (jopa_model_open(&model, o, &e) || jopa_explain(&result, model, o, &e)) puts(e.message);
 *     else {
 *         char *text = jopa_result_render(result, "text", NULL, NULL, &e);
 *         puts(text);
 *         jopa_free(text);
 *     }
 *     jopa_result_free(result), jopa_model_free(model), jopa_options_free(o);
 *
 * Rules. All text is UTF-8; offsets are bytes. Every fallible function returns a jopa_code and fills the trailing
 * jopa_error (which may be NULL); outputs are untouched on failure unless said otherwise. The library prints nothing,
 * never exits, and keeps no global state. A jopa_model may be used by one thread at a time, but for jopa_cancel;
 * different models are independent. Every jopa_x_free(NULL) is safe. Strings that are passed in are copied. Messages
 * name an option in backquotes: `max_tokens`.
 *
 * Stable. Objects are opaque, options are set by name, enums and structs that the library fills only grow at their
 * end: a program that was linked with one 0.x keeps running with a later one.
 */
#ifndef JOPA_H
#define JOPA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JOPA_VERSION "0.1.0"
#if defined(__GNUC__)
#define JOPA_API __attribute__((visibility("default")))
#else
#define JOPA_API
#endif

typedef enum {
    JOPA_OK = 0,
    JOPA_ERROR_MEMORY,      /* no memory */
    JOPA_ERROR_INPUT,       /* the caller's text, file or numbers cannot be used */
    JOPA_ERROR_USAGE,       /* an unknown name or an impossible combination of options */
    JOPA_ERROR_MODEL,       /* the model cannot be loaded or run */
    JOPA_ERROR_UNSUPPORTED, /* this engine or model lacks what was asked for */
    JOPA_ERROR_IO,          /* a file cannot be read or written */
    JOPA_ERROR_INTERRUPTED  /* the caller said stop before there was a result */
} jopa_code;

typedef struct {
    int  code;
    char message[512]; /* one line: what was wrong and what to do */
} jopa_error;

JOPA_API const char *jopa_version(void);
/* What the library returned as malloc'd memory. NULL is fine. */
JOPA_API void jopa_free(void *memory);

/* ---- names: NULL past the end; strings are static ------------------------------------------------------- */
typedef struct {
    const char *name, *summary;
} jopa_name;
/* what: "methods", "operators", "metrics", "formats", "engines", "units", "stages". False past the end or unknown
 * `what`. */
JOPA_API bool jopa_list(const char *what, int index, jopa_name *out);

/* ---- progress ----------------------------------------------------------------------------------------------------
 */
typedef struct {
    int         evaluations, budget;   /* of this stage; budget 0: unknown */
    double      best_drop;             /* nats; NAN before the first set */
    double      seconds, seconds_left; /* since the run began; seconds_left < 0: unknown */
    const char *stage;                 /* one of jopa_list("stages"), or a method's name while it searches; static */
    const int  *best;                  /* [n_best] units of the best set so far, ascending; for the call only */
    int         n_best;
    double      fraction;              /* of the stage, 0 to 1; < 0: unknown */
    int         prompts_done, prompts; /* of jopa_bench; otherwise 0 */
    const char *id, *method;           /* what jopa_bench runs now, or NULL */
} jopa_progress;
/* Called often while anything runs; nonzero stops it. A search that is stopped answers with the best so far. */
typedef int (*jopa_progress_function)(void *user, const jopa_progress *p);

/* ---- options: set by name, as on the command line ------------------------------------------------------------------
 */
typedef struct jopa_options jopa_options;
typedef struct jopa_result  jopa_result;

/* What jopa_option_at tells of an option. */
typedef struct {
    const char *name;        /* "max_tokens" */
    const char *flag;        /* the command's long option, "max-tokens"; NULL: the command takes it as an argument */
    char        letter;      /* its short one, or 0 */
    const char *type;        /* "text", "file", "integer", "number", "switch", "list", or "texts": may be repeated */
    const char *fallback;    /* its value when it is not set, as text; NULL: none */
    double      least, most; /* integer and number: the range */
    const char *values;      /* the names that it takes, with commas, or what to look them up by: "jopa list methods" */
    const char *argument;    /* "FILE" */
    const char *help;        /* one line */
    bool        command_only; /* about reading and writing: the library keeps it and does not look at it */
} jopa_option_info;

/* The options of a command ("explain", "compare", "score", "audit", "compress", "bench", "render", "list", "model") by
 * index, in the order of its help; NULL: those of all commands, each name once. NULL past the end, or for an unknown
 * command. What is pointed at is static. */
JOPA_API const jopa_option_info *jopa_option_at(const char *command, int index);

/* What a command is asked, all at its defaults. On success *out is owned by the caller: jopa_options_free.
 * JOPA_ERROR_USAGE: an unknown command. */
JOPA_API int  jopa_options_new(jopa_options **out, const char *command, jopa_error *e);
JOPA_API int  jopa_options_copy(jopa_options **out, const jopa_options *from, jopa_error *e);
JOPA_API void jopa_options_free(jopa_options *o);
/* `value` as on the command line: numbers in C's notation, lists with commas, switches "true" or "false"; NULL: back to
 * the default. Options of type "texts" get one more value with each call. JOPA_ERROR_USAGE: an unknown name, or a value
 * that is wrong by itself; then nothing is set. */
JOPA_API int jopa_options_set(jopa_options *o, const char *name, const char *value, jopa_error *e);
/* The value, or the default; NULL: neither. Of "texts" the last one. Owned by `o` until it is set again. */
JOPA_API const char *jopa_options_get(const jopa_options *o, const char *name);
/* Ask again what explanation i of a result was asked, but for what is set already: a prompt that is set replaces its
 * prompt or chat, a response its response and target, and `k`, `sparsity` or `min_drop` all three. JOPA_ERROR_INPUT:
 * the result does not tell. */
JOPA_API int jopa_options_like(jopa_options *o, const jopa_result *r, int i, jopa_error *e);
/* Whether it was set. */
JOPA_API bool jopa_options_given(const jopa_options *o, const char *name);
/* One more message of a chat, instead of the options "prompt" and "system". */
JOPA_API int  jopa_options_add_message(jopa_options *o, const char *role, const char *content, jopa_error *e);
JOPA_API void jopa_options_clear_messages(jopa_options *o);
/* Who hears how it goes, and lines about what was left out (bench); either may be NULL. */
JOPA_API void jopa_options_listen(jopa_options *o, jopa_progress_function           progress,
                                  void (*warn)(void *user, const char *line), void *user);
/* Everything that can be known to be wrong without a model: jopa_explain and the others ask the same first. */
JOPA_API int jopa_options_check(const jopa_options *o, jopa_error *e);

/* ---- model ---------------------------------------------------------------------------------------------------------
 */
typedef struct jopa_model jopa_model;

/* Open what the options "model", "engine", "encoder", "threads", "ctx", "gpu_layers" and "precise" say; the rest is
 * not looked at. Progress is told. On success *out is owned by the caller: jopa_model_free. */
JOPA_API int  jopa_model_open(jopa_model **out, const jopa_options *o, jopa_error *e);
JOPA_API void jopa_model_free(jopa_model *m);
/* What the engine can do with this model: a comma-separated list such as "logprobs,generate,gradient"; owned by m. The
 * words are those of src/engine/capability.c, a JOPA_CAN_... bit each; more may be added. */
JOPA_API const char *jopa_model_capabilities(const jopa_model *m);
/* End what runs on `m` now, from any thread, as a nonzero progress callback does; nothing runs: no effect. */
JOPA_API void jopa_cancel(jopa_model *m);

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
} jopa_engine_ops;

/* A model that a caller's engine runs. `ops` is copied (functions beyond ops->size count as NULL), `self` is what its
 * functions get. On success *out is owned by the caller: jopa_model_free, which calls ops->destroy. On failure nothing
 * is called. Log-probabilities above 0 and what is no number are refused with the engine's name. */
JOPA_API int jopa_model_open_engine(jopa_model **out, const jopa_engine_ops *ops, void *self, jopa_error *e);

/* ---- explain -------------------------------------------------------------------------------------------------------
 */
/* One method: options of "explain". On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_explain(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Options of "compare": the same prompt and response explained by several methods, each with its own cost. A method
 * that this model cannot run is an explanation that says so: jopa_result_failed. */
JOPA_API int jopa_compare(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

/* ---- sessions ------------------------------------------------------------------------------------------------------
 */
/* A prompt cut into units, a response, and every set that was scored: drops of sets that the caller names, and further
 * questions, without scoring a set twice. */
typedef struct jopa_session jopa_session;

/* Options of "explain", "compare" or "score"; copied, and so is the chat. `m` has to outlive the session; without the
 * option "response" the model writes one. On success *out is owned by the caller: jopa_session_free. */
JOPA_API int  jopa_session_open(jopa_session **out, jopa_model *m, const jopa_options *o, jopa_error *e);
JOPA_API void jopa_session_free(jopa_session *s);

/* How many units the prompt has, and tokens the response. */
JOPA_API int jopa_session_units(const jopa_session *s);
JOPA_API int jopa_session_tokens(const jopa_session *s);
/* The templated prompt, and the response; owned by `s`. */
JOPA_API const char *jopa_session_prompt(const jopa_session *s);
JOPA_API const char *jopa_session_response(const jopa_session *s);
/* Bytes [*start, *end) of the prompt that unit u has, or of the response that token t has; false past the end. */
JOPA_API bool jopa_session_unit(const jopa_session *s, int u, size_t *start, size_t *end);
JOPA_API bool jopa_session_token(const jopa_session *s, int t, size_t *start, size_t *end);

/* Score n sets together; those that are known cost nothing. Set i hides the units units[i][0 .. sizes[i]), in any
 * order. drops[n]: log p(response) - log p(response with the set hidden), nats, over the session's target. log_probs [n
 * * tokens], or NULL: of every response token with the set hidden. */
JOPA_API int jopa_session_drops(jopa_session *s, const int *const *units, const int *sizes, int n, double *drops,
                                double *log_probs, jopa_error *e);
/* The units that a text names, such as "doctor,patient" or "3,5-7": *units is malloc'd, ascending, [*n]; jopa_free. */
JOPA_API int jopa_session_named_set(const jopa_session *s, const char *text, int **units, int *n, jopa_error *e);

/* Answer options of "explain" or "compare" about the same prompt, response, units and operator, which `o` leaves out or
 * repeats: another k, method, target, budget, seed. The answer is what jopa_explain would give; sets that are known are
 * in its cost as recalled. On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_session_explain(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);
/* The sets "hide" of options of "score", one explanation each, side by side. */
JOPA_API int jopa_session_score(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);
/* Open a session, score, and close it. */
JOPA_API int jopa_score(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Sets that are known. */
JOPA_API int jopa_session_known(const jopa_session *s);

/* ---- results ------------------------------------------------------------------------------------------------ */
typedef struct {
    int  width;  /* columns for "text", 0: 80 */
    bool color;  /* ANSI colours in "text" */
    bool scores; /* every unit's score as a heat ramp */
} jopa_render_options;

JOPA_API void jopa_render_options_init(jopa_render_options *o);
/* A malloc'd, NUL-terminated report that the caller frees; its length in *size (may be NULL). `o` may be NULL.
 * NULL on failure. `format`: see jopa_list("formats"). */
JOPA_API char *jopa_result_render(const jopa_result *r, const char *format, const jopa_render_options *o, size_t *size,
                                  jopa_error *e);
/* Read a result written as "json". */
JOPA_API int  jopa_result_parse(jopa_result **out, const char *json, size_t size, jopa_error *e);
JOPA_API void jopa_result_free(jopa_result *r);

/* Explanations in the result: 1 for explain, one a method for compare. The numbers below are of explanation i. */
JOPA_API int         jopa_result_count(const jopa_result *r);
JOPA_API const char *jopa_result_method(const jopa_result *r, int i);
JOPA_API double      jopa_result_drop(const jopa_result *r, int i);
/* Indices of the selected units, ascending, owned by the result; their number in *n. */
JOPA_API const int *jopa_result_selected(const jopa_result *r, int i, int *n);
JOPA_API int        jopa_result_units(const jopa_result *r, int i);
/* Text of unit u, owned by the result, or NULL. */
JOPA_API const char *jopa_result_unit_text(const jopa_result *r, int i, int u);
/* Whether the run was ended by the progress callback. */
JOPA_API bool jopa_result_interrupted(const jopa_result *r);

/* ---- bench: methods x prompts, and tables over them ----------------------------------------------------------------
 */
/* Options of "bench"; its "data" are files, its "results" the file that is appended to: what is there is not run again.
 */
JOPA_API int jopa_bench(jopa_model *m, const jopa_options *o, jopa_error *e);
/* Formats of the tables: NULL past the end. */
JOPA_API const char *jopa_bench_format(int index);
/* Tables of a file of results: mean, 95 % bootstrap interval, paired win rate against "jopa", by task and over all.
 * A malloc'd string that the caller frees, its length in *size (may be NULL); NULL on failure. */
JOPA_API char *jopa_bench_tables(const char *results, const char *format, size_t *size, jopa_error *e);

/* ---- audit: which part of a prompt makes the model say this --------------------------------------------------------
 */
/* Options of "audit". The smallest set of units whose hiding is enough, and within it the smallest set of words. On
 * success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_audit(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Whether audit i of the result found a set that is enough. */
JOPA_API bool jopa_result_triggered(const jopa_result *r, int i);
/* Append the audits of `more` to *list (which may point to NULL: an empty list) and free `more`. The list's reports add
 * the triggers found most often; its formats are "text" and "json". */
JOPA_API int jopa_audit_join(jopa_result **list, jopa_result *more, jopa_error *e);

/* ---- compress: what can go while the answer stays ------------------------------------------------------------------
 */
/* Options of "compress". On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_compress(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* The shorter prompt of explanation i, owned by the result; NULL when it is no compression. */
JOPA_API const char *jopa_result_compressed(const jopa_result *r, int i);

#ifdef __cplusplus
}
#endif
#endif
