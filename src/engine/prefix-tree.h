/* Which keys and values are known: a prefix tree of symbol sequences over a fixed number of cells. A node is a run of
 * symbols in consecutive cells; the path from the root spells the sequence. Old leaves give way to new ones. */
#ifndef JP_PREFIX_TREE_H
#define JP_PREFIX_TREE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int     parent, child, next; /* -1: none; `next` is the next sibling, or the next free node */
    int     position;            /* of its first symbol in the sequence */
    int     cell, count;
    int64_t used;                /* the batch that last followed it */
    bool    pinned;              /* never gives way */
} jp_prefix_node;

enum { JP_PREFIX_ROOT = 0 };

typedef struct {
    int             n_cells, n_free;
    int32_t        *symbol; /* [n_cells] */
    bool           *taken;  /* [n_cells] */
    jp_prefix_node *nodes;  /* [n_cells + 1], the root holds no symbol */
    int             free_node;
    int64_t         batch;
} jp_prefix_tree;

/* JP_OK or JOPA_ERROR_MEMORY. Free with jp_prefix_tree_free, safe on a zeroed struct. */
int  jp_prefix_tree_init(jp_prefix_tree *t, int n_cells);
void jp_prefix_tree_free(jp_prefix_tree *t);
void jp_prefix_tree_clear(jp_prefix_tree *t);

/* A new batch: what it follows or adds does not give way before the next one begins. */
void jp_prefix_begin(jp_prefix_tree *t);

/* Follow the symbols below `node` as far as they are known. Returns the node where that ends (nodes are cut in two, so
 * that it ends at a node's end) and how many symbols were found in *matched. */
int jp_prefix_follow(jp_prefix_tree *t, int node, const int32_t *symbols, int count, int *matched);

/* Add symbols below `node`, as many as find consecutive free cells; old leaves give way where cells are few. Returns the
 * new node, whose count tells how many were added, or -1: no cell can be had. Cells of `brief` nodes, those that are
 * removed soon, are taken from the other end, so that they leave no holes. */
int jp_prefix_add(jp_prefix_tree *t, int node, const int32_t *symbols, int count, bool brief);

/* Remove a node without children. */
void jp_prefix_remove(jp_prefix_tree *t, int node);

/* Pin the path to `node` and nothing else. */
void jp_prefix_pin(jp_prefix_tree *t, int node);

#endif
