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
    const char *stage;                 /* one of jopa_list("stages"); static */
    const int  *best;                  /* [n_best] units of the best set so far, ascending; for the call only */
    int         n_best;
    double      fraction;              /* of the stage, 0 to 1; < 0: unknown */
    int         prompts_done, prompts; /* of jopa_bench; otherwise 0 */
    const char *id;                    /* the prompt that jopa_bench is at, or NULL */
    const char *method;                /* what searches, or NULL */
    const char *best_text;             /* the first words of the best set so far, or NULL; for the call only */
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

/* The options of a command ("explain", "compare", "score", "cite", "audit", "compress", "bench", "render", "list",
 * "model", "serve") by index, in the order of its help; NULL: those of all commands, each name once. NULL past the end,
 * or for an unknown command. What is pointed at is static. */
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
/* Value `index` of an option of type "texts", or the value of another at 0; NULL past the end. Owned by `o`. */
JOPA_API const char *jopa_options_value(const jopa_options *o, const char *name, int index);
/* Ask again what explanation i of a result was asked, but for what is set already: a prompt that is set replaces its
 * prompt or chat, a response its response and target, and `k`, `sparsity` or `min_drop` all three. JOPA_ERROR_INPUT:
 * the result does not tell. */
JOPA_API int jopa_options_like(jopa_options *o, const jopa_result *r, int i, jopa_error *e);
/* Whether it was set. */
JOPA_API bool jopa_options_given(const jopa_options *o, const char *name);
/* One more message of a chat, instead of the options "prompt" and "system". */
JOPA_API int jopa_options_add_message(jopa_options *o, const char *role, const char *content, jopa_error *e);
/* The same from a JSON object as OpenAI's interface has them: "role"; "content", a text or an array of text parts;
 * "reasoning_content"; "tool_calls"; "name", "tool_call_id". JOPA_ERROR_INPUT says what is wrong with it. */
JOPA_API int  jopa_options_add_message_json(jopa_options *o, const char *json, jopa_error *e);
JOPA_API void jopa_options_clear_messages(jopa_options *o);
/* Who hears how it goes, and lines about what was left out (bench); either may be NULL. */
JOPA_API void jopa_options_listen(jopa_options *o, jopa_progress_function           progress,
                                  void (*warn)(void *user, const char *line), void *user);
/* Everything that can be known to be wrong without a model: jopa_explain and the others ask the same first. */
JOPA_API int jopa_options_check(const jopa_options *o, jopa_error *e);

/* ---- model ---------------------------------------------------------------------------------------------------------
 */
typedef struct jopa_model jopa_model;

/* Open what the options "model", "engine", "encoder", "key", "tokenizer", "timeout", "threads", "ctx", "gpu_layers",
 * "rpc" and "precise" say; the rest is not looked at. Progress is told. On success *out is owned by the caller:
 * jopa_model_free. */
JOPA_API int  jopa_model_open(jopa_model **out, const jopa_options *o, jopa_error *e);
JOPA_API void jopa_model_free(jopa_model *m);
/* What the engine can do with this model: a comma-separated list such as "logprobs,generate,gradient"; owned by m. The
 * words are those of src/engine/capability.c, a JOPA_CAN_... bit each; more may be added. */
JOPA_API const char *jopa_model_capabilities(const jopa_model *m);
/* The other machines that compute, "HOST:PORT,..." (the option "rpc"), or "": it is this one. Owned by m. */
JOPA_API const char *jopa_model_devices(const jopa_model *m);
/* End what runs on `m` now, from any thread, as a nonzero progress callback does; nothing runs: no effect. */
JOPA_API void jopa_cancel(jopa_model *m);

/* ---- engines of the caller: jopa_model_open_engine ------------------------------------------------------------- */
#include "jopa_engine.h"

/* ---- tokens: what a model says of a sequence ------------------------------------------------------------------- */
/* What the engine tells of its model; out->size: sizeof(jopa_model_info). */
JOPA_API void jopa_model_describe(const jopa_model *m, jopa_model_info *out);
/* Tokens in its vocabulary; 0: unknown. */
JOPA_API int jopa_model_vocabulary(const jopa_model *m);
/* The token ids of `size` bytes of text: *ids is malloc'd, [*n]; jopa_free. `special`: special tokens in the text are
 * control tokens, and the model adds the token that begins its texts. */
