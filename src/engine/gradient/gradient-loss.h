/* The end of the graph: log-probabilities of the target tokens, and the gradient that starts the backward pass. */
#ifndef JP_GRADIENT_LOSS_H
#define JP_GRADIENT_LOSS_H

#include "engine/gradient/gradient-graph.h"

enum { JP_LOSS_ROWS = 64 }; /* rows of logits alive at a time */

/* Rows t of one piece: target[t] is to be predicted, log_prob[t] is filled during the computation. The two together
 * must live until then. */
typedef struct {
    const int32_t *target;
    float         *log_prob;
} jp_loss_rows;

/* x [n_embd, m] is the last layer's output; its rows [row, row + n_target) predict the targets. `rows` has a slot for
 * each JP_LOSS_ROWS targets. Returns d f / d x [n_embd, m]; with forward_only NULL. */
struct ggml_tensor *jp_graph_loss(jp_graph *t, struct ggml_tensor *x, int row, int n_target, const int32_t *target,
                                  float *log_prob, jp_loss_rows *rows, bool forward_only);

#endif
