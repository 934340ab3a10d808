#include "engine/gradient/gradient-loss.h"

#include "engine/llama/log-softmax.h"

/* dst = d log p(target) / d logits = onehot(target) - p, row by row; p [n_vocab, rows], logits the same. */
static void log_prob_and_gradient(struct ggml_tensor *dst, int thread, int threads, void *user) {
    const jp_loss_rows *rows = user;
    const char         *p = dst->src[0]->data, *logits = dst->src[1]->data;
    int64_t             n_vocab = dst->ne[0];
    for (int64_t r = thread; r < dst->ne[1]; r += threads) {
        const float *probability = (const float *)(p + (size_t)r * dst->src[0]->nb[1]);
        const float *logit = (const float *)(logits + (size_t)r * dst->src[1]->nb[1]);
        float       *d = (float *)((char *)dst->data + (size_t)r * dst->nb[1]);
        int32_t      target = rows->target[r];
        double       log_prob = (double)logit[target] - jp_log_sum_exp(logit, (int)n_vocab);
        for (int64_t i = 0; i < n_vocab; i++) d[i] = -probability[i];
        d[target] += 1;
        rows->log_prob[r] = (float)log_prob;
    }
}

struct ggml_tensor *jp_graph_loss(jp_graph *t, struct ggml_tensor *x, int row, int n_target, const int32_t *target,
                                  float *log_prob, jp_loss_rows *rows, bool forward_only) {
    const jp_gradient  *g = t->g;
    struct ggml_tensor *h = jp_graph_norm(t, x, g->output_norm), *d_h = NULL;
    for (int at = 0; at < n_target; at += JP_LOSS_ROWS) {
        int                 count = n_target - at < JP_LOSS_ROWS ? n_target - at : JP_LOSS_ROWS;
        struct ggml_tensor *logits = jp_graph_linear(t, &g->output, jp_graph_rows(t, h, row + at, count));
        if (g->shape.logit_scale != 1) logits = ggml_scale(t->ctx, logits, g->shape.logit_scale);
        rows[at / JP_LOSS_ROWS] = (jp_loss_rows){target + at, log_prob + at};
        struct ggml_tensor *args[] = {ggml_soft_max(t->ctx, logits), logits};
        struct ggml_tensor *d = ggml_custom_4d(t->ctx, GGML_TYPE_F32, logits->ne[0], count, 1, 1, args, 2,
                                               log_prob_and_gradient, GGML_N_TASKS_MAX, rows + at / JP_LOSS_ROWS);
        ggml_build_forward_expand(t->graph, d);
        if (forward_only) continue;
        if (g->shape.logit_scale != 1) d = ggml_scale(t->ctx, d, g->shape.logit_scale);
        d = jp_graph_linear_back(t, &g->output, d);
        d_h = d_h ? ggml_concat(t->ctx, d_h, d, 1) : d;
        ggml_build_forward_expand(t->graph, d_h);
    }
    if (forward_only) return NULL;
    int after = (int)x->ne[1] - row - n_target;
    d_h = ggml_pad_ext(t->ctx, d_h, 0, 0, row, after, 0, 0, 0, 0);
    return jp_graph_norm_back(t, x, g->output_norm, d_h);
}
