/* To add a metric: write NAME.c with one jp_metric and add it to both lists here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "metric/metric.h"

extern const jp_metric jp_metric_prob, jp_metric_words, jp_metric_meaning, jp_metric_sparsity, jp_metric_curves,
    jp_metric_lds, jp_metric_top_k_drop;

static const jp_metric *const METRICS[] = {
    &jp_metric_prob,   &jp_metric_words, &jp_metric_meaning,    &jp_metric_sparsity,
    &jp_metric_curves, &jp_metric_lds,   &jp_metric_top_k_drop,
};

const jp_metric *jp_metric_at(int index) {
    return index >= 0 && index < (int)(sizeof METRICS / sizeof *METRICS) ? METRICS[index] : NULL;
}

static int find_metric(const char *name, size_t size) {
    for (int i = 0; jp_metric_at(i); i++)
        if (strlen(METRICS[i]->name) == size && !memcmp(METRICS[i]->name, name, size)) return i;
    return -1;
}

const jp_metric *jp_metric_find(const char *name, size_t size) { return jp_metric_at(find_metric(name, size)); }

int jp_metric_parse(const char *list, unsigned *bits, jopa_error *e) {
    unsigned found = 0;
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        int    index = find_metric(at, size);
        bool   none = size == 0 || (size == 4 && !memcmp(at, "none", 4));
        if (index < 0 && !none)
            return jp_fail(e, JOPA_ERROR_USAGE, "unknown metric '%s': see `jopa list metrics`",
                           jp_excerpt_of(at, size, 100).text);
        if (index >= 0) found |= 1u << index;
        at += size + (at[size] == ',');
    }
    *bits = found;
    return JP_OK;
}

bool jp_metric_generates(unsigned bits) {
    for (int i = 0; jp_metric_at(i); i++)
        if (bits >> i & 1 && METRICS[i]->generates) return true;
    return false;
}

int jp_metric_measure(unsigned bits, const jp_measured *m, jp_explanation *out, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; jp_metric_at(i) && !status; i++)
        if (bits >> i & 1 && (m->masked_response || !METRICS[i]->generates)) status = METRICS[i]->measure(m, out, e);
    return status;
}

int jp_metric_add(jp_explanation *out, const char *group, const char *name, double value, jopa_error *e) {
    if (isnan(value)) return JP_OK;
    jp_result_metric *grown = realloc(out->metrics, (size_t)(out->n_metrics + 1) * sizeof *grown);
    if (!grown) return jp_fail_memory(e);
    out->metrics = grown;
    jp_result_metric *added = &grown[out->n_metrics];
    *added = (jp_result_metric){strdup(group), strdup(name), value};
    out->n_metrics++; /* counted even if a copy failed, so that both are freed with the rest */
    return added->group && added->name ? JP_OK : jp_fail_memory(e);
}
