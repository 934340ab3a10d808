#include "score/knockout.h"

#include <stdlib.h>
#include <string.h>

int jp_knockout_row(const jp_problem *p, int tail) { return p->prompt->n_tokens - tail + p->target_last - 1; }

void jp_knockout_free(jp_knockout *k) {
    free(k->nodes);
    free(k->row_prompt);
    free(k->symbols);
    *k = (jp_knockout){0};
}

static bool attended(const jp_prompt *p, const jp_bitset *mask, int token, int tail) {
    int unit = p->tokens[token].unit;
    return token == tail - 1 || unit < 0 || !jp_bitset_has(mask, unit);
}

/* Stretches of the prompt before the tail that the mask leaves. */
static int count_stretches(const jp_prompt *p, const jp_bitset *mask, int tail) {
    int count = 0;
    for (int t = 0; t < tail; t++) count += attended(p, mask, t, tail) && (t == 0 || !attended(p, mask, t - 1, tail));
    return count;
}

static void add_stretches(jp_knockout *k, const jp_prompt *p, const int32_t *full, int tail, const jp_bitset *mask,
                          int row) {
    for (int from = 0, to; from < tail; from = to) {
        bool shown = attended(p, mask, from, tail);
        for (to = from + 1; to < tail && attended(p, mask, to, tail) == shown;) to++;
        if (shown) k->nodes[k->n_nodes++] = (jp_node){-1, row, row + 1, from, full + from, to - from, 0};
    }
}

/* Tail and response into out; returns how many symbols the tail has. */
static int write_tail(const jp_problem *p, int tail, const jp_bitset *mask, int32_t *out) {
    jp_prompt end = *p->prompt;
    end.tokens += tail;
    end.n_tokens -= tail;
    int n = jp_mask_symbols(&end, &p->op, mask, out);
    memcpy(out + n, p->response, (size_t)(p->target_last - 1) * sizeof *out);
    return n;
}

int jp_knockout_build(jp_knockout *k, const jp_problem *problem, const int32_t *full, int tail, const jp_bitset *masks,
                      const int *index, int n, jopa_error *e) {
    const jp_prompt *p = problem->prompt;
    int              width = jp_knockout_row(problem, tail), nodes = n;
    for (int i = 0; i < n; i++) nodes += count_stretches(p, masks + index[i], tail);
    *k = (jp_knockout){.nodes = malloc((size_t)nodes * sizeof *k->nodes),
                       .row_prompt = malloc((size_t)n * sizeof *k->row_prompt),
                       .symbols = malloc((size_t)n * (size_t)width * sizeof *k->symbols)};
    if (!k->nodes || !k->row_prompt || !k->symbols) {
        jp_knockout_free(k);
        return jp_fail_memory(e);
    }
    for (int i = 0; i < n; i++) {
        const jp_bitset *mask = masks + index[i];
        int32_t         *symbols = k->symbols + (size_t)i * (size_t)width;
        int              count = write_tail(problem, tail, mask, symbols);
        add_stretches(k, p, full, tail, mask, i);
        k->row_prompt[i] = tail + count;
        k->nodes[k->n_nodes++] = (jp_node){-1, i, i + 1, tail, symbols, count + problem->target_last - 1, -1};
    }
    return JP_OK;
}
