/* The result: everything that a report may show, as plain data. It knows nothing of engines or searches, so that a
 * result read back from JSON is the same thing as one that was just computed. Field names follow the JSON. */
#ifndef JP_RESULT_H
#define JP_RESULT_H

#include "base/error.h"

/* Numbers that are absent are NAN (JSON null or left out). All strings are owned, valid UTF-8, NULL = absent. */
typedef struct {
    int32_t id;
    char   *text;
    size_t  start, end;
    int     unit;
} jp_result_token; /* unit -1: never hidden */
typedef struct {
    int32_t id;
    char   *text;
    double  log_prob, masked_log_prob;
} jp_result_response_token;
typedef struct {
    char  *role;
    int    message; /* index in the chat that was given; -1: the tools, or not known */
    size_t start, end;
} jp_result_message; /* a message's content: bytes of the prompt's text */
typedef struct {
    char  *text, *role;
    size_t start, end;
    double score, probability;
    bool   selected;
} jp_result_unit;
typedef struct {
    int    evaluations;
    double seconds, drop;
} jp_result_trace;
typedef struct {
    int    unit;
    double drop_without;
} jp_result_necessary;
typedef struct {
    int    first, second;
    double drop, interaction;
} jp_result_pair;
typedef struct {
    char  *group, *name;
    double value;
} jp_result_metric; /* metrics.GROUP.NAME */
typedef struct {
    char *name, *value;
} jp_result_option; /* what was asked: an option by its name in the table of options, its value as text */
/* A part of the prompt that triggers: its place in prompt_text, and in the content of message `message` from `offset`
 * on. */
typedef struct {
    char  *text, *role;
    int    message;
    size_t start, end, offset;
    double drop;
} jp_result_trigger;
typedef struct {
    char *role, *content;
} jp_result_turn;
typedef struct {
    char  *name;
    double drop;
} jp_result_operator;
typedef struct {
    size_t start, end;
} jp_result_range; /* bytes of prompt_text */
/* One of several targets, with a set of its own. */
typedef struct {
    char   *name, *text; /* as it was asked, "sentence:2"; what it is of the response */
    int     first, last; /* response tokens [first, last) */
    double  full, masked, drop;
    double *log_probs, *masked_log_probs; /* [n_log_probs], [n_masked_log_probs]: a token each */
    int     n_log_probs, n_masked_log_probs;
    int    *selected; /* ascending */
    int     n_selected;
    int64_t evaluations, decoded_tokens; /* of its search, beyond what was known before */
    char   *stopped;
} jp_result_target;
/* What the response's tokens lose with units hidden: of the matrix one unit, or a set that was found. */
typedef struct {
    char   *target; /* a set of one of several targets: its name */
    int    *units;  /* ascending */
    int     n_units;
    double  drop;      /* of the score, as a set's drop is */
    double *tokens;    /* [n_tokens] a response token each, nats */
    double *sentences; /* [n_sentences] their sums */
    int     n_tokens, n_sentences;
} jp_result_loss;
typedef struct {
    int first, last; /* response tokens [first, last) */
} jp_result_sentence;
/* A set that was scored. */
typedef struct {
    int   *units; /* ascending */
    int    n_units;
    double drop;
} jp_result_set;
/* One level of a search from coarse to fine. */
typedef struct {
    char            *unit;
    int              units, candidates; /* in the prompt; of these not ruled out */
    jp_result_range *selected;          /* the best set of the level */
    int              n_selected;
    double           drop; /* its drop */
    int64_t          evaluations, decoded_tokens;
    double           seconds;
    int              returned; /* units of the level before that came back when this one stalled */
} jp_result_level;

