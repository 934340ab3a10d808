/* The scorer turns masks into drops: it removes duplicates, remembers every set, keeps limits, the best sets seen and
 * the bill. Methods see the engine only through it. */
#ifndef JP_SCORER_H
#define JP_SCORER_H

#include "base/bitset.h"
#include "engine/engine.h"
#include "prompt/mask.h"
#include "score/store.h"

/* Another answer, which the response is scored against; tokens NULL: there is none. */
typedef struct {
    const int32_t *tokens; /* [n] all of it, as the response is */
    int            n, first, last;
} jp_other;

/* What stays the same over all masks. Borrowed: must outlive the scorer. The score is
 *     f = log p(response[target_first, target_last)) - log p(other[first, last)),
 * each given the masked prompt and what stands before it in its own answer; without another answer the first alone. */
typedef struct {
    const jp_prompt *prompt;
    jp_operator      op;
    const int32_t   *response;
    int              n_response, target_first, target_last;
    jp_other         other;
} jp_problem;

/* Tokens of the other answer that are scored: 0 without one. */
static inline int jp_problem_others(const jp_problem *p) {
    return p->other.tokens ? p->other.last - p->other.first : 0;
}
/* Tokens of responses that come after each prompt, about. */
static inline int jp_problem_tail(const jp_problem *p) { return p->target_last + jp_problem_others(p); }

typedef struct {
    int    budget;  /* evaluations at most, 0: none */
    double seconds; /* wall time at most, 0: none */
    int    k;       /* only sets of at most k units count as "best" */
    /* Called before each batch, and often in the middle of one; a nonzero return stops the run. */
    int (*progress)(void *user, int evaluations, int budget, double best_drop);
    void   *user;
    int64_t tokens; /* decoded tokens at most, 0: none; the batch that reaches them is finished */
} jp_limits;

typedef struct {
    int    evaluations;
    double seconds, drop;
} jp_trace_point;

typedef struct {
    int64_t evaluations, gradients, decoded_tokens, naive_tokens;
    double  seconds;
    int64_t recalled; /* sets that the store knew: they count against the budget, but cost nothing */
} jp_cost;

typedef enum { JP_RUNNING, JP_STOP_BUDGET, JP_STOP_TIME, JP_STOP_USER } jp_stop_reason;

typedef struct jp_scorer jp_scorer;

/* Evaluates f(empty set) at once (it counts as the first evaluation). JOPA_ERROR_INTERRUPTED when the progress callback
 * says stop before that is done. */
int jp_scorer_new(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                  jopa_error *e);
/* The same on a store (borrowed, it must outlive the scorer), of this prompt's units, operator and response: what it
 * knows is not scored again, what is scored exactly is added. Rows are scored for all response tokens, so that other
 * targets have their drops too. The same seed walks the same way with a store and without. */
int jp_scorer_stored(jp_scorer **out, jp_engine *engine, const jp_problem *problem, const jp_limits *limits,
                     jp_store *store, jopa_error *e);
/* A scorer of the same prompt and response cut into other units (problem->prompt has the same tokens), with limits and
 * a bill of its own. It takes over f(empty set): nothing is evaluated. It has no store. With tail > 0 its drops are
 * those of knockouts (score/knockout.h) whose tail begins at that token; the engine needs JP_CAN_KNOCKOUT, and hurries
 * where it can. */
int  jp_scorer_again(jp_scorer **out, const jp_scorer *from, const jp_problem *problem, const jp_limits *limits,
                     int tail, jopa_error *e);
void jp_scorer_free(jp_scorer *s);

int               jp_scorer_units(const jp_scorer *s);
const jp_problem *jp_scorer_problem(const jp_scorer *s);
jp_engine        *jp_scorer_engine(jp_scorer *s);
double            jp_scorer_full(const jp_scorer *s); /* f(empty set) */
/* How far apart scores of one row are, nats, as three of the unmasked row were; NAN: the engine gives equal ones. */
double jp_scorer_noise(const jp_scorer *s);
/* How many new masks fill one batch of the engine: a good size for a round of a search. */
int jp_scorer_batch(const jp_scorer *s);

