/* Group "meaning": 1 - cosine between sentence embeddings of the original and the regenerated response. The number's
 * name says whose embeddings: `encoder_distance` a sentence encoder's (Reimers & Gurevych 2019), `state_distance` the
 * mean-pooled states of the explained model, where no encoder is at hand. `left_out_tokens`, where there are any:
 * tokens of the two texts together that were too many to be looked at. */
#include <math.h>
#include <stdlib.h>

#include "metric/metric.h"

/* 0 for two empty texts, 1 when one has no direction. */
static double cosine_distance(const float *a, const float *b, int n) {
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    if (aa == 0 || bb == 0) return aa == bb ? 0 : 1;
    double d = 1 - ab / sqrt(aa * bb);
    return d > 0 ? d : 0;
}

static bool embeds(jp_engine *engine) {
    return engine && engine->ops->embed && engine->ops->capabilities(engine) & JP_CAN_EMBED;
}

static int measure_meaning(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    bool       encoder = embeds(m->encoder);
    jp_engine *engine = encoder ? m->encoder : jp_scorer_engine(m->scorer);
    if (!embeds(engine)) return JP_OK;
    float *a = NULL, *b = NULL;
    int    n_a = 0, n_b = 0, left_out = 0, more = 0;
    int    status = engine->ops->embed(engine, m->response, m->stop, &a, &n_a, &left_out, e);
    if (!status) status = engine->ops->embed(engine, m->masked_response, m->stop, &b, &n_b, &more, e);
    if (!status)
        status = jp_metric_add(out, "meaning", encoder ? "encoder_distance" : "state_distance",
                               cosine_distance(a, b, n_a), e);
    if (!status && left_out + more > 0) status = jp_metric_add(out, "meaning", "left_out_tokens", left_out + more, e);
    free(a);
    free(b);
    return status;
}

const jp_metric jp_metric_meaning = {.name = "meaning",
                                     .summary =
                                         "1 - cosine of sentence embeddings, regenerated against original response",
                                     .generates = true,
                                     .measure = measure_meaning};
