/* What rows with some units hidden tell of the statements of a response: how much a set carries, and how much it gives
 * back when it alone is shown. */
#ifndef JP_CITE_ROWS_H
#define JP_CITE_ROWS_H

#include "use/cite-search.h"

enum { JP_CITE_CANDIDATES = 8 /* units that are hidden together at most */ };

/* One statement. */
typedef struct {
    jp_cited *cited;
    double    carried; /* sum of D(t) */
    double   *gain;    /* [units] what each gives back alone; NAN: not scored */
    int       candidates[JP_CITE_CANDIDATES], n_candidates;
    double    best;   /* the most that the candidates carry together */
    double    enough; /* for a set */
    bool      wanted; /* a pass is for it */
} jp_statement;

typedef struct {
    const jp_cite_task *task;
    int                 n_units, width, n;
    jp_statement       *all;         /* [n] */
    float              *full, *none; /* [width] log-probabilities with nothing and with all hidden */
    jp_bitset          *masks;       /* [room] those of the next batch */
    int                 n_masks, room;
    double             *drops; /* [room] scratch */
    jp_bitset           set;   /* scratch of these functions */
    jp_bitset           one;   /* and of those that call them */
} jp_citing;

/* One more set for the next batch, which has to have room; the rows that jp_citing_suffices asks for; and the batch.
 * JP_OK, JP_STOP or an error. */
void jp_citing_push(jp_citing *c, const jp_bitset *set);
void jp_citing_push_both(jp_citing *c, const jp_bitset *set);
int  jp_citing_score(jp_citing *c, jopa_error *e);

/* All other units: with them hidden the set alone is shown. Of the scratch `set`, until the next call. */
const jp_bitset *jp_citing_show(jp_citing *c, const jp_bitset *set);

/* Of what is known, NAN where it is not: the share of the statement that the set carries; the share that it gives back
 * when it alone is shown; the statement's drop with the set hidden, nats. */
double jp_citing_covered(const jp_citing *c, const jp_statement *s, const jp_bitset *set);
double jp_citing_shown(jp_citing *c, const jp_statement *s, const jp_bitset *set);
double jp_citing_drop(const jp_citing *c, const jp_statement *s, const jp_bitset *set);
/* Hiding it takes the statement away; or as much of it as matters, when the set alone gives it back. False for what is
 * not known. */
bool jp_citing_suffices(jp_citing *c, const jp_statement *s, const jp_bitset *set);

/* Score nothing and all hidden, and tell what is from the documents; then each unit alone. JP_OK, JP_STOP or an error.
 */
int jp_citing_documents(jp_citing *c, jopa_error *e);
int jp_citing_alone(jp_citing *c, double *shown, jopa_error *e);

#endif
