#include "search/embedding-path.h"

#include <stdlib.h>

static int read_rows_path(jp_embedding_path *path, jp_scorer *s, jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(s);
    const jp_prompt  *p = problem->prompt;
    jp_engine        *engine = jp_scorer_engine(s);
    jp_operator op = problem->op.kind == JP_OPERATOR_DELETE ? (jp_operator){.kind = JP_OPERATOR_ZERO} : problem->op;
    int32_t    *symbols = malloc((size_t)path->n * sizeof *symbols);
    jp_bitset   all;
    if (jp_bitset_init(&all, p->n_units) || !symbols) {
        jp_bitset_free(&all);
        free(symbols);
        return jp_fail_memory(e);
    }
    jp_mask_symbols(p, &op, NULL, symbols);
    int status = engine->ops->embedding_rows(engine, symbols, path->n, path->prompt, e);
    for (int u = 0; u < p->n_units; u++) jp_bitset_add(&all, u);
    jp_mask_symbols(p, &op, &all, symbols);
    if (!status) status = engine->ops->embedding_rows(engine, symbols, path->n, path->baseline, e);
    jp_bitset_free(&all);
    free(symbols);
    return status;
}

int jp_embedding_path_init(jp_embedding_path *path, jp_scorer *s, jopa_error *e) {
    jp_engine *engine = jp_scorer_engine(s);
    *path = (jp_embedding_path){0};
    if (!engine->ops->embedding_rows || !engine->ops->n_embd)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "this engine does not show its input embeddings");
    path->n = jp_scorer_problem(s)->prompt->n_tokens;
    path->width = engine->ops->n_embd(engine);
    size_t size = (size_t)path->n * (size_t)path->width * sizeof(float);
    path->prompt = malloc(size);
    path->baseline = malloc(size);
    path->row = malloc(size);
    path->gradient = malloc(size);
    if (!path->prompt || !path->baseline || !path->row || !path->gradient) return jp_fail_memory(e);
    return read_rows_path(path, s, e);
}

void jp_embedding_path_free(jp_embedding_path *path) {
    free(path->prompt);
    free(path->baseline);
    free(path->row);
    free(path->gradient);
}

int jp_embedding_path_add(jp_embedding_path *path, jp_scorer *s, double amount, double weight, double *unit_score,
                          jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    size_t           width = (size_t)path->width, size = (size_t)path->n * width;
    for (size_t i = 0; i < size; i++)
        path->row[i] = path->baseline[i] + (float)amount * (path->prompt[i] - path->baseline[i]);
    jp_gradient_request request = {.embedding = path->row, .d_embedding = path->gradient};
    int                 status = jp_scorer_gradient(s, NULL, &request, e);
    for (int t = 0; t < path->n && !status; t++) {
        double product = 0;
        for (size_t j = (size_t)t * width; j < (size_t)(t + 1) * width; j++)
            product += (double)path->gradient[j] * (double)(path->prompt[j] - path->baseline[j]);
        if (p->tokens[t].unit >= 0) unit_score[p->tokens[t].unit] += weight * product;
    }
    return status;
}
