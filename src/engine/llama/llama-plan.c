#include "engine/llama/llama-plan.h"

#include <stdlib.h>

/* Symbols that two rows begin with alike and that they can share: what is prompt in one and response in the other they
 * do not, because a prompt's last symbol is always decoded and what follows it must be too. */
static int common(const jp_row *a, const jp_row *b) {
    int limit = a->prompt != b->prompt ? (a->prompt < b->prompt ? a->prompt : b->prompt)
                : a->size < b->size    ? a->size
                                       : b->size;
    int i = 0;
    while (i < limit && a->symbols[i] == b->symbols[i]) i++;
    return i;
}

static int compare_rows(const void *pa, const void *pb) {
    const jp_row *a = pa, *b = pb;
    int           i = common(a, b);
    if (i < a->prompt && i < b->prompt) return a->symbols[i] < b->symbols[i] ? -1 : 1;
    if (a->prompt != b->prompt) return a->prompt < b->prompt ? -1 : 1;
    if (i < a->size && i < b->size) return a->symbols[i] < b->symbols[i] ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    return (a->tag > b->tag) - (a->tag < b->tag);
}

void jp_plan_sort(jp_row *rows, int n) { qsort(rows, (size_t)n, sizeof *rows, compare_rows); }

int jp_plan_cut(const jp_row *rows, int n, int max_rows, int max_tokens) {
    int count = 0, distinct = 0, tokens = 0;
    for (; count < n; count++) {
        const jp_row *row = rows + count;
        int           before = count ? common(row, row - 1) : 0;
        bool          same = count && before == row->size && before == row[-1].size;
        if (same) continue;
        tokens += row->size - (before > row->known ? before : row->known);
        if (count && (distinct == max_rows || tokens > max_tokens)) break;
        distinct++;
    }
    return count;
}

typedef struct {
    jp_plan       *plan;
    const jp_row **rows; /* [n_rows] distinct, sorted */
} builder;

static int add_node(builder *b, int parent, int first, int last, int from, int to, int kept) {
    b->plan->nodes[b->plan->n_nodes] =
        (jp_node){parent, first, last, from, b->rows[first]->symbols + from, to - from, kept};
    return b->plan->n_nodes++;
}

/* Where [first, last), which agree up to `from`, stop agreeing or being known; by which kept row they are, -1: not. */
static int stretch(const builder *b, int first, int last, int from, int *kept) {
    int to = common(b->rows[first], b->rows[last - 1]), known = to;
    for (int i = first; i < last; i++)
        if (b->rows[i]->known < known) known = b->rows[i]->known;
    *kept = known > from ? b->rows[first]->kept : -1;
    return *kept >= 0 && known < to ? known : to;
}

/* The end of the rows from `first` on whose next symbol, at `from`, is decoded or known together. Rows at the last
 * symbol of their prompt stay alone where the others know that symbol; beyond its prompt a row has something in common
 * only with those of the same prompt, which have another response. */
static int group_end(const builder *b, int first, int last, int from) {
    const jp_row *row = b->rows[first];
    bool          response = row->prompt <= from;
    int           end = first + 1, alone = first + 1;
    while (end < last && b->rows[end]->symbols[from] == row->symbols[from] &&
           (!response || b->rows[end]->prompt == row->prompt))
        end++;
    if (row->prompt != from + 1) return end;
    while (alone < end && b->rows[alone]->prompt == row->prompt) alone++;
    return alone < end && b->rows[alone]->known > from ? alone : end;
}

/* Rows [first, last) agree up to `from`; add their subtree below `parent`. At most 3 nodes a row: the compressed tree
 * has 2n - 1, and a branch off a kept row cuts one in two. */
static void add_subtree(builder *b, int parent, int first, int last, int from) {
    while (first < last && b->rows[first]->size == from) first++; /* a row that ends here needs no more nodes */
    if (first == last) return;
    int end = group_end(b, first, last, from);
    int kept, to = stretch(b, first, end, from, &kept);
    add_subtree(b, add_node(b, parent, first, end, from, to, kept), first, end, to);
    add_subtree(b, parent, end, last, from);
}

int jp_plan_build(jp_plan *plan, const jp_row *rows, int n, jopa_error *e) {
    *plan = (jp_plan){0};
    const jp_row **distinct = malloc((size_t)n * sizeof *distinct);
    plan->nodes = malloc((size_t)(3 * n + 1) * sizeof *plan->nodes);
    plan->row_of = malloc((size_t)n * sizeof *plan->row_of);
    plan->row_prompt = malloc((size_t)n * sizeof *plan->row_prompt);
    if (!distinct || !plan->nodes || !plan->row_of || !plan->row_prompt) {
        free(distinct);
        jp_plan_free(plan);
        return jp_fail_memory(e);
    }
    for (int i = 0; i < n; i++) {
        bool same = i && rows[i].size == rows[i - 1].size && common(rows + i, rows + i - 1) == rows[i].size;
        if (!same) {
            plan->row_prompt[plan->n_rows] = rows[i].prompt;
            distinct[plan->n_rows++] = rows + i;
        }
        plan->row_of[i] = plan->n_rows - 1;
    }
    builder b = {plan, distinct};
    add_subtree(&b, -1, 0, plan->n_rows, 0);
    free(distinct);
    return JP_OK;
}

void jp_plan_free(jp_plan *plan) {
    free(plan->nodes);
    free(plan->row_of);
    free(plan->row_prompt);
    *plan = (jp_plan){0};
}
