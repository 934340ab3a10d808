#include "score/knockout.h"

#include <stdlib.h>

void jp_knockout_free(jp_knockout *k) {
    free(k->row_tail);
    free(k->n_row_tail);
    free(k->hidden);
    free(k->n_hidden);
    free(k->symbols);
    free(k->ranges);
    *k = (jp_knockout){0};
}

static bool attended(const jp_prompt *p, const jp_bitset *mask, int token, int tail) {
    int unit = p->tokens[token].unit;
    return token == tail - 1 || unit < 0 || !jp_bitset_has(mask, unit);
}

/* The ranges before the tail that the mask hides: from, to, ... into out (may be NULL); returns how many. */
static int hidden_ranges(const jp_prompt *p, const jp_bitset *mask, int tail, int *out) {
    int count = 0;
    for (int t = 0; t < tail; t++) {
        if (attended(p, mask, t, tail)) continue;
        bool begins = t == 0 || attended(p, mask, t - 1, tail);
        if (out && begins) out[2 * count] = t;
        count += begins;
        if (out) out[2 * count - 1] = t + 1;
    }
    return count;
}

static int allocate_knockout(jp_knockout *k, size_t n, size_t symbols, size_t ranges, jopa_error *e) {
    *k = (jp_knockout){.row_tail = malloc(n * sizeof *k->row_tail),
                       .n_row_tail = malloc(n * sizeof *k->n_row_tail),
                       .hidden = malloc(n * sizeof *k->hidden),
                       .n_hidden = malloc(n * sizeof *k->n_hidden),
                       .symbols = malloc((symbols + 1) * sizeof *k->symbols),
                       .ranges = malloc((2 * ranges + 1) * sizeof *k->ranges)};
    if (k->row_tail && k->n_row_tail && k->hidden && k->n_hidden && k->symbols && k->ranges) return JP_OK;
    jp_knockout_free(k);
    return jp_fail_memory(e);
}

int jp_knockout_build(jp_knockout *k, const jp_problem *problem, int tail, const jp_bitset *masks, const int *index,
                      int n, jopa_error *e) {
    const jp_prompt *p = problem->prompt;
    jp_prompt        end = *p;
    size_t           ranges = 0;
    end.tokens += tail;
    end.n_tokens -= tail;
    for (int i = 0; i < n; i++) ranges += (size_t)hidden_ranges(p, masks + index[i], tail, NULL);
    if (allocate_knockout(k, (size_t)n, (size_t)n * (size_t)end.n_tokens, ranges, e)) return JOPA_ERROR_MEMORY;
    int32_t *symbols = k->symbols;
    int     *range = k->ranges;
    for (int i = 0; i < n; i++) {
        const jp_bitset *mask = masks + index[i];
        k->row_tail[i] = symbols;
        k->n_row_tail[i] = jp_mask_symbols(&end, &problem->op, mask, symbols);
        symbols += k->n_row_tail[i];
        k->hidden[i] = range;
        k->n_hidden[i] = hidden_ranges(p, mask, tail, range);
        range += 2 * k->n_hidden[i];
    }
    return JP_OK;
}
