/* From a question to a problem: the chat templated and cut into units, the response's tokens, the target span, k. */
#ifndef JP_EXPLAIN_PROBLEM_H
#define JP_EXPLAIN_PROBLEM_H

#include "explain/target.h"
#include "explain/watch.h"
#include "prompt/prompt.h"
#include "score/scorer.h"

typedef struct {
    jp_prompt      prompt;
    int32_t       *response; /* [n_response] */
    int            n_response;
    size_t        *response_start; /* [n_response + 1] byte offset of each token in response_text */
    char          *response_text;
    size_t         before;  /* bytes of the response that stand in the prompt, and no longer in the above: before.h */
    char          *written; /* the whole response, with those; */
    size_t         from;    /* where sentences of it and texts in it are looked for: after thinking that moved */
    jp_target     *targets; /* [n_targets], at least one */
    int            n_targets;
    int32_t       *other; /* [n_other] another answer, which the target is scored against, or NULL: against.h */
    int            n_other;
    char          *other_text; /* [n_other + 1] and where each of its tokens begins in that */
    size_t        *other_start;
    jp_engine     *engine;   /* borrowed */
    jp_problem     problem;  /* borrows from the above; its target is the first */
    jp_level_kinds levels;   /* by which methods that can search */
    int            k;        /* units at most */
    double         sparsity; /* the fraction asked for, 0 when k was given */
} jp_explain_problem;

/* The question's chat as a prompt cut into its units. */
int jp_explain_prompt(jp_prompt *prompt, jp_engine *engine, const jp_question *q, jopa_error *e);

/* All of it; the response is the question's, or the model writes it, which `w` may stop. Free with
 * jp_explain_problem_free. */
int  jp_explain_problem_init(jp_explain_problem *p, jp_watch *w, const jp_question *q, jopa_error *e);
void jp_explain_problem_free(jp_explain_problem *p);
/* The same prompt and response for another question: its targets, other answer, k and levels. All else it borrows from
 * `from`, which outlives it; let go of with jp_explain_problem_end, also after a failure. */
int  jp_explain_problem_again(jp_explain_problem *p, const jp_explain_problem *from, const jp_question *q,
                              jopa_error *e);
void jp_explain_problem_end(jp_explain_problem *p);

/* The chosen operator, its token looked up. */
int jp_explain_operator(jp_operator *op, jp_engine *engine, const jp_operator_choice *choice, jopa_error *e);

/* The target becomes these bytes of the response, for a problem whose response is there. */
int jp_explain_target(jp_explain_problem *p, jp_range bytes, jopa_error *e);
/* k and sparsity, for a problem whose prompt is there. */
int jp_explain_choose_k(jp_explain_problem *p, int k, double sparsity, bool smallest, jopa_error *e);

/* The text of tokens, malloc'd; *start (may be NULL) gets n + 1 malloc'd offsets. NULL without memory. */
char *jp_detokenize(jp_engine *engine, const int32_t *tokens, int n, size_t **start);

/* What the model writes after the prompt with `mask` hidden (NULL: nothing): malloc'd tokens. */
int jp_explain_generate(jp_engine *engine, const jp_prompt *prompt, const jp_operator *op, const jp_bitset *mask,
                        int max_tokens, const jopa_stop *stop, int32_t **tokens, int *n, jopa_error *e);

#endif
