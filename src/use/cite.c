#include "use/cite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "explain/measure.h"
#include "explain/run.h"
#include "prompt/protect.h"
#include "prompt/units.h"
#include "use/cite-fill.h"
#include "use/cite-search.h"
#include "use/common.h"

typedef struct {
    const jp_question *q;
    jopa_model        *model;
    jp_explain_problem p; /* its units are those of the documents */
    jp_documents       documents;
    jp_watch           watch;
    jp_store          *store;
    jp_scorer         *scorer;
    jp_cited          *cited; /* [p.n_targets] */
    int               *group; /* [n_units] the document of each */
    jp_selection       found; /* all that are cited; its scores: what each shows alone */
} citation;

/* ---- the question --------------------------------------------------------------------------------------------------
 */

/* Units that lie in a document, whole, are those that may be hidden. */
static int keep_documents(citation *c, jopa_error *e) {
    jp_prompt *p = &c->p.prompt;
    jp_range  *ranges = malloc((size_t)(p->n_units + 1) * sizeof *ranges);
    int        n = 0;
    if (!ranges) return jp_fail_memory(e);
    for (int u = 0; u < p->n_units; u++)
        if (jp_documents_at(&c->documents, p->units[u].start, p->units[u].end) >= 0)
            ranges[n++] = (jp_range){p->units[u].start, p->units[u].end};
    jp_units_restrict(p, ranges, n);
    free(ranges);
    return p->n_units ? JP_OK
                      : jp_fail(e, JOPA_ERROR_INPUT, "the documents hold no whole %s of the prompt: see `unit`",
                                jp_unit_kind_name((int)c->q->unit, NULL));
}

static int ask_citation(citation *c, jopa_error *e) {
    int status = jp_explain_problem_init(&c->p, &c->watch, c->q, e);
    if (status) return status;
    status = jp_documents_place(&c->documents, &c->p.prompt, e);
    if (!status) status = keep_documents(c, e);
    if (status) jp_explain_problem_free(&c->p);
    c->p.k = c->p.prompt.n_units;
    return status;
}

/* ---- the search ----------------------------------------------------------------------------------------------------
 */

static int open_citation_scorer(citation *c, jopa_error *e) {
    jp_limits limits = {.budget = c->q->budget,
                        .seconds = c->q->seconds,
                        .k = c->p.prompt.n_units,
                        .progress = jp_watch_scores,
                        .user = &c->watch};
    c->p.problem.target_first = 0;
    c->p.problem.target_last = c->p.n_response;
    c->p.problem.prompt = &c->p.prompt;
    jp_watch_stage(&c->watch, JP_STAGE_SEARCHING, NULL);
    int status = jp_store_new(&c->store, c->p.prompt.n_units, c->p.n_response, e);
    return status ? status : jp_scorer_stored(&c->scorer, c->model->engine, &c->p.problem, &limits, c->store, e);
}

static int make_cited(citation *c, jopa_error *e) {
    c->cited = calloc((size_t)c->p.n_targets, sizeof *c->cited);
    c->group = malloc((size_t)c->p.prompt.n_units * sizeof *c->group);
    int status = c->cited && c->group ? jp_selection_init(&c->found, c->p.prompt.n_units, e) : jp_fail_memory(e);
    for (int i = 0; i < c->p.n_targets && !status; i++) {
        c->cited[i].first = c->p.targets[i].first;
        c->cited[i].last = c->p.targets[i].last;
        if (jp_bitset_init(&c->cited[i].selected, c->p.prompt.n_units)) status = jp_fail_memory(e);
    }
    return status;
}

static int search_citations(citation *c, jopa_error *e) {
    jp_cite_task task = {.scorer = c->scorer,
                         .store = c->store,
                         .threshold = c->q->threshold,
                         .share = c->q->min_drop,
                         .group = c->group};
    for (int u = 0; u < c->p.prompt.n_units; u++)
        c->group[u] = jp_documents_at(&c->documents, c->p.prompt.units[u].start, c->p.prompt.units[u].end);
    int status = jp_cite_search(&task, c->cited, c->p.n_targets, c->found.score, e);
    for (int i = 0; i < c->p.n_targets && status <= 0; i++)
        for (int u = jp_bitset_next(&c->cited[i].selected, 0); u >= 0; u = jp_bitset_next(&c->cited[i].selected, u + 1))
            jp_bitset_add(&c->found.selected, u);
    return status;
}

/* ---- the result ----------------------------------------------------------------------------------------------------
 */

static int fill_citation(citation *c, jp_explanation *x, jopa_error *e) {
    int status = jp_use_fill(x, c->model, c->scorer, &c->p, &c->found, c->q, "jopa", e);
    if (!status) status = jp_cite_fill_documents(x, &c->documents, e);
    for (int i = 0; i < c->p.n_targets && !status; i++)
        status = jp_cite_fill(x, &c->p, &c->documents, &c->p.targets[i], &c->cited[i], e);
    if (!status && !c->watch.stopped && c->q->metrics)
        status = jp_explain_measure(x, c->scorer, &c->watch, &c->p, &c->found.selected, c->found.score, c->q, e);
    return x->response_text ? jp_explain_stopped(x, &c->watch, status, e) : status;
}

static void free_citation(citation *c) {
    for (int i = 0; c->cited && i < c->p.n_targets; i++) jp_bitset_free(&c->cited[i].selected);
    free(c->cited);
    free(c->group);
    jp_selection_free(&c->found);
    jp_scorer_free(c->scorer);
    jp_store_free(c->store);
    jp_explain_problem_free(&c->p);
}

int jp_cite(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e) {
    citation c = {.q = q, .model = m, .documents = q->documents};
    jp_watch_begin(&c.watch, m, q);
    int status = ask_citation(&c, e);
    if (status) return status;
    jopa_result *r = jp_result_new("cite", 1);
    status = r ? make_cited(&c, e) : jp_fail_memory(e);
    if (!status) status = open_citation_scorer(&c, e);
    if (!status) status = search_citations(&c, e);
    if (!status || status == JP_STOP) status = fill_citation(&c, &r->items[0], e);
    free_citation(&c);
    if (status) jopa_result_free(r);
    else *out = r;
    return status;
}
