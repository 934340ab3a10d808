/* The result: everything that a report may show, as plain data. It knows nothing of engines or searches, so that a
 * result read back from JSON is the same thing as one that was just computed. Field names follow the JSON. */
#ifndef JP_RESULT_H
#define JP_RESULT_H

#include "base/error.h"

/* Numbers that are absent are NAN (JSON null or left out). All strings are owned, valid UTF-8, NULL = absent. */
typedef struct { int32_t id; char *text; size_t start, end; int unit; } jp_result_token;            /* unit -1: never hidden */
typedef struct { int32_t id; char *text; double log_prob, masked_log_prob; } jp_result_response_token;
typedef struct { char *role; size_t start, end; } jp_result_message; /* a message's content: bytes of the prompt's text */
typedef struct { char *text, *role; size_t start, end; double score, probability; bool selected; } jp_result_unit;
typedef struct { int evaluations; double seconds, drop; } jp_result_trace;
typedef struct { int unit; double drop_without; } jp_result_necessary;
typedef struct { int first, second; double drop, interaction; } jp_result_pair;
typedef struct { char *group, *name; double value; } jp_result_metric; /* metrics.GROUP.NAME */

typedef struct {
    char *version, *command;
    struct { char *file, *architecture, *quantization; int64_t parameters; } model;
    char    *engine, *method, *op, *unit;
    uint64_t seed;

    char            *prompt_text;
    jp_result_token *prompt_tokens;
    int              n_prompt_tokens;
    jp_result_message *messages; /* what people wrote, without the template; may be absent (0) */
    int              n_messages;

    char                     *response_text;
    jp_result_response_token *response_tokens;
    int                       n_response_tokens, target_first, target_last;

    jp_result_unit *units;
    int             n_units;
    int            *selected; /* ascending */
    int             n_selected, k;
    double          sparsity;

    struct { double full, masked, drop; } log_prob;
    struct {
        bool                 present;
        double               sum_of_single_drops, synergy;
        jp_result_necessary *necessary;
        int                  n_necessary;
        jp_result_pair      *pairs; /* by interaction, largest first */
        int                  n_pairs;
    } joint;
    char             *masked_response; /* what the model writes with the set hidden; NULL: not generated */
    jp_result_metric *metrics;
    int               n_metrics;
    jp_result_trace  *trace;
    int               n_trace;
    struct { int64_t evaluations, gradients, decoded_tokens, naive_tokens; double seconds, evaluations_per_second; } cost;
    char             *stopped; /* "done", "budget", "time", "interrupted" */
} jp_explanation;

/* `command` "explain": one explanation; "compare": one a method. */
struct jopa_result {
    char           *command;
    jp_explanation *items;
    int             n_items;
};

void jp_explanation_free(jp_explanation *x); /* frees the members; safe on a zeroed struct */
/* An empty result with `n` zeroed explanations, or NULL. */
struct jopa_result *jp_result_new(const char *command, int n);

#endif