/* Command "cite": the explanation's set is all that is cited. */
typedef struct {
    char  *title;
    int    message;    /* of the chat: the one that holds it */
    size_t start, end; /* bytes of prompt_text */
} jp_result_document;
/* A part of a document as people cite: characters (Unicode code points) of its text as it was given. */
typedef struct {
    char   *type, *cited_text, *document_title; /* "char_location" */
    int     document_index, unit;
    int64_t start_char, end_char;
} jp_result_source;
/* One statement of the response, and what carries it. */
typedef struct {
    char             *text;
    size_t            start, end;           /* bytes of the response */
    int               first, last;          /* its tokens [first, last) */
    double            drop, documents_drop; /* nats, of hiding the sources; of hiding all documents */
    double            covered;              /* share of what the documents carry of it that the sources do */
    double            shown;                /* share of it that they give back when they alone are shown */
    bool              from_documents;
    jp_result_source *sources;
    int               n_sources;
} jp_result_citation;

/* Command "audit": the explanation is the smallest set of sentences (or other units) that triggers the response. */
typedef struct {
    bool               present;
    double             threshold;        /* drop per token from which on the response counts as gone */
    char              *until;            /* "probability" or "response": what decides */
    bool               refusal, reached; /* reached: the set suffices */
    double             drop_per_token;
    char              *unmasked_response; /* what the model writes with nothing hidden */
    double             similarity;        /* ROUGE-L between the response and masked_response */
    bool               turned_away;       /* similarity is below the bound */
    jp_result_trigger *sentences;         /* the set; drop: hidden alone */
    int                n_sentences;
    jp_result_trigger *words; /* the smallest set of words in it that suffices; absent when nothing was refined */
    int                n_words;
    double             words_drop_per_token;
    bool               words_reached;
    char              *words_response; /* what the model writes with the words hidden */
} jp_result_audit;

/* Command "compress": the explanation is the set that was taken out. */
typedef struct {
    bool            present;
    char           *text;  /* the shorter prompt, to be pasted: the last message that may be cut */
    jp_result_turn *turns; /* the whole shorter chat */
    int             n_turns;
    int             tokens, tokens_left;  /* of the templated prompt, before and after */
    double          ratio;                /* of the maskable tokens that were taken out */
    double          tolerance;            /* drop per token allowed; NAN when a ratio was asked for */
    double          drop, drop_per_token; /* of the response after the shorter prompt as pasted */
    bool            reached;              /* tolerance or ratio kept */
} jp_result_compression;

