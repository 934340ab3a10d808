/* What a refinement (search/refine.h) believes: a linear model of the drop around the incumbent. */
#ifndef JP_REFINE_MODEL_H
#define JP_REFINE_MODEL_H

#include "base/random.h"
#include "score/scorer.h"

enum {
    JP_REFINE_ROUND = 5,   /* sets of a round */
    JP_REFINE_KNOWN = 512, /* sets remembered */
    JP_REFINE_NEAR = 48    /* units by which they may differ from the incumbent to be of use */
};

typedef struct {
    double value;
    int    unit;
} jp_refine_ranked;

typedef struct {
    jp_scorer       *scorer;
    const jp_prompt *prompt;
    int              n, k, row; /* row: tokens of a full one */
    jp_random        random;

    jp_bitset incumbent;
    double    best;
    double    trust, heat;
    int       stale; /* rounds since it was found */

    jp_bitset *sets;   /* [JP_REFINE_KNOWN] the last ones scored */
    double    *drops;  /* [JP_REFINE_KNOWN] */
    int        scored; /* in all */

    int *difference; /* [JP_REFINE_KNOWN * JP_REFINE_NEAR] units that near sets have (u) or lack (-1 - u) beside the
                        incumbent */
    int    *size;    /* [JP_REFINE_KNOWN] how many; near sets only, `near` of them */
    double *gap;     /* [JP_REFINE_KNOWN] their drops minus the incumbent's */
    int     near;
    double *kernel;       /* [JP_REFINE_KNOWN * JP_REFINE_KNOWN] its Cholesky factor */
    double *alpha, *gain; /* [JP_REFINE_KNOWN] */
    double  scale;

    double           *guide;                /* [n] what gradients say, mean size 1; 0: nothing */
    double           *expect;               /* [n] weights expected otherwise */
    double           *mean, *weight, *mark; /* [n] posterior mean, a draw, scratch */
    jp_refine_ranked *ranked;               /* [n] scratch */
    int              *ins, *outs;           /* [n] units to hide and to show, the best first */

    jp_bitset *round; /* [JP_REFINE_ROUND] */
    double     found[JP_REFINE_ROUND];
    int        factor[JP_REFINE_ROUND]; /* index into FACTORS */
    int        n_round;
} jp_refinement;

/* Fit the weights to the sets remembered: r->mean, and what jp_refine_draw needs. */
int jp_refine_fit(jp_refinement *r, jopa_error *e);
/* r->weight: a draw from the posterior, its distance to the mean times r->heat. */
void jp_refine_draw(jp_refinement *r);

#endif
