/* The question: everything that a person asks, resolved once from the options. Made before any model work; after it
 * nobody parses a name again. */
#ifndef JP_QUESTION_H
#define JP_QUESTION_H

#include "base/split.h"
#include "levels/levels.h"
#include "method/method.h"
#include "prompt/documents.h"
#include "prompt/units.h"
#include "question/options.h"
#include "question/target-wish.h"

enum { JP_MOST_METHODS = 64, JP_MOST_OPERATORS = 16, JP_LABEL_SIZE = 64 };

/* An operator by name, its token not yet looked up: that is the model's. */
typedef struct {
    const char *name; /* as it was given, "token:_" */
    jp_operator op;
    const char *text; /* of token:TEXT, or NULL */
} jp_operator_choice;

/* A method with what bench may write behind its name: NAME[@SPARSITY][/BUDGET]. */
typedef struct {
    const jp_method *method;
    char             label[JP_LABEL_SIZE]; /* as it was given */
    double           sparsity;             /* 0: the question's */
    int              budget;               /* 0: the question's */
} jp_method_choice;

typedef struct {
    unsigned    command; /* JP_EXPLAIN, ... */
    const char *command_name;

    /* the prompt */
    const char *const *roles, *const *contents; /* [n_messages] */
    const char *const *extras; /* [n_messages] messages as JSON, NULL where there is no more; or NULL */
    int                n_messages;
    const char        *tools, *chat_template, *template_args; /* JSON, Jinja or a name, JSON; NULL: none */
    bool               raw;
    bool               chat;      /* messages were given, not a prompt and perhaps a system text */
    jp_documents       documents; /* cite: they stand in the messages */

    /* the response; no target: all of it */
    const char     *response; /* NULL: the model's own */
    int             max_tokens;
    jp_target_wish *targets; /* [n_targets] owned */
    int             n_targets;
    const char     *against;      /* the other answer's text, or NULL */
    bool            against_next; /* the model's own second choice instead */

    /* what may be hidden, and how */
    jp_unit_kind       unit;
    const char        *mask_roles; /* with commas, or "all" */
    bool               thinking;   /* it names the response's thinking */
    bool               before;     /* it names the response before the target */
    const char *const *keep;       /* [n_keep] texts that stay */
    int                n_keep;
    bool               marks; /* {{marked}} text stays */
    jp_operator_choice op;

    /* the search */
    jp_method_choice methods[JP_MOST_METHODS];
    int              n_methods;
    const char      *rule; /* compress: its method, one of the table's names */
    int              k;    /* 0: from sparsity */
    double           sparsity, min_drop;
    jp_level_wish    levels;
    int              budget;
    double           budget_per_unit; /* bench; 0: not */
    double           seconds;
    uint64_t         seed;

    /* after it */
    int                repeat;
    bool               matrix; /* each unit hidden alone, by response token */
    jp_operator_choice operators[JP_MOST_OPERATORS];
    int                n_operators;
    unsigned           metrics; /* bits of jp_metric_parse */

    /* audit and compress */
    const char *id;
    bool        by_response, refusal;
    double      threshold, similarity, tolerance, ratio;

    /* who hears how it goes */
    jopa_progress_function progress;
    void                  *user;

    const jopa_options *options; /* it was made from; outlives it */
    const char        **memory;  /* of a chat that was made of a prompt */
    const char **with_documents; /* [n_messages] the contents, of which the last user's, owned, has the documents */
    char        *asked_with_documents;
    jp_parts     operator_names;
} jp_question;

/* Resolve what the options say. The question borrows their texts. JOPA_ERROR_USAGE: an unknown name, or options that
 * contradict each other. Free with jp_question_free, also after a failure. */
int  jp_question_init(jp_question *q, const jopa_options *o, jopa_error *e);
void jp_question_free(jp_question *q);

/* A chat of `prompt` and `system` (may be NULL) instead; both are borrowed. */
int jp_question_prompt(jp_question *q, const char *prompt, const char *system, jopa_error *e);

/* Read the option `documents`, and put what it holds before the last user's text, unless the chat holds it already. */
int jp_question_documents(jp_question *q, const jopa_options *o, jopa_error *e);

/* One name, or names with commas; `variants`: each may have @SPARSITY and /BUDGET. */
int jp_question_method(jp_question *q, const char *name, jopa_error *e);
int jp_question_methods(jp_question *q, const char *list, bool variants, jopa_error *e);
/* One name, or names with commas ("all": those that need no text). */
int jp_operator_choose(jp_operator_choice *out, const char *name, jopa_error *e);
int jp_question_operators(jp_question *q, const char *list, jopa_error *e);

#endif
