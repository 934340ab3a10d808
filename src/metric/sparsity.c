/* Group "sparsity": how much of the prompt is hidden, 0..1: `tokens` of its maskable tokens, `units` of its units. */
#include "metric/metric.h"

static int measure_sparsity(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    const jp_prompt *p = jp_scorer_problem(m->scorer)->prompt;
    double           tokens = (double)jp_prompt_hidden_tokens(p, m->selected) / jp_prompt_maskable_tokens(p);
    int              status = jp_metric_add(out, "sparsity", "tokens", tokens, e);
    return status ? status
                  : jp_metric_add(out, "sparsity", "units", (double)jp_bitset_count(m->selected) / p->n_units, e);
}

const jp_metric jp_metric_sparsity = {
    .name = "sparsity", .summary = "share of the prompt that is hidden", .measure = measure_sparsity};
