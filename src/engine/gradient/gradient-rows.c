/* Rows of the input: tokens and the symbols that are no tokens, as embeddings. */
#include <stdlib.h>
#include <string.h>

#include "engine/gradient/gradient-model.h"
#include "prompt/mask.h"

static void read_row_gradient(const jp_gradient *g, int32_t id, float *out) {
    const struct ggml_tensor *t = g->embedding;
    const char               *row = (const char *)t->data + (size_t)id * t->nb[1];
    if (t->type == GGML_TYPE_F32) memcpy(out, row, (size_t)t->ne[0] * sizeof *out);
    else ggml_get_type_traits(t->type)->to_float(row, out, t->ne[0]);
}

/* Mean of the embedding table, once. */
static int ensure_mean(jp_gradient *g, jopa_error *e) {
    if (g->mean) return JP_OK;
    size_t  n = (size_t)g->shape.n_embd;
    double *total = calloc(n, sizeof *total);
    float  *row = malloc(n * sizeof *row);
    g->mean = malloc(n * sizeof *g->mean);
    if (total && row && g->mean) {
        for (int32_t id = 0; id < g->shape.n_vocab; id++) {
            read_row_gradient(g, id, row);
            for (size_t j = 0; j < n; j++) total[j] += (double)row[j];
        }
        for (size_t j = 0; j < n; j++) g->mean[j] = (float)(total[j] / g->shape.n_vocab);
    }
    bool failed = !total || !row || !g->mean;
    free(total);
    free(row);
    return failed ? jp_fail_memory(e) : JP_OK;
}

int jp_gradient_rows(jp_gradient *g, const int32_t *symbols, int n, float *out, jopa_error *e) {
    size_t width = (size_t)g->shape.n_embd;
    for (int i = 0; i < n; i++) {
        float *row = out + (size_t)i * width;
        if (symbols[i] >= g->shape.n_vocab || symbols[i] < JP_SYMBOL_MEAN)
            return jp_fail(e, JOPA_ERROR_INPUT, "token %d is not in the model's vocabulary of %d", symbols[i],
                           g->shape.n_vocab);
        if (symbols[i] >= 0) read_row_gradient(g, symbols[i], row);
        else if (symbols[i] == JP_SYMBOL_ZERO) memset(row, 0, width * sizeof *row);
        else {
            int status = ensure_mean(g, e);
            if (status) return status;
            memcpy(row, g->mean, width * sizeof *row);
        }
    }
    return JP_OK;
}
