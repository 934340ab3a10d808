/* The sources of statements: for each span of the response the smallest set of units that carries it.
 *
 * For a token t of a statement let D(t) be what hiding all units costs it, at least 0. A set S carries the share
 *     sum over t of min(max(drop(t, S), 0), D(t)) / sum over t of D(t)
 * of the statement: counted token by token, a name that one sentence supplies cannot stand in for a figure that another
 * does, and no token counts for more than the units tell it.
 *
 * Rows that show one unit alone are short where hidden units are deleted, so they rank the candidates; rows that hide
 * the best candidates together decide. A statement that two sources repeat needs both hidden, one that two sources
 * share needs both too. Where what is found so does not carry the statement, or does not give it back when it alone is
 * shown, groups of units are hidden, and then the units of those that count, one by one: sources that say nothing
 * without each other are found so, and each that is enough alone is cited. (Context attribution: Cohen-Wang et al.
 * 2024, arXiv 2409.00729, which scores sources one by one.) */
#ifndef JP_CITE_SEARCH_H
#define JP_CITE_SEARCH_H

#include "score/scorer.h"

typedef struct {
    int       first, last;    /* response tokens */
    double    documents_drop; /* nats, of hiding all units */
    bool      from_documents; /* that is at least the threshold, and there are sources */
    jp_bitset selected;       /* owned; empty where it is not from them */
    double    drop;           /* nats, of hiding the set; NAN: not scored */
    double    covered;        /* the share that it carries, or that the best candidates did; NAN: not scored */
    double    shown;          /* the share that it gives back when it alone is shown; NAN: not scored */
} jp_cited;

typedef struct {
    jp_scorer *scorer; /* of the whole response, on `store` */
    jp_store  *store;
    double     threshold; /* nats per token */
    double     share;     /* of the most that the candidates carry together: enough for a set */
    const int *group;     /* [units] the document of each, ascending from 0 */
} jp_cite_task;

/* Fills all[n] (first, last are given, `selected` is empty and of the prompt's units) and shown[units]: nats that each
 * unit gives back to the statements when it alone is shown. JP_OK, JP_STOP (a limit: what was known then) or an error.
 */
int jp_cite_search(const jp_cite_task *task, jp_cited *all, int n, double *shown, jopa_error *e);

#endif
