#include "use/common.h"

#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/fill.h"

const char *jp_use_content(const jopa_explain_options *o, int index) {
    if (o->messages) return index >= 0 && index < o->n_messages ? o->messages[index].content : NULL;
    if (o->system && index == 0) return o->system;
    return index == (o->system ? 1 : 0) ? o->prompt : NULL;
}

int jp_use_fill(jp_explanation *x, jopa_model *m, jp_scorer *s, const jp_explain_problem *p, const jp_selection *found,
                const jopa_explain_options *o, const char *command, const char *method, jopa_error *e) {
    jp_cost cost;
    jp_scorer_cost(s, &cost);
    x->stopped = strdup(jp_stop_word(jp_scorer_stopped(s)));
    jp_scorer_relimit(s, &(jp_limits){.k = p->prompt.n_units});
    int status = x->stopped ? jp_fill_question(x, m, p, o, method, e) : jp_fail_memory(e);
    if (!status) status = jp_fill_answer(x, s, p, found, &cost, e);
    free(x->command);
    x->command = strdup(command);
    x->n_trace = 0;
    x->k = jp_bitset_count(&found->selected);
    return status ? status : x->command ? JP_OK : jp_fail_memory(e);
}