JOPA_API int jopa_model_tokenize(jopa_model *m, const char *text, size_t size, bool special, int32_t **ids, int *n,
                                 jopa_error *e);
/* The bytes of a token as it appears in text: written into out[size] as far as there is room, without a NUL; returns
 * how many there are, 0 for what is no token. A control token yields its text only where it is `special`. */
JOPA_API int jopa_model_piece(const jopa_model *m, int32_t id, bool special, char *out, int size);
/* The token with a part in the vocabulary: "bos", "eos", "pad", "sep". Negative: it has none. */
JOPA_API int32_t jopa_model_token_called(const jopa_model *m, const char *part);
/* log p of each token of ids[n] given those before it, natural log; log_probs[0] is NAN. With top > 0 also the `top`
 * most likely tokens at each place after the first: top_ids[n * top], best first, and top_log_probs[n * top], which
 * needs "next" among the capabilities. JOPA_ERROR_INPUT: an id that is no token, or more than the model can take. */
JOPA_API int jopa_model_log_probs(jopa_model *m, const int32_t *ids, int n, float *log_probs, int top, int32_t *top_ids,
                                  float *top_log_probs, jopa_error *e);
/* What the model writes after ids[n], each token the most likely one: out[max], [*n_out]. What ends a text is left
 * out. */
JOPA_API int jopa_model_generate(jopa_model *m, const int32_t *ids, int n, int max, int32_t *out, int *n_out,
                                 jopa_error *e);

/* ---- explain -------------------------------------------------------------------------------------------------------
 */
