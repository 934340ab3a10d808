/* Kept rows are the sequences 0 .. kept_rows of the key-value cache; a batch's rows are those after them. To keep a row
 * or to begin with one is to mark cells as another sequence's too: nothing is computed or moved. */
#include <string.h>

#include "engine/llama/llama-local.h"

static bool on_path(const jp_node *node, int row) { return row >= node->row_first && row < node->row_last; }

/* The next stretch of known symbols of `row` that follow each other, from node *at on; false: none is left. Nodes of
 * one stretch may name different kept rows, of which the last holds them all. */
typedef struct {
    int from, to, place, first, last;
} stretch;

static bool next_stretch(const jp_batch *b, int row, int *at, stretch *s) {
    bool found = false;
    for (; *at < b->n_nodes; ++*at) {
        const jp_node *node = b->nodes + *at;
        if (!on_path(node, row) || node->kept < 0) continue;
        if (found && node->position != s->to) break;
        if (!found) *s = (stretch){.from = node->position, .first = *at};
        found = true;
        s->to = node->position + node->count;
        s->place = node->kept;
        s->last = *at;
    }
    return found;
}

static bool holds(const jp_local *l, const jp_batch *b, int row, const stretch *s) {
    if (s->place >= l->kept_rows || s->to > l->kept_size[s->place]) return false;
    const int32_t *kept = l->kept + (size_t)s->place * (size_t)l->max_row;
    for (int i = s->first; i <= s->last; i++) {
        const jp_node *node = b->nodes + i;
        if (on_path(node, row) && memcmp(node->symbols, kept + node->position, (size_t)node->count * sizeof *kept))
            return false;
    }
    return true;
}

bool jp_local_kept_valid(const jp_local *l, const jp_batch *b) {
    for (int row = 0; row < b->n_rows; row++) {
        stretch s;
        for (int at = 0; next_stretch(b, row, &at, &s);)
            if (!holds(l, b, row, &s)) return false;
    }
    return true;
}

void jp_local_begin_rows(jp_local *l, const jp_batch *b, const int32_t *ids) {
    llama_memory_t memory = llama_get_memory(l->context);
    for (int row = 0; row < b->n_rows; row++) {
        stretch s;
        for (int at = 0; next_stretch(b, row, &at, &s);) llama_memory_seq_cp(memory, s.place, ids[row], s.from, s.to);
    }
}

void jp_local_forget_all(jp_local *l) {
    llama_memory_clear(llama_get_memory(l->context), false);
    memset(l->kept_size, 0, (size_t)l->kept_rows * sizeof *l->kept_size);
}

static void forget(jp_local *l, int place) {
    if (l->kept_size[place]) llama_memory_seq_rm(llama_get_memory(l->context), place, -1, -1);
    l->kept_size[place] = 0;
}

static void keep(jp_local *l, const jp_batch *b, int row, int32_t id) {
    int      place = b->keep[row], size = b->row_prompt[row];
    int32_t *symbols = l->kept + (size_t)place * (size_t)l->max_row;
    forget(l, place);
    llama_memory_seq_cp(llama_get_memory(l->context), id, place, 0, size);
    l->kept_size[place] = size;
    for (int i = 0; i < b->n_nodes; i++) {
        const jp_node *node = b->nodes + i;
        int            left = size - node->position;
        if (on_path(node, row) && left > 0)
            memcpy(symbols + node->position, node->symbols,
                   (size_t)(left < node->count ? left : node->count) * sizeof *symbols);
    }
}

void jp_local_keep_rows(jp_local *l, const jp_batch *b, const int32_t *ids) {
    for (int i = 0; i < b->n_forget; i++)
        if (b->forget[i] < l->kept_rows) forget(l, b->forget[i]);
    for (int row = 0; b->keep && row < b->n_rows; row++)
        if (b->keep[row] >= 0 && b->keep[row] < l->kept_rows) keep(l, b, row, ids[row]);
}