/* drops[i] = f(empty) - f(masks[i]). Known sets are free. When a limit is reached, what was scored is there, the
 * rest is NAN, and JP_STOP is returned. Masks of one call may be scored in any order. */
int jp_scorer_drops(jp_scorer *s, const jp_bitset *masks, int n, double *drops, jopa_error *e);
/* The log-probability of each target token: log_probs[n * n_target]. Through the store, where there is one; not limited
 * but by the progress callback (JP_STOP). */
int jp_scorer_log_probs(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, jopa_error *e);
/* The same with those of the other answer: others[n * jp_problem_others]. */
int jp_scorer_both(jp_scorer *s, const jp_bitset *masks, int n, float *log_probs, float *others, jopa_error *e);

/* For methods whose result rests on many drops and on none alone: whether those that follow may be scored faster and
 * less exactly, where the engine has the choice (JP_CAN_HURRY). With false, as it begins, what was scored so is
 * forgotten, so that the drops that are stated in the end are exact. */
int jp_scorer_fast(jp_scorer *s, bool fast, jopa_error *e);

/* A set's drop if it has been scored. */
bool jp_scorer_known(const jp_scorer *s, const jp_bitset *mask, double *drop);
/* The best set of at most k units so far (false: none yet); a less exact one only as long as such count. */
bool jp_scorer_best(const jp_scorer *s, jp_bitset *mask, double *drop);

/* All that the store knows becomes known here, at no cost, as if it had been scored; without a store nothing. */
int jp_scorer_recall(jp_scorer *s, jopa_error *e);
/* The next set that was scored exactly, from place *at on, which begins with 0; false: there are no more. `mask` is the
 * scorer's own, until it scores again. */
bool jp_scorer_next(const jp_scorer *s, int *at, jp_bitset *mask, double *drop);

/* What another scorer of the same prompt found out: the set's drop as if it had been scored here, and a bill to be
 * added. */
int  jp_scorer_note(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e);
void jp_scorer_charge(jp_scorer *s, const jp_cost *cost);

/* Gradients of f at `mask` (NULL: nothing hidden) by the engine, mapped to units by the caller; the scorer counts
 * one gradient as jp_gradient_price evaluations of the budget. Request's symbols/response are filled in here. With
 * another answer the gradients are those of the difference; log_probs are of the response alone. */
int jp_scorer_gradient(jp_scorer *s, const jp_bitset *mask, jp_gradient_request *request, jopa_error *e);
int jp_scorer_gradient_price(const jp_scorer *s);
/* Attention weights over the masked prompt and the response up to what predicts the last target. request->n is the
 * room in weights [layers wanted * n * n], at least that length; it is set to it. Counts as one evaluation. */
int jp_scorer_attention(jp_scorer *s, const jp_bitset *mask, jp_attention_request *request, jopa_error *e);

const jp_trace_point *jp_scorer_trace(const jp_scorer *s, int *n);
void                  jp_scorer_cost(const jp_scorer *s, jp_cost *cost);
/* What counts against the budget: evaluations, recalled ones too, and gradients at their price. */
int64_t        jp_scorer_spent(const jp_scorer *s);
jp_stop_reason jp_scorer_stopped(const jp_scorer *s);
/* Stop as if that limit had been reached. */
void             jp_scorer_stop(jp_scorer *s, jp_stop_reason reason);
const jp_limits *jp_scorer_limits(const jp_scorer *s);
/* Seconds since the scorer began. */
double jp_scorer_seconds(const jp_scorer *s);
/* Replace the limits for what follows (reports after a stop may still evaluate): clears the stop. */
void jp_scorer_relimit(jp_scorer *s, const jp_limits *limits);
/* From now on, sets of at most k units count as "best". */
void jp_scorer_limit_size(jp_scorer *s, int k);

#endif
