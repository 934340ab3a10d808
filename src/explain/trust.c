#include "explain/trust.h"

#include <stdlib.h>
#include <string.h>

#include "search/study.h"

enum { MOST_OPERATORS = 16, MOST_RUNS = 10000 };

/* Call `visit` for each name of a comma-separated list. */
static int each_operator(const char *list, int (*visit)(void *user, const char *name, jopa_error *e), void *user,
                         jopa_error *e) {
    int status = *list ? JP_OK : jp_fail(e, JOPA_ERROR_USAGE, "--operators: name some, such as zero,delete, or all");
    for (const char *at = list; *at && !status;) {
        char   name[256];
        size_t size = strcspn(at, ",");
        if (!size || size >= sizeof name)
            return jp_fail(e, JOPA_ERROR_USAGE, "--operators %s: not a list of operators; see `jopa list operators`",
                           list);
        memcpy(name, at, size);
        name[size] = '\0';
        status = visit(user, name, e);
        at += size + (at[size] == ',');
    }
    return status;
}

static int known_operator(void *user, const char *name, jopa_error *e) {
    jp_operator op;
    const char *text;
    (void)user;
    return jp_operator_parse(name, &op, &text, e);
}

int jp_trust_check(const jopa_explain_options *o, jopa_error *e) {
    if (o->repeat < 0 || o->repeat > MOST_RUNS)
        return jp_fail(e, JOPA_ERROR_USAGE, "--repeat %d: a number of runs, at most %d", o->repeat, MOST_RUNS);
    if (!(o->min_drop >= 0 && o->min_drop <= 1))
        return jp_fail(e, JOPA_ERROR_USAGE, "--min-drop %g: a share of the largest drop, above 0, at most 1, is needed",
                       o->min_drop);
    return o->operators && strcmp(o->operators, "all") ? each_operator(o->operators, known_operator, NULL, e) : JP_OK;
}

/* ---- other seeds ------------------------------------------------------------------------------------------------ */

static int fill_stability(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                          const jp_limits *limits, int runs, jopa_error *e) {
    jp_stability s;
    int          status = jp_study_repeat(&s, m->engine, &p->problem, limits, method, p->k, 1, runs, e);
    if (status > 0) return status;
    x->stability.present = s.runs > 0;
    x->stability.runs = s.runs;
    x->stability.mean = s.mean;
    x->stability.deviation = s.deviation;
    x->stability.evaluations = s.evaluations;
    x->stability.frequency = s.frequency;
    x->stability.n_frequency = p->prompt.n_units;
    s.frequency = NULL; /* the explanation's now */
    jp_stability_free(&s);
    return JP_OK;
}

/* ---- other operators -------------------------------------------------------------------------------------------- */

/* "all": those of the table that need no text. */
static const char *every_operator(int index) {
    const char *summary, *name = jp_operator_name(index, &summary);
    return name && !strchr(name, ':') ? name : NULL;
}

typedef struct {
    jp_explanation *x;
    jp_engine      *engine;
    jp_operator     ops[MOST_OPERATORS];
} operator_list;

static int add_operator(void *user, const char *name, jopa_error *e) {
    operator_list  *list = user;
    jp_explanation *x = list->x;
    if (x->n_operators == MOST_OPERATORS)
        return jp_fail(e, JOPA_ERROR_USAGE, "--operators: more than %d", MOST_OPERATORS);
    int status = jp_explain_operator(&list->ops[x->n_operators], list->engine, name, e);
    if (status) return status;
    x->operators[x->n_operators].name = strdup(name);
    return x->operators[x->n_operators++].name ? JP_OK : jp_fail_memory(e);
}

static int fill_operators(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_bitset *selected,
                          const char *names, jopa_error *e) {
    operator_list list = {.x = x, .engine = m->engine};
    double        drops[MOST_OPERATORS];
    int           status = JP_OK;
    x->operators = calloc(MOST_OPERATORS, sizeof *x->operators);
    if (!x->operators) return jp_fail_memory(e);
    if (strcmp(names, "all")) status = each_operator(names, add_operator, &list, e);
    else
        for (int i = 0; every_operator(i) && !status; i++) status = add_operator(&list, every_operator(i), e);
    if (!status) status = jp_study_operators(drops, m->engine, &p->problem, selected, list.ops, x->n_operators, e);
    for (int i = 0; i < x->n_operators && !status; i++) x->operators[i].drop = drops[i];
    return status;
}

int jp_trust_fill(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_method *method,
                  const jp_bitset *selected, const jp_limits *limits, const jopa_explain_options *o, jopa_error *e) {
    int status = o->repeat > 0 ? fill_stability(x, m, p, method, limits, o->repeat, e) : JP_OK;
    if (!status && o->operators) status = fill_operators(x, m, p, selected, o->operators, e);
    return status;
}
