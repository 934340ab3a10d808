#include "engine/prefix-tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int jp_prefix_tree_init(jp_prefix_tree *t, int n_cells) {
    *t = (jp_prefix_tree){.n_cells = n_cells};
    t->symbol = malloc((size_t)n_cells * sizeof *t->symbol);
    t->taken = malloc((size_t)n_cells * sizeof *t->taken);
    t->nodes = malloc((size_t)(n_cells + 1) * sizeof *t->nodes);
    if (!t->symbol || !t->taken || !t->nodes) {
        jp_prefix_tree_free(t);
        return JOPA_ERROR_MEMORY;
    }
    jp_prefix_tree_clear(t);
    return JP_OK;
}

void jp_prefix_tree_free(jp_prefix_tree *t) {
    free(t->symbol);
    free(t->taken);
    free(t->nodes);
    *t = (jp_prefix_tree){0};
}

void jp_prefix_tree_clear(jp_prefix_tree *t) {
    memset(t->taken, 0, (size_t)t->n_cells * sizeof *t->taken);
    t->n_free = t->n_cells;
    t->batch = 0;
    for (int i = 0; i <= t->n_cells; i++) t->nodes[i] = (jp_prefix_node){.next = i < t->n_cells ? i + 1 : -1};
    t->free_node = 1;
    t->nodes[JP_PREFIX_ROOT] = (jp_prefix_node){.parent = -1, .child = -1, .next = -1, .pinned = true};
}

void jp_prefix_begin(jp_prefix_tree *t) { t->batch++; }

/* ---- nodes ---------------------------------------------------------------------------------------------------- */

static int new_node(jp_prefix_tree *t, int parent, int position, int cell, int count) {
    int node = t->free_node;
    t->free_node = t->nodes[node].next;
    t->nodes[node] = (jp_prefix_node){parent, -1, t->nodes[parent].child, position, cell, count, t->batch, false};
    t->nodes[parent].child = node;
    return node;
}

/* Keep the node's first `count` symbols, the others become its only child. */
static void cut(jp_prefix_tree *t, int node, int count) {
    jp_prefix_node *head = t->nodes + node;
    int             children = head->child;
    head->child = -1;
    int             tail = new_node(t, node, head->position + count, head->cell + count, head->count - count);
    t->nodes[tail].used = head->used;
    t->nodes[tail].pinned = head->pinned;
    t->nodes[tail].child = children;
    head->count = count;
    for (int child = children; child >= 0; child = t->nodes[child].next) t->nodes[child].parent = tail;
}

void jp_prefix_remove(jp_prefix_tree *t, int node) {
    jp_prefix_node *n = t->nodes + node;
    int            *link = &t->nodes[n->parent].child;
    while (*link != node) link = &t->nodes[*link].next;
    *link = n->next;
    for (int i = 0; i < n->count; i++) t->taken[n->cell + i] = false;
    t->n_free += n->count;
    n->next = t->free_node;
    n->count = 0;
    t->free_node = node;
}

void jp_prefix_pin(jp_prefix_tree *t, int node) {
    for (int i = 1; i <= t->n_cells; i++) t->nodes[i].pinned = false;
    for (; node > JP_PREFIX_ROOT; node = t->nodes[node].parent) t->nodes[node].pinned = true;
}

/* ---- following ------------------------------------------------------------------------------------------------ */

static int child_with(const jp_prefix_tree *t, int node, int32_t symbol) {
    int child = t->nodes[node].child;
    while (child >= 0 && t->symbol[t->nodes[child].cell] != symbol) child = t->nodes[child].next;
    return child;
}

int jp_prefix_follow(jp_prefix_tree *t, int node, const int32_t *symbols, int count, int *matched) {
    int at = 0;
    while (at < count) {
        int child = child_with(t, node, symbols[at]), same = 1;
        if (child < 0) break;
        jp_prefix_node *c = t->nodes + child;
        while (same < c->count && at + same < count && t->symbol[c->cell + same] == symbols[at + same]) same++;
        if (same < c->count) cut(t, child, same);
        t->nodes[child].used = t->batch;
        node = child;
        at += same;
    }
    *matched = at;
    return node;
}

/* ---- adding ---------------------------------------------------------------------------------------------------- */

/* The least recently used leaf that may give way, or -1. */
static int oldest_leaf(const jp_prefix_tree *t) {
    int oldest = -1;
    for (int i = 1; i <= t->n_cells; i++) {
        const jp_prefix_node *n = t->nodes + i;
        if (n->count && n->child < 0 && !n->pinned && n->used < t->batch && (oldest < 0 || n->used < t->nodes[oldest].used)) oldest = i;
    }
    return oldest;
}

/* The first run of free cells that holds `count`, or else the longest: its first cell, its length in *length. From the
 * other end with `from_end`: then the last cells of the last run. */
static int free_run(const jp_prefix_tree *t, int count, bool from_end, int *length) {
    int best = -1;
    *length = 0;
    for (int i = 0, run = 0; i < t->n_cells && *length < count; i++) {
        int cell = from_end ? t->n_cells - 1 - i : i;
        run = t->taken[cell] ? 0 : run + 1;
        if (run <= *length) continue;
        *length = run;
        best = from_end ? cell : cell - run + 1;
    }
    return best;
}

int jp_prefix_add(jp_prefix_tree *t, int node, const int32_t *symbols, int count, bool brief) {
    while (t->n_free < count) {
        int old = oldest_leaf(t);
        if (old < 0) break;
        jp_prefix_remove(t, old);
    }
    int length, cell = free_run(t, count, brief, &length);
    if (cell < 0) return -1;
    for (int i = 0; i < length; i++) {
        t->taken[cell + i] = true;
        t->symbol[cell + i] = symbols[i];
    }
    t->n_free -= length;
    const jp_prefix_node *parent = t->nodes + node;
    return new_node(t, node, parent->position + parent->count, cell, length);
}
