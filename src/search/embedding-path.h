/* Between what stands in for the units (the operator's baseline) and the prompt: input rows, and gradients there. */
#ifndef JP_EMBEDDING_PATH_H
#define JP_EMBEDDING_PATH_H

#include "score/scorer.h"

typedef struct {
    int    n, width;       /* tokens, numbers in a row */
    float *prompt;         /* [n * width] the prompt's own rows */
    float *baseline;       /* [n * width] with every unit hidden; `delete` has none of its own and takes zero */
    float *row, *gradient; /* [n * width] at the current point */
} jp_embedding_path;

int  jp_embedding_path_init(jp_embedding_path *path, jp_scorer *s, jopa_error *e);
void jp_embedding_path_free(jp_embedding_path *path);
/* Adds weight * (prompt - baseline) . d f / d row at baseline + amount (prompt - baseline) to each unit's score. */
int jp_embedding_path_add(jp_embedding_path *path, jp_scorer *s, double amount, double weight, double *unit_score,
                          jopa_error *e);

#endif
