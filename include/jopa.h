/* libjopa: Joint Prompt Attribution for large language models (Chang et al., ACL 2025, arXiv 2405.20404).
 *
 * A prompt is cut into units (tokens, words, sentences). A mask hides some of them. For a response y,
 *     drop(S) = log p(y | x) - log p(y | x with S hidden)          natural log, summed over y's target tokens.
 * An explanation is the set S of at most k units with the largest drop that a method found.
 *
 *     jopa_error e = {0};
 *     jopa_model_options mo;   jopa_model_options_init(&mo);     mo.file = "model.gguf";
 *     jopa_model *model = NULL;
 *     if (jopa_model_open(&model, &mo, &e)) return puts(e.message), 1;
 *     jopa_explain_options xo; jopa_explain_options_init(&xo);   xo.prompt = "Write a story about a doctor.";
 *     jopa_result *result = NULL;
 *     if (!jopa_explain(&result, model, &xo, &e)) {
 *         char *text = jopa_result_render(result, "text", NULL, NULL, &e);
 *         puts(text); free(text);
 *     }
 *     jopa_result_free(result); jopa_model_free(model);
 *
 * Rules. All text is UTF-8; offsets are bytes. Every fallible function returns a jopa_code and fills the trailing
 * jopa_error (which may be NULL); outputs are untouched on failure unless said otherwise. The library prints
 * nothing, never exits, and keeps no global state. A jopa_model may be used by one thread at a time; different models
 * are independent. Every jopa_x_free(NULL) is safe. Strings in option structs are borrowed for the call.
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
    JOPA_ERROR_IO           /* a file cannot be read or written */
} jopa_code;

typedef struct {
    int  code;
    char message[512]; /* one line: what was wrong and what to do */
} jopa_error;

JOPA_API const char *jopa_version(void);

/* ---- names: NULL past the end; strings are static ------------------------------------------------------- */
typedef struct {
    const char *name, *summary;
} jopa_name;
/* what: "methods", "operators", "metrics", "formats", "engines", "units". False past the end or unknown `what`. */
JOPA_API bool jopa_list(const char *what, int index, jopa_name *out);

/* ---- model ------------------------------------------------------------------------------------------------ */
typedef struct jopa_model jopa_model;

typedef struct {
    const char *file;    /* GGUF */
    const char *engine;  /* "local" */
    const char *encoder; /* GGUF of a sentence encoder for the metric "meaning", or NULL */
    int         threads; /* 0: all cores */
    int         context; /* tokens, 0: as needed */
    int         gpu_layers;
    int         precise; /* nonzero: no method may be less exact to be faster (docs/speed.md) */
    /* Loading progress 0..1; a nonzero return stops. */
    int (*progress)(void *user, double fraction);
    void *user;
} jopa_model_options;

JOPA_API void jopa_model_options_init(jopa_model_options *o);
/* On success *out is owned by the caller: jopa_model_free. */
JOPA_API int  jopa_model_open(jopa_model **out, const jopa_model_options *o, jopa_error *e);
JOPA_API void jopa_model_free(jopa_model *m);
/* What the engine can do with this model: a comma-separated list such as "logprobs,generate,gradient"; owned by m. */
JOPA_API const char *jopa_model_capabilities(const jopa_model *m);

/* ---- explain ------------------------------------------------------------------------------------------------ */
typedef struct {
    const char *role, *content;
} jopa_message;

typedef struct {
    int         evaluations, budget;   /* budget 0: unknown */
    double      best_drop;             /* NAN before the first set */
    double      seconds, seconds_left; /* seconds_left < 0: unknown */
    const char *stage;                 /* "generating", "searching", ... static string */
} jopa_progress;

typedef struct {
    const char         *prompt;   /* the user's text; NULL when `messages` is given */
    const char         *system;   /* or NULL */
    const jopa_message *messages; /* a whole chat instead of prompt and system */
    int                 n_messages;
    bool                raw;                      /* the text is the prompt, no chat template */
    const char         *response;                 /* NULL: greedy generation */
    int                 max_tokens;               /* generated, default 64 */
    size_t              target_start, target_end; /* bytes of the response to explain; both 0: all of it */
    const char         *method;                   /* default "jopa" */
    int                 k;                        /* 0: from sparsity */
    double              sparsity;                 /* default 0.1, rounded up, at least 1 unit */
    const char         *unit;                     /* default "token" */
    const char         *roles;                    /* default "user": comma-separated roles whose text may be hidden */
    const char         *op;                       /* operator, default "zero" */
    const char         *levels; /* coarse to fine, for jopa and ablation: "none", kinds of units such as
                                 * "paragraph,sentence", or "auto" (default): on prompts of 400 tokens and more */
    int    budget;   /* evaluations at most, 0: the method's default; by levels: full prompts' worth of tokens */
    double seconds;  /* wall time at most, 0: none */
    double min_drop; /* above 0: the smallest set found whose drop is that share of the largest drop seen,
                      * of at most k units (k 0: any number; sparsity is not used) */
    uint64_t seed;
    int      repeat;       /* above 0: run again with the seeds 1..repeat, and tell how often each unit is selected;
                            * jopa_explain only, as is the next */
    const char *operators; /* the set's drop under these operators too: a comma-separated list, "all", or NULL */
    const char *metrics;   /* comma-separated metrics, "none"; default "prob,words" */
    /* Called often; a nonzero return ends the search, and the best so far is the result. */
    int (*progress)(void *user, const jopa_progress *p);
    void *user;
} jopa_explain_options;

