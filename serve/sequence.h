/* One prompt of a completion: its tokens, what the model writes after them, and log-probabilities of all. */
#ifndef SERVE_SEQUENCE_H
#define SERVE_SEQUENCE_H

#include <jansson.h>
#include <jopa.h>

typedef struct {
    int32_t *ids; /* [n + 1] owned: the prompt's, then what is written */
    int      n_prompt, n;
    bool     ended;     /* the model ended its text; with log-probabilities what ended it is the last of the tokens */
    float   *log_probs; /* [n], or NULL */
    int      top;
    int32_t *top_ids; /* [n * top] */
    float   *top_log_probs;
} sequence;

/* How a completion is asked for. */
typedef struct {
    int  max_tokens, top; /* top -1: no log-probabilities */
    bool echo, ids;       /* ids: tokens are written as token_id:N */
} manner;

/* `prompt`: a text or an array of ids. Free with sequence_free, also after a failure. */
int  sequence_make(sequence *s, jopa_model *m, const json_t *prompt, const manner *how, jopa_error *e);
void sequence_free(sequence *s);
/* The choice `index` of the answer; NULL: no memory. `stops`: texts at which what is written ends; may be NULL. */
json_t *sequence_choice(const sequence *s, const jopa_model *m, const manner *how, const json_t *stops, int index);

#endif
