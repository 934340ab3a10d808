/* One level of a search by levels: its units, what is known of each, and the steps that find out more. */
#ifndef JP_LEVEL_H
#define JP_LEVEL_H

#include "levels/levels.h"

typedef struct {
    const jp_task   *task; /* the whole run: its scorer has the finest units and pays for all */
    const char      *method;
    const jp_prompt *units;      /* all units of the level */
    bool             last;       /* they are the finest: the set obeys task->k and is pruned */
    int              n, k, tail; /* tail: of knockouts, 0: the engine has none */

    bool   *pool;        /* [n] not ruled out */
    double *expect;      /* [n] the drop alone that the coarser level lets expect */
    double *guide;       /* [n] knockout drop alone; NAN: not known */
    double *single;      /* [n] true drop alone; NAN: not known */
    double *probability; /* [n] masking probabilities of the last search, NAN: not in it */

    jp_bitset *start; /* [n_start] sets that the search begins with */
    int        n_start;
    jp_bitset  set;     /* the best set */
    double     drop;    /* its drop, NAN: none yet */
    bool       stalled; /* the last search ended with nothing better for long */
    int        round;   /* searches before */
} jp_level;

enum { JP_LEVEL_STARTS = 4 };

int  jp_level_init(jp_level *l, const jp_task *task, const char *method, const jp_prompt *units, int tail, bool last,
                   jopa_error *e);
void jp_level_free(jp_level *l);

/* Expected drop alone: by knockout where that is known. */
double jp_level_value(const jp_level *l, int unit);
/* All of the pool's units alone by knockout, the most promising first, until the bill comes to `tokens`. JP_STOP: the
 * time is over or the user stopped. So do the next two. */
int jp_level_guide(jp_level *l, int64_t tokens, jopa_error *e);
/* What asking after one unit alone costs, in tokens. */
int64_t jp_level_price(const jp_level *l);
/* Where not all of the pool can be asked after: at most `groups` runs of neighbours as a whole, by knockout; what each
 * loses becomes what its units let expect. */
int jp_level_group_guide(jp_level *l, int groups, int64_t tokens, jopa_error *e);
/* Joint search over the pool by knockouts until `knockout_tokens`, then by true drops until `tokens`. */
int jp_level_search(jp_level *l, int64_t knockout_tokens, int64_t tokens, jopa_error *e);
/* From the best set and those to begin with on, fill them up to k and exchange units of the whole level, in the pool or
 * not (method/refine.h); true drops. */
int jp_level_refine(jp_level *l, int64_t tokens, jopa_error *e);
/* True drops alone, the most promising units first. */
int jp_level_singles(jp_level *l, int64_t tokens, jopa_error *e);

/* The units of another cut of the same prompt that a set of this level's units hides; false: they do not hide the same.
 */
bool jp_level_translate(const jp_prompt *from, const jp_bitset *set, const jp_prompt *to, jp_bitset *out);
/* Decoded tokens on the run's bill. */
int64_t jp_level_spent(const jp_level *l);

#endif
