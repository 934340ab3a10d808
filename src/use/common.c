#include "use/common.h"

#include <stdlib.h>
#include <string.h>

#include "explain/run.h"
#include "explain/fill.h"

int jp_use_fill(jp_explanation *x, jopa_model *m, jp_scorer *s, const jp_explain_problem *p, const jp_selection *found,
                const jp_question *q, const char *method, jopa_error *e) {
    jp_cost cost;
    jp_scorer_cost(s, &cost);
    x->stopped = strdup(jp_stop_word(jp_scorer_stopped(s)));
    jp_scorer_relimit(s, &(jp_limits){.k = p->prompt.n_units});
    int status = x->stopped ? jp_fill_question(x, m, p, q, method, e) : jp_fail_memory(e);
    if (!status) status = jp_fill_answer(x, s, p, found, &cost, e);
    x->n_trace = 0;
    x->k = jp_bitset_count(&found->selected);
    return status;
}