/* One method: options of "explain". On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_explain(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Options of "compare": the same prompt and response explained by several methods, each with its own cost. A method
 * that this model cannot run is an explanation that says why: jopa_result_text(result, i, "failed"). */
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
/* The sets "hide" of options of "score", one explanation each, side by side; without any, one that hides nothing. */
JOPA_API int jopa_session_score(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);
/* Open a session, score, and close it. */
JOPA_API int jopa_score(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
/* Sets that are known. */
JOPA_API int jopa_session_known(const jopa_session *s);
/* Whether `o` is about the session's prompt, response, units and operator: what it leaves out counts as its default. */
JOPA_API bool jopa_session_is_about(const jopa_session *s, const jopa_options *o);

/* ---- many questions ------------------------------------------------------------------------------------------ */
/* Another handle on the servers of a remote engine, for another thread: what both ask shares the servers, their windows
 * and their caches. On success *out is owned by the caller: jopa_model_free, in any order. JOPA_ERROR_UNSUPPORTED: the
 * engine runs in this process, and uses all of it for one question. */
JOPA_API int jopa_model_share(jopa_model **out, jopa_model *m, jopa_error *e);

/* Questions that are asked as fast as the engine allows. The functions are called by one thread at a time, which need
 * not be the caller's. */
typedef struct {
    size_t size; /* sizeof(jopa_many_request) */
    /* What asks each: jopa_explain, jopa_compare, jopa_audit, ... */
    int (*ask)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
    /* The next question, which the library frees; NULL: there is none any more. */
    jopa_options *(*next)(void *user);
    /* What came of one, in the order in which they are done: its result, which is the function's to free, or NULL and
     * why there is none. Nonzero: stop, and no answer comes any more. */
    int (*answer)(void *user, const jopa_options *o, jopa_result *result, const jopa_error *why);
    /* How it goes, or NULL: prompts, prompts_done, id, and seconds_left of the whole; nonzero stops all of them:
     * those that have a set already are answered with it. */
    jopa_progress_function progress;
    void                  *user;
    int                    prompts, prompts_done; /* how many there are, and were done before; 0: not known */
    int                    in_flight;             /* at once at most; 0: as many as keep the engine busy */
} jopa_many_request;

/* Ask them all. What is wrong with one question is its answer, and the rest goes on; what is wrong with the engine ends
 * the run, is its error, and the answer of nobody. JOPA_ERROR_INTERRUPTED: by the progress function or jopa_cancel.
 * A local engine takes one at a time. */
JOPA_API int jopa_many(jopa_model *m, const jopa_many_request *rq, jopa_error *e);
/* Whether explanation i of a result is what `o` asks of `m`: JOPA_OK; or JOPA_ERROR_USAGE, which says what differs. */
JOPA_API int jopa_result_answers(const jopa_result *r, int i, const jopa_model *m, const jopa_options *o,
                                 jopa_error *e);

/* ---- results ------------------------------------------------------------------------------------------------ */
/* A NUL-terminated report, owned by the caller: jopa_free. Its length in bytes is in *size (may be NULL). NULL on
 * failure. `format`: see jopa_list("formats"); NULL: "text". `o`: options of "render" or of any command that writes
 * one, of which "width" (0: 80 columns), "scores" and "color" count ("always": ANSI colours; "auto" has none); NULL:
 * all defaults. */
JOPA_API char *jopa_result_render(const jopa_result *r, const char *format, const jopa_options *o, size_t *size,
                                  jopa_error *e);
/* Read a result written as "json": `size` bytes. On success *out is owned by the caller: jopa_result_free. */
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

/* Everything that a result holds, by its path in the JSON of docs/result.schema.json: names of members and indices of
 * array elements, with full stops between them.
 *     "units.3.start"  "units.3.role"  "units.3.score"    bytes of "prompt.text"; texts; numbers
 *     "response.tokens.0.masked_log_prob"  "response.target.1"  "metrics.prob.perplexity"  "joint.pairs.0.interaction"
 *     "cost.evaluations"  "levels"  "masked_response.text"  "compression.messages.0.content"  "audit.sentences.0.text"
 * i: the explanation, or -1 for the whole document, where a list's paths begin with "results.0." (or "triggers.0.").
 * What a result does not have (another command, a metric that was not measured) has no path. Texts and names are owned
 * by the result. Nothing here fails on NULL: such a result has nothing, such an `out` is not filled. */
typedef enum {
    JOPA_KIND_NONE = 0, /* the path leads nowhere */
    JOPA_KIND_NULL,     /* a number that is not known */
    JOPA_KIND_BOOL,
    JOPA_KIND_NUMBER,
    JOPA_KIND_TEXT,
    JOPA_KIND_ARRAY,
    JOPA_KIND_OBJECT
} jopa_kind;

JOPA_API jopa_kind jopa_result_kind(const jopa_result *r, int i, const char *path);
/* A number; true and false are 1 and 0, null is NAN. JOPA_ERROR_INPUT when the path leads to nothing or to no number.
 */
JOPA_API int jopa_result_number(const jopa_result *r, int i, const char *path, double *out, jopa_error *e);
/* A whole number, exactly; a seed above INT64_MAX comes as the int64_t of the same bits. JOPA_ERROR_INPUT for others.
 */
JOPA_API int jopa_result_integer(const jopa_result *r, int i, const char *path, int64_t *out, jopa_error *e);
/* A text; NULL when the path leads to no text. */
JOPA_API const char *jopa_result_text(const jopa_result *r, int i, const char *path);
/* Elements of an array, or members of an object; -1 when the path leads to neither. */
JOPA_API int jopa_result_size(const jopa_result *r, int i, const char *path);
/* The name of member `index` of an object (path "": of the explanation or document itself); NULL past the end. */
JOPA_API const char *jopa_result_name(const jopa_result *r, int i, const char *path, int index);

/* ---- bench: methods x prompts, and tables over them ----------------------------------------------------------------
 */
/* Options of "bench"; its "data" are files, its "results" the file that is appended to: what is there is not run again.
 */
JOPA_API int jopa_bench(jopa_model *m, const jopa_options *o, jopa_error *e);
/* Formats of the tables: NULL past the end. */
JOPA_API const char *jopa_bench_format(int index);
/* Tables of a file of results: mean, 95 % bootstrap interval, paired win rate against "jopa", by task and over all.
 * Owned by the caller: jopa_free. Its length is in *size (may be NULL); NULL on failure. */
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

/* ---- cite: where an answer comes from ------------------------------------------------------------------------------
 */
/* Options of "cite"; "documents" are JSON texts: arrays of objects with "title" and "text". They are put before the
 * last user's text, unless the chat holds all of them already. For each sentence of the response, or each `target`, the
 * smallest set of their sentences that carries it. On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_cite(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);

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