typedef struct jopa_result jopa_result;

JOPA_API void jopa_explain_options_init(jopa_explain_options *o);
/* One method. On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_explain(jopa_result **out, jopa_model *m, const jopa_explain_options *o, jopa_error *e);
/* The same prompt and response explained by several methods ("jopa,ablation,random"), each with its own cost. */
JOPA_API int jopa_compare(jopa_result **out, jopa_model *m, const jopa_explain_options *o, const char *methods,
                          jopa_error *e);

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

/* ---- bench: methods x prompts, and tables over them --------------------------------------------------------- */
typedef struct {
    int         done, total;           /* prompts */
    double      seconds, seconds_left; /* seconds_left < 0: unknown */
    const char *id, *method;           /* what runs now, or NULL */
} jopa_bench_progress;

typedef struct {
    const char *const *data; /* files: JSON Lines with "prompt", or an array as Alpaca's */
    int                n_data;
    const char        *results;   /* JSON Lines: appended to, one result a line; what is there is not run again */
    const char        *methods;   /* comma-separated NAME[@SPARSITY][/BUDGET], default "jopa,ablation,random" */
    double budget_per_unit;       /* evaluations at most for each unit of a prompt, instead of explain.budget; 0: not */
    int    per_task;              /* prompts of each task at most, spread evenly; 0: all */
    jopa_explain_options explain; /* for all; its prompt, messages, response, method and callback are not used */
    void (*warn)(void *user, const char *line);                /* a prompt or line of data that was left out */
    int (*progress)(void *user, const jopa_bench_progress *p); /* called often; nonzero stops */
    void *user;
} jopa_bench_options;

JOPA_API void jopa_bench_options_init(jopa_bench_options *o);
JOPA_API int  jopa_bench(jopa_model *m, const jopa_bench_options *o, jopa_error *e);
/* Formats of the tables: NULL past the end. */
JOPA_API const char *jopa_bench_format(int index);
/* Tables of a file of results: mean, 95 % bootstrap interval, paired win rate against "jopa", by task and over all.
 * A malloc'd string that the caller frees, its length in *size (may be NULL); NULL on failure. */
JOPA_API char *jopa_bench_tables(const char *results, const char *format, size_t *size, jopa_error *e);

/* ---- audit: which part of a prompt makes the model say this -------------------------------------------------- */
typedef struct {
    /* The question, as for jopa_explain. Its method, k and sparsity are not used; its defaults are those of an audit:
     * unit "sentence", roles "all", operator "delete", metrics "words". */
    jopa_explain_options explain;
    const char          *id;    /* a name of the question for the report, or NULL */
    const char          *until; /* "probability": the drop per target token reaches `threshold` (default);
                                 * "response": what the model then writes is turned away from the response */
    double threshold;  /* nats per target token, default 1: each token e times less likely in the geometric mean */
    double similarity; /* ROUGE-L below which a text is turned away, default 0.5 */
    bool   refusal;    /* the target is the sentence in which the response refuses; JOPA_ERROR_INPUT when it does not */
} jopa_audit_options;

JOPA_API void jopa_audit_options_init(jopa_audit_options *o);
/* The smallest set of units whose hiding is enough, and within it the smallest set of words. On success *out is owned
 * by the caller: jopa_result_free. */
JOPA_API int jopa_audit(jopa_result **out, jopa_model *m, const jopa_audit_options *o, jopa_error *e);
/* Whether audit i of the result found a set that is enough. */
JOPA_API bool jopa_result_triggered(const jopa_result *r, int i);
/* Append the audits of `more` to *list (which may point to NULL: an empty list) and free `more`. The list's reports add
 * the triggers found most often; its formats are "text" and "json". */
JOPA_API int jopa_audit_join(jopa_result **list, jopa_result *more, jopa_error *e);

/* ---- compress: what can go while the answer stays --------------------------------------------------------------- */
typedef struct {
    /* The question, as for jopa_explain. Its k, sparsity and operator (always "delete") are not used; its defaults are
     * those of a compression: unit "word", metrics "words". Text between {{ and }} is kept (and the marks left out).
     * method: "jopa", or one of the simple rules it is compared with: "random", "ablation" (lowest single drops first),
     * "surprisal" (least surprising to the model first: Selective Context, Li et al. 2023). */
    jopa_explain_options explain;
    double               tolerance; /* drop per target token allowed, nats, default 0.1 */
    double               ratio;     /* above 0: take out that fraction of the maskable tokens instead */
    const char *const   *keep;      /* texts that stay wherever they occur */
    int                  n_keep;
} jopa_compress_options;

JOPA_API void jopa_compress_options_init(jopa_compress_options *o);
/* On success *out is owned by the caller: jopa_result_free. */
JOPA_API int jopa_compress(jopa_result **out, jopa_model *m, const jopa_compress_options *o, jopa_error *e);
/* The shorter prompt of explanation i, owned by the result; NULL when it is no compression. */
JOPA_API const char *jopa_result_compressed(const jopa_result *r, int i);

#ifdef __cplusplus
}
#endif
#endif
