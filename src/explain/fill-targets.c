/* Targets as plain data. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "explain/targets.h"

int jp_targets_begin(jp_explanation *x, int n, jopa_error *e) {
    x->targets = calloc((size_t)n, sizeof *x->targets);
    return x->targets ? JP_OK : jp_fail_memory(e);
}

static double *copy_log_probs(const float *from, int n, double *sum) {
    double *to = malloc((size_t)(n > 0 ? n : 1) * sizeof *to);
    *sum = 0;
    for (int i = 0; i < n && to; i++) *sum += to[i] = (double)from[i];
    return to;
}

int jp_targets_add(jp_explanation *x, const jp_explain_problem *p, const jp_target *target, const float *log_probs,
                   const float *masked, const jp_bitset *set, jopa_error *e) {
    jp_result_target *t = &x->targets[x->n_targets++];
    int               n = target->last - target->first;
    jp_range          bytes = target->bytes;
    *t = (jp_result_target){.first = target->first, .last = target->last};
    t->name = target->name ? strdup(target->name) : NULL;
    t->text = jp_utf8_repair(p->written + bytes.start, bytes.end - bytes.start);
    t->log_probs = copy_log_probs(log_probs, n, &t->full);
    t->masked_log_probs = copy_log_probs(masked, n, &t->masked);
    t->n_log_probs = t->log_probs ? n : 0;
    t->n_masked_log_probs = t->masked_log_probs ? n : 0;
    t->drop = t->full - t->masked;
    t->selected = malloc((size_t)(set->n + 1) * sizeof *t->selected);
    if ((target->name && !t->name) || !t->text || !t->log_probs || !t->masked_log_probs || !t->selected)
        return jp_fail_memory(e);
    t->n_selected = jp_bitset_members(set, t->selected);
    return JP_OK;
}
