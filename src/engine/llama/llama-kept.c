#include "engine/llama/llama-kept.h"

#include <stdlib.h>
#include <string.h>

int jp_kept_init(jp_kept *k, llama_memory_t memory, int capacity, int room, int width, jopa_error *e) {
    size_t n = (size_t)(capacity > 0 ? capacity : 1);
    *k = (jp_kept){.memory = memory, .capacity = capacity, .room = room, .width = width};
    k->symbols = malloc(n * (size_t)width * sizeof *k->symbols);
    k->size = calloc(n, sizeof *k->size);
    k->used = calloc(n, sizeof *k->used);
    k->order = malloc(n * sizeof *k->order);
    if (k->symbols && k->size && k->used && k->order) return JP_OK;
    jp_kept_free(k);
    return jp_fail_memory(e);
}

void jp_kept_free(jp_kept *k) {
    free(k->symbols);
    free(k->size);
    free(k->used);
    free(k->order);
    *k = (jp_kept){0};
}

void jp_kept_forget(jp_kept *k) {
    if (k->memory) llama_memory_clear(k->memory, false);
    for (int i = 0; i < k->n; i++) k->size[k->order[i]] = 0;
    k->n = k->distinct = 0;
}

/* ---- the sorted list ------------------------------------------------------------------------------------------ */

static const int32_t *symbols_of(const jp_kept *k, int row) { return k->symbols + (size_t)row * (size_t)k->width; }

/* Symbols that kept row `row` and symbols[n] begin with alike; *less: the kept row comes first. */
static int compare_kept(const jp_kept *k, int row, const int32_t *symbols, int n, bool *less) {
    const int32_t *own = symbols_of(k, row);
    int            size = k->size[row], i = 0;
    while (i < size && i < n && own[i] == symbols[i]) i++;
    *less = i < n && (i == size || own[i] < symbols[i]);
    return i;
}

/* Where symbols[n] would stand in the order, and its neighbours' common beginnings with it (0: no neighbour). */
static int find_place(const jp_kept *k, const int32_t *symbols, int n, int *before, int *after) {
    int  from = 0, to = k->n;
    bool less;
    while (from < to) {
        int middle = (from + to) / 2;
        compare_kept(k, k->order[middle], symbols, n, &less);
        if (less) from = middle + 1;
        else to = middle;
    }
    *before = from > 0 ? compare_kept(k, k->order[from - 1], symbols, n, &less) : 0;
    *after = from < k->n ? compare_kept(k, k->order[from], symbols, n, &less) : 0;
    return from;
}

static int larger(int a, int b) { return a > b ? a : b; }

/* Keep the row, which is the sequence `sequence`, in a free place. */
static void insert(jp_kept *k, int slot, const jp_row *row, int32_t sequence) {
    int before, after, at = find_place(k, row->symbols, row->prompt, &before, &after);
    memmove(k->order + at + 1, k->order + at, (size_t)(k->n - at) * sizeof *k->order);
    k->order[at] = slot;
    k->n++;
    k->size[slot] = row->prompt;
    k->used[slot] = ++k->clock;
    memcpy(k->symbols + (size_t)slot * (size_t)k->width, row->symbols, (size_t)row->prompt * sizeof *row->symbols);
    if (k->memory) llama_memory_seq_cp(k->memory, sequence, slot, 0, row->prompt);
    k->distinct += row->prompt - larger(before, after);
}

static void take_out(jp_kept *k, int slot) {
    int at = 0, before, after;
    while (k->order[at] != slot) at++;
    memmove(k->order + at, k->order + at + 1, (size_t)(--k->n - at) * sizeof *k->order);
    find_place(k, symbols_of(k, slot), k->size[slot], &before, &after);
    k->distinct -= k->size[slot] - larger(before, after);
    k->size[slot] = 0;
    if (k->memory) llama_memory_seq_rm(k->memory, slot, -1, -1);
}

void jp_kept_match(const jp_kept *k, jp_row *row) {
    int before, after, at = find_place(k, row->symbols, row->prompt, &before, &after);
    int known = larger(before, after);
    row->kept = known ? k->order[before >= after ? at - 1 : at] : -1;
    row->known = known < row->prompt ? known : row->prompt - 1;
    if (row->known <= 0) row->kept = -1;
}

bool jp_kept_is_whole(const jp_kept *k, const int32_t *symbols, int n) {
    return k->capacity > 0 && k->size[0] == n && n > 0 && !memcmp(k->symbols, symbols, (size_t)n * sizeof *symbols);
}

/* The row unused for longest, since before `since`; -1: none. The whole prompt stays. */
static int oldest(const jp_kept *k, int64_t since) {
    int found = -1;
    for (int i = 0; i < k->n; i++) {
        int slot = k->order[i];
        if (slot > 0 && k->used[slot] <= since && (found < 0 || k->used[slot] < k->used[found])) found = slot;
    }
    return found;
}

static int free_slot(const jp_kept *k) {
    for (int slot = 1; slot < k->capacity; slot++)
        if (!k->size[slot]) return slot;
    return -1;
}

/* Keep the row, unless making room would cost rows of this batch, or nothing would be won. */
static void place_kept(jp_kept *k, const jp_row *row, int32_t sequence, int64_t since) {
    for (;;) {
        int before, after, slot = free_slot(k);
        find_place(k, row->symbols, row->prompt, &before, &after);
        int more = row->prompt - larger(before, after);
        if (more <= 1 || k->size[0] + more > k->room) return; /* kept already, or as good as; too long to keep */
        if (slot >= 0 && k->distinct + more <= k->room) {
            insert(k, slot, row, sequence);
            return;
        }
        int victim = oldest(k, since);
        if (victim < 0) return;
        take_out(k, victim);
    }
}

static void place_whole(jp_kept *k, const jp_row *row, int32_t sequence) {
    if (!k->capacity || row->prompt > k->room) return;
    if (k->size[0]) take_out(k, 0);
    for (int victim; k->distinct + row->prompt > k->room && (victim = oldest(k, k->clock)) >= 0;) take_out(k, victim);
    insert(k, 0, row, sequence);
}

void jp_kept_take(jp_kept *k, const jp_row *rows, const int *row_of, int n, const int32_t *sequences, bool whole) {
    for (int i = 0; i < n; i++)
        if (rows[i].kept >= 0) k->used[rows[i].kept] = ++k->clock;
    int64_t since = k->clock;
    if (n && whole) place_whole(k, rows, sequences[0]);
    for (int i = whole; i < n; i++)
        if (i == 0 || row_of[i] != row_of[i - 1]) place_kept(k, rows + i, sequences[row_of[i]], since);
}
