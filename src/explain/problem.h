/* From options to a problem: the chat templated and cut into units, the response's tokens, the target span, k. */
#ifndef JP_EXPLAIN_PROBLEM_H
#define JP_EXPLAIN_PROBLEM_H

#include "explain/model.h"
#include "prompt/prompt.h"
#include "score/scorer.h"

typedef struct {
    jp_prompt  prompt;
    int32_t   *response; /* [n_response] */
    int        n_response;
    size_t    *response_start; /* [n_response + 1] byte offset of each token in response_text */
    char      *response_text;
    jp_problem problem;  /* borrows from the above */
    int        k;        /* units at most, by the options */
    double     sparsity; /* the fraction asked for, 0 when k was given */
} jp_explain_problem;

/* Text that is never hidden: see jp_prompt_options. */
typedef struct {
    const char *const *texts;
    int                n;
    bool               marked;
} jp_keep;

/* The options' chat as a prompt cut into their units; `keep` may be NULL. */
int jp_explain_prompt(jp_prompt *prompt, jp_engine *engine, const jopa_explain_options *o, const jp_keep *keep,
                      jopa_error *e);

int jp_explain_problem_keeping(jp_explain_problem *p, jopa_model *m, const jopa_explain_options *o, const jp_keep *keep,
                               jopa_error *e);
int jp_explain_problem_init(jp_explain_problem *p, jopa_model *m, const jopa_explain_options *o, jopa_error *e);
void jp_explain_problem_free(jp_explain_problem *p);

/* An operator by name, with the token of token:TEXT. */
int jp_explain_operator(jp_operator *op, jp_engine *engine, const char *name, jopa_error *e);

/* The target tokens from the options' bytes of the response, for a problem whose response is there. */
int jp_explain_target(jp_explain_problem *p, const jopa_explain_options *o, jopa_error *e);
/* k and sparsity from the options, for a problem whose prompt is there. */
int jp_explain_choose_k(jp_explain_problem *p, const jopa_explain_options *o, jopa_error *e);

/* The text of tokens, malloc'd; *start (may be NULL) gets n + 1 malloc'd offsets. NULL without memory. */
char *jp_detokenize(jp_engine *engine, const int32_t *tokens, int n, size_t **start);

/* What the model writes after the prompt with `mask` hidden (NULL: nothing): malloc'd tokens. */
int jp_explain_generate(jp_engine *engine, const jp_prompt *prompt, const jp_operator *op, const jp_bitset *mask,
                        int max_tokens, int32_t **tokens, int *n, jopa_error *e);

#endif
