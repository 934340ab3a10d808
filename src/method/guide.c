#include "method/guide.h"

#include <math.h>
#include <stdlib.h>

/* ---- tokens and units ---------------------------------------------------------------------------------------------- */

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

int jp_token_gradients(jp_scorer *s, const jp_bitset *mask, const float *bias, double *d_bias, double *norm, jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(s);
    jp_engine        *engine = jp_scorer_engine(s);
    int               n = problem->prompt->n_tokens, width = norm ? engine->ops->n_embd(engine) : 0;
    buffers           b;
    int               status = buffers_init(&b, problem, mask, width, e);
    if (!status) {
        for (int t = 0; bias && t < n; t++)
            if (b.place[t] >= 0) b.bias[b.place[t]] = bias[t];
        jp_gradient_request request = {.bias = b.bias, .d_bias = d_bias ? b.d_bias : NULL, .d_embedding = norm ? b.d_embedding : NULL};
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

/* ---- the guide ------------------------------------------------------------------------------------------------------ */

/* Units are dealt in turn into GROUPS; each group's gradient is taken where the attention to that group alone is turned
 * down by BIAS: between the full prompt, where a confident model's slopes vanish, and the units hidden, and with most of
 * the context in place, as it is when one unit is hidden. The derivative says how the score follows attention, the
 * norm of the embedding's gradient, from all passes, how much the model listens to the token at all. The numbers are
 * from the table in docs/guidance.md. */
enum { GROUPS = 4 };
static const float  BIAS = -2;
static const double NORM_SHARE = 0.25;

int jp_guide_gradients(void) { return GROUPS; }

typedef struct {
    int    *group;   /* [n_units] or -1: hidden */
    float  *bias;    /* [n_tokens] */
    double *token;   /* [2 * n_tokens] derivative by bias, norm */
    double *unit;    /* [n_units] scratch */
    double *slope, *norm; /* [n_units] sums so far */
} survey;

static void survey_free(survey *v) {
    free(v->group);
    free(v->bias);
    free(v->token);
    free(v->unit);
    free(v->slope);
    free(v->norm);
}

static int survey_init(survey *v, const jp_prompt *p, const jp_bitset *mask, jopa_error *e) {
    size_t n = (size_t)p->n_units + 1, tokens = (size_t)p->n_tokens;
    *v = (survey){malloc(n * sizeof *v->group), malloc(tokens * sizeof *v->bias), malloc(2 * tokens * sizeof *v->token),
                  malloc(n * sizeof *v->unit),  calloc(n, sizeof *v->slope),      calloc(n, sizeof *v->norm)};
    if (!v->group || !v->bias || !v->token || !v->unit || !v->slope || !v->norm) return jp_fail_memory(e);
    for (int u = 0, dealt = 0; u < p->n_units; u++) v->group[u] = hides(mask, u) ? -1 : dealt++ % GROUPS;
    return JP_OK;
}

static int survey_group(survey *v, jp_scorer *s, const jp_bitset *mask, int group, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    double          *norm = v->token + p->n_tokens;
    for (int t = 0; t < p->n_tokens; t++) v->bias[t] = p->tokens[t].unit >= 0 && v->group[p->tokens[t].unit] == group ? BIAS : 0;
    int status = jp_token_gradients(s, mask, v->bias, v->token, norm, e);
    if (status) return status;
    jp_sum_units(p, v->token, v->unit);
    for (int u = 0; u < p->n_units; u++)
        if (v->group[u] == group) v->slope[u] = v->unit[u];
    jp_sum_units(p, norm, v->unit);
    for (int u = 0; u < p->n_units; u++) v->norm[u] += v->unit[u];
    return JP_OK;
}

/* Mean size of x over the units whose group is below `done`, at least tiny. */
static double mean_size(const survey *v, const double *x, int n, int done) {
    double sum = 1e-30;
    int    count = 0;
    for (int u = 0; u < n; u++) {
        if (v->group[u] < 0 || v->group[u] >= done) continue;
        sum += fabs(x[u]);
        count++;
    }
    return count ? sum / count : 1;
}

int jp_guide(jp_scorer *s, const jp_bitset *mask, double *unit_score, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(s)->prompt;
    survey           v;
    int              status = survey_init(&v, p, mask, e), done = 0;
    while (done < GROUPS && !status) {
        status = survey_group(&v, s, mask, done, e);
        done += !status;
    }
    for (int u = 0; u < p->n_units; u++) unit_score[u] = NAN;
    if (status <= 0) {
        double slope = mean_size(&v, v.slope, p->n_units, done), norm = mean_size(&v, v.norm, p->n_units, done);
        for (int u = 0; u < p->n_units; u++)
            if (v.group[u] >= 0 && v.group[u] < done) unit_score[u] = v.slope[u] / slope + NORM_SHARE * v.norm[u] / norm;
    }
    survey_free(&v);
    return status;
}