typedef struct {
    char *version, *command;
    struct {
        char   *file, *architecture, *quantization, *weights, *devices;
        int64_t parameters;
    } model;
    char    *engine, *method, *op, *unit;
    uint64_t seed;
    char    *failed; /* why there is no answer: a method of a comparison that this model cannot run; otherwise NULL */

    jp_result_option *options; /* enough to ask the same again; may be absent (0) */
    int               n_options;

    struct {
        char *name, *hash, *date; /* see rendered.h; name NULL: not known, or `raw` */
        bool  date_set;
    } chat_template;

    char              *prompt_text;
    jp_result_token   *prompt_tokens;
    int                n_prompt_tokens;
    jp_result_message *messages; /* what people wrote, without the template; may be absent (0) */
    int                n_messages;

    char                     *response_text;
    jp_result_response_token *response_tokens;
    int                       n_response_tokens, target_first, target_last;

    struct {
        bool                      present;
        char                     *name, *text; /* as it was asked, "next"; what is scored of it */
        jp_result_response_token *tokens;      /* [n_tokens] those that are not the response's, too */
        int                       n_tokens;
        double                    full, masked; /* log p of them */
    } against;                                  /* another answer: log_prob is then log p(target) - log p(this) */

    jp_result_target *targets; /* of several; absent (0): the one above. The first is the explanation's own */
    int               n_targets;

    jp_result_unit *units;
    int             n_units;
    int            *selected; /* ascending */
    int             n_selected, k;
    double          sparsity;

    struct {
        double full, masked, drop;
    } log_prob;
    struct {
        bool                 present;
        double               sum_of_single_drops, synergy;
        jp_result_necessary *necessary;
        int                  n_necessary;
        jp_result_pair      *pairs; /* by interaction, largest first */
        int                  n_pairs;
    } joint;
    struct {
        bool                present;
        jp_result_sentence *sentences; /* of the response, in order: a token is in the one that its text begins in */
        int                 n_sentences;
        jp_result_loss     *rows; /* [n_units] each unit hidden alone */
        int                 n_rows;
        jp_result_loss     *sets; /* and the sets that were found, a target each */
        int                 n_sets;
    } matrix;
    struct {
        bool    present;
        int     runs;            /* of the same search, with the seeds 1..runs */
        double  mean, deviation; /* of their drops; deviation NAN for one run */
        double *frequency;       /* [n_frequency], a unit each: share of the runs that selected it */
        int     n_frequency;
        double *low, *high; /* [n_low], [n_high] Wilson's 95 % interval of it; may be absent (0) */
        int     n_low, n_high;
        int64_t evaluations; /* of all runs together */
        struct {
            bool           present, unique; /* unique: no other set */
            double         within, best;    /* the share of the best drop that they may lack, and that drop */
            int            others;          /* how many sets besides the explanation's own, */
            jp_result_set *sets;            /* and the first of them */
            int            n_sets;
        } near;
    } stability;
    jp_result_operator *operators; /* the set's drop under other operators */
    int                 n_operators;
    double              noise; /* of drops, nats: how far apart scores of the same row are; NAN: they are equal */
    char               *masked_response; /* what the model writes with the set hidden; NULL: not generated */
    jp_result_metric   *metrics;
    int                 n_metrics;
    jp_result_trace    *trace;
    int                 n_trace;
    struct {
        int64_t evaluations, gradients, decoded_tokens, naive_tokens;
        int64_t recalled; /* sets that the session knew before and that cost nothing; not among the evaluations */
        double  seconds, evaluations_per_second;
    } cost;
    jp_result_level      *levels; /* coarse to fine; absent (0): a flat search */
    int                   n_levels;
    char                 *stopped; /* "done", "budget", "time", "interrupted" */
    char                 *id;      /* name of the question in a file of them; NULL: none */
    jp_result_audit       audit;
    jp_result_compression compression;
    jp_result_document   *documents; /* of cite; absent (0): another command */
    int                   n_documents;
    jp_result_citation   *citations;
    int                   n_citations;
} jp_explanation;

/* What triggers in several audited questions. */
typedef struct {
    char *text; /* ASCII letters lower case, single spaces, no punctuation at its ends */
    char *unit; /* the kind of unit */
    bool  word; /* of the refined sets; otherwise a unit of the coarse ones */
    int   questions;
    int   first, last; /* place among all that were found; the last question that counted */
} jp_trigger_count;

/* `command` "explain" and others: one explanation; "compare": one a method; "audit" as a list: one a question. */
struct jopa_result {
    char           *command;
    jp_explanation *items;
    int             n_items;
    bool            list;

    jp_trigger_count *triggers; /* a list of audits: most frequent first, then by first appearance; NULL: none of it */
    int               n_triggers;
};

void jp_explanation_free(jp_explanation *x); /* frees the members; safe on a zeroed struct */
/* Move the explanations of `from` behind those of `to`, which becomes a list; `from` is left empty. JP_OK or no memory.
 */
int jp_result_join(struct jopa_result *to, struct jopa_result *from, jopa_error *e);
/* An empty result with `n` zeroed explanations, or NULL. */
struct jopa_result *jp_result_new(const char *command, int n);

/* Whether metric i is the first of its group: reports show a group's figures together. */
bool jp_first_of_group(const jp_result_metric *m, int i);

/* Whether its explanations are of one prompt and response, side by side: of compare, and of score. */
bool jp_result_compares(const struct jopa_result *r);

/* What tells it from the others of its result: the method, or the set that was named. */
const char *jp_explanation_label(const jp_explanation *x);

#endif
