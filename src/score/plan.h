/* The prefix plan: rows of symbols -> batches, each a tree in which no shared prefix is decoded twice. */
#ifndef JP_PLAN_H
#define JP_PLAN_H

#include "engine/engine.h"

typedef struct {
    const int32_t *symbols; /* borrowed */
    int            size;    /* symbols in all */
    int            prompt;  /* of which before the response */
    int            tag;     /* the caller's own number for the row */
    int            known;   /* symbols, less than `prompt`, that kept row `kept` of the engine begins with as well */
    int            kept;    /* -1: no kept row does */
} jp_row;

/* Sort rows so that neighbours share the longest prefixes; drops nothing. */
void jp_plan_sort(jp_row *rows, int n);

/* How many of the sorted rows, from the first on, fit into one batch of at most max_rows rows and max_tokens symbols
 * that have to be decoded; at least 1. Identical rows cost nothing. Where one row's whole prompt begins another's, the
 * tree may need a symbol more for each such row: engines split batches. */
int jp_plan_cut(const jp_row *rows, int n, int max_rows, int max_tokens);

typedef struct {
    jp_node *nodes; /* owned */
    int      n_nodes;
    int     *row_of;     /* [n] which batch row each sorted row is: identical rows are one */
    int     *row_prompt; /* [n_rows] */
    int      n_rows;
} jp_plan;

/* The tree of `n` sorted rows. What one row knows, all that begin like it have to know as well (jp_kept_match sees to
 * it). Symbols stay borrowed. JP_OK or JOPA_ERROR_MEMORY; free with jp_plan_free. */
int  jp_plan_build(jp_plan *plan, const jp_row *rows, int n, jopa_error *e);
void jp_plan_free(jp_plan *plan);

#endif
