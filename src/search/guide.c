#include "search/guide.h"

#include <math.h>
#include <stdlib.h>

/* ---- tokens and units ----------------------------------------------------------------------------------------------
 */

static bool hides(const jp_bitset *mask, int unit) { return mask && unit >= 0 && jp_bitset_has(mask, unit); }

void jp_sum_units(const jp_prompt *p, const double *value, double *unit_score) {
    for (int u = 0; u < p->n_units; u++) unit_score[u] = 0;
    for (int t = 0; t < p->n_tokens; t++)
        if (p->tokens[t].unit >= 0) unit_score[p->tokens[t].unit] += value[t];
}

static double row_norm(const float *row, int width) {
    double sum = 0;
    for (int j = 0; j < width; j++) sum += (double)row[j] * (double)row[j];
    return sqrt(sum);
}

typedef struct {
    int   *place; /* [n_tokens] position in the masked prompt, or -1: taken out */
    float *bias, *d_bias, *d_embedding;
} buffers;

static void buffers_free(buffers *b) {
    free(b->place);
    free(b->bias);
    free(b->d_bias);
    free(b->d_embedding);
}

static int buffers_init(buffers *b, const jp_problem *problem, const jp_bitset *mask, int width, jopa_error *e) {
    const jp_prompt *p = problem->prompt;
    size_t           n = (size_t)p->n_tokens;
    *b = (buffers){malloc(n * sizeof *b->place), calloc(n, sizeof *b->bias), malloc(n * sizeof *b->d_bias),
                   malloc(n * (size_t)(width + 1) * sizeof *b->d_embedding)};
    if (!b->place || !b->bias || !b->d_bias || !b->d_embedding) return jp_fail_memory(e);
    for (int t = 0, place = 0; t < p->n_tokens; t++) {
        bool out = problem->op.kind == JP_OPERATOR_DELETE && hides(mask, p->tokens[t].unit);
        b->place[t] = out ? -1 : place++;
    }
    return JP_OK;
}

int jp_token_gradients(jp_scorer *s, const jp_bitset *mask, const float *bias, double *d_bias, double *norm,
                       jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(s);
    jp_engine        *engine = jp_scorer_engine(s);
    int               n = problem->prompt->n_tokens, width = norm ? engine->ops->n_embd(engine) : 0;
    buffers           b;
    int               status = buffers_init(&b, problem, mask, width, e);
    if (!status) {
        for (int t = 0; bias && t < n; t++)
            if (b.place[t] >= 0) b.bias[b.place[t]] = bias[t];
        jp_gradient_request request = {
            .bias = b.bias, .d_bias = d_bias ? b.d_bias : NULL, .d_embedding = norm ? b.d_embedding : NULL};
        status = jp_scorer_gradient(s, mask, &request, e);
    }
    for (int t = 0; t < n && !status; t++) {
        int at = b.place[t];
        if (d_bias) d_bias[t] = at < 0 ? 0 : (double)b.d_bias[at];
        if (norm) norm[t] = at < 0 ? 0 : row_norm(b.d_embedding + (size_t)at * (size_t)width, width);
    }
    buffers_free(&b);
    return status;
}

/* ---- along a path of attention biases
 * ---------------------------------------------------------------------------------- */

/* By how many gradients may be spent: docs/guidance.md. */
static const float PATHS[JP_GUIDE_GRADIENTS][JP_GUIDE_GRADIENTS] = {{-2}, {-1, -2}, {0, -1, -2}, {0, -1, -2, -4}};

static int add_step(jp_scorer *s, const jp_bitset *mask, float at, float *bias, double *token, double *slope,
                    double *norm, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    int              n = p->n_tokens;
    for (int t = 0; t < n; t++) bias[t] = p->tokens[t].unit >= 0 && !hides(mask, p->tokens[t].unit) ? at : 0;
    int status = jp_token_gradients(s, mask, bias, token, norm ? token + n : NULL, e);
    for (int t = 0; t < n && !status; t++) {
        slope[t] += token[t];
        if (norm) norm[t] += token[n + t];
    }
    return status;
}

int jp_attention_path(jp_scorer *s, const jp_bitset *mask, int gradients, double *slope, double *norm, int *steps,
                      jopa_error *e) {
    size_t  n = (size_t)jp_scorer_problem(s)->prompt->n_tokens;
    float  *bias = malloc(n * sizeof *bias);
    double *token = malloc(2 * n * sizeof *token);
    int     status = bias && token ? JP_OK : jp_fail_memory(e);
    for (size_t t = 0; t < n; t++) {
        slope[t] = 0;
        if (norm) norm[t] = 0;
    }
    for (*steps = 0; *steps < gradients && !status; *steps += !status)
        status = add_step(s, mask, PATHS[gradients - 1][*steps], bias, token, slope, norm, e);
    free(bias);
    free(token);
    return status;
}

/* ---- the guide
 * ---------------------------------------------------------------------------------------------------------- */

static const double NORM_SHARE = 0.5; /* docs/guidance.md */

/* The mean size of x over the shown units. */
static double mean_size(const double *x, int n, const jp_bitset *mask) {
    double sum = 0;
    int    count = 0;
    for (int u = 0; u < n; u++) {
        if (hides(mask, u)) continue;
        sum += fabs(x[u]);
        count++;
    }
    return sum > 0 ? sum / count : 1;
}

int jp_guide_combine(const jp_prompt *p, const jp_bitset *mask, const double *slope, const double *norm,
                     double *unit_score, jopa_error *e) {
    double *unit_norm = malloc((size_t)(p->n_units + 1) * sizeof *unit_norm);
    if (!unit_norm) return jp_fail_memory(e);
    jp_sum_units(p, slope, unit_score);
    jp_sum_units(p, norm, unit_norm);
    double slopes = mean_size(unit_score, p->n_units, mask), norms = mean_size(unit_norm, p->n_units, mask);
    for (int u = 0; u < p->n_units; u++) unit_score[u] = unit_score[u] / slopes + NORM_SHARE * unit_norm[u] / norms;
    free(unit_norm);
    return JP_OK;
}

int jp_guide(jp_scorer *s, const jp_bitset *mask, int gradients, double *unit_score, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    size_t           tokens = (size_t)p->n_tokens;
    double          *slope = malloc(2 * tokens * sizeof *slope);
    for (int u = 0; u < p->n_units; u++) unit_score[u] = NAN;
    if (!slope) return jp_fail_memory(e);
    int steps = 0, status = jp_attention_path(s, mask, gradients, slope, slope + tokens, &steps, e);
    if (status <= 0 && steps) {
        int combined = jp_guide_combine(p, mask, slope, slope + tokens, unit_score, e);
        if (combined) status = combined;
        for (int u = 0; u < p->n_units; u++)
            if (hides(mask, u)) unit_score[u] = NAN;
    }
    free(slope);
    return status;
}
