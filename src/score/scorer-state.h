/* What the files of the scorer share. Only src/score/scorer*.c and knockout.c include this. */
#ifndef JP_SCORER_STATE_H
#define JP_SCORER_STATE_H

#include "score/cache.h"
#include "score/scorer.h"

/* The best set so far. */
typedef struct {
    bool      have;
    jp_bitset set;
    double    drop;
} jp_best;

struct jp_scorer {
    jp_engine        *engine;
    const jp_problem *problem;
    jp_store         *store;  /* or NULL */
    jp_store         *others; /* of the other answer, in the store; NULL without either */
    jp_limits         limits;
    jp_stop_reason    stopped;
    double            started;
    int               batch;        /* rows that make a good round */
    int32_t          *full_symbols; /* [n_full] the unmasked prompt */
    int               n_full;
    double            full, noise; /* of f(empty set): how far apart its scores are, NAN: equal */

    jp_cache cache, hurried; /* drops; those that are less exact are forgotten in the end */
    bool     fast;           /* what is scored now is less exact */
    int      tail;           /* of knockouts, 0: drops are true ones */

    jp_best         best, guess; /* guess: of the hurried ones */
    jp_trace_point *trace;
    int             n_trace, trace_capacity;
    jp_cost         cost;
    int             gradient_price;
};

/* Symbols of the longest row. */
static inline int jp_scorer_row(const jp_scorer *s) {
    const jp_problem *p = s->problem;
    int               last = p->other.tokens && p->other.last > p->target_last ? p->other.last : p->target_last;
    return p->prompt->n_tokens + last;
}

/* ---- scorer.c ---- */

/* Whether to end; asks the caller. */
bool jp_scorer_limit_reached(jp_scorer *s);
bool jp_scorer_time_is_over(jp_scorer *s);
/* The caller's progress callback as what engines ask in the middle of their work. */
jopa_stop jp_scorer_listening(jp_scorer *s);
/* What the engine's status `status` means here: after a stop JP_STOP. */
int jp_scorer_heard(jp_scorer *s, int status);
/* A drop that was scored now, exactly or not. */
int jp_scorer_remember(jp_scorer *s, const jp_bitset *mask, double drop, jopa_error *e);

/* ---- scorer-run.c ---- */

/* f(empty set), the first evaluation, into s->full. */
int jp_scorer_score_full(jp_scorer *s, jopa_error *e);

#endif
