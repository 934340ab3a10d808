/* The prefix plan: rows of symbols -> batches, each a tree in which no shared prefix is decoded twice. */
#ifndef JP_LLAMA_PLAN_H
#define JP_LLAMA_PLAN_H

#include "base/error.h"

typedef struct {
    const int32_t *symbols; /* borrowed */
    int            size;    /* symbols in all */
    int            prompt;  /* of which before the response */
    int            tag;     /* the caller's own number for the row */
    int            known;   /* symbols, less than `prompt`, that kept row `kept` begins with as well */
    int            kept;    /* -1: no kept row does */
} jp_row;

/* A node of a batch's prefix tree: `count` symbols that the rows [row_first, row_last) have in common at position
 * `position`, the symbols before it on the row's path. Nodes come parents first. The path of a row, root to leaf, is
 * the row; known nodes come first on it. Rows of a batch are distinct. */
typedef struct {
    int            parent; /* -1: a root */
    int            row_first, row_last;
    int            position;
    const int32_t *symbols;
    int            count;
    int            kept; /* the kept row that holds these symbols there: not to be decoded again; -1: none does */
} jp_node;

/* Sort rows so that neighbours share the longest prefixes, a prompt before the longer ones that begin with it. */
void jp_plan_sort(jp_row *rows, int n);

/* How many of the sorted rows, from the first on, fit into one batch of at most max_rows rows and max_tokens symbols
 * that have to be decoded; at least 1. Identical rows cost nothing. */
int jp_plan_cut(const jp_row *rows, int n, int max_rows, int max_tokens);

typedef struct {
    jp_node *nodes; /* owned */
    int      n_nodes;
    int     *row_of;     /* [n] which batch row each sorted row is: identical rows are one */
    int     *row_prompt; /* [n_rows] */
    int      n_rows;
} jp_plan;

/* The tree of `n` sorted rows. What one row knows, all that begin like it have to know as well, up to the last symbol
 * of their own prompts (jp_kept_match sees to it). Symbols stay borrowed. JP_OK or JOPA_ERROR_MEMORY; free with
 * jp_plan_free. */
int  jp_plan_build(jp_plan *plan, const jp_row *rows, int n, jopa_error *e);
void jp_plan_free(jp_plan *plan);

#endif
