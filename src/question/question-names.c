/* Names of methods and operators, as they are written in options. */
#include <limits.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/parse.h"
#include "question/question.h"

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static const char *name_of_method(int index) {
    const jp_method *m = jp_method_at(index);
    return m ? m->name : NULL;
}

static int find_method_named(const jp_method **out, const char *name, jopa_error *e) {
    *out = jp_method_find(name);
    if (*out) return JP_OK;
    const char *nearest = jp_nearest(name, name_of_method);
    return nearest ? jp_fail(e, JOPA_ERROR_USAGE, "unknown method '%s': did you mean '%s'? See `jopa list methods`",
                             name, nearest)
                   : jp_fail(e, JOPA_ERROR_USAGE, "unknown method '%s': see `jopa list methods`", name);
}

/* What follows a method's name: "@0.08/50". */
static int parse_variant_of(jp_method_choice *c, char *rest, jopa_error *e) {
    char *slash = strchr(rest, '/');
    if (slash) *slash = '\0';
    if ((*rest && *rest != '@') || (slash && strchr(slash + 1, '@')))
        return jp_fail(e, JOPA_ERROR_USAGE, "'%s' is not NAME, NAME@SPARSITY or NAME/BUDGET", c->label);
    if (*rest == '@' && (!jp_parse_double(rest + 1, NULL, &c->sparsity) || !(c->sparsity > 0 && c->sparsity <= 1)))
        return jp_fail(e, JOPA_ERROR_USAGE, "'%s': after @ comes a sparsity above 0, at most 1", c->label);
    if (slash && (!jp_parse_integer(slash + 1, &c->budget) || c->budget < 1))
        return jp_fail(e, JOPA_ERROR_USAGE, "'%s': after / comes a number of evaluations, at least 1", c->label);
    return JP_OK;
}

static bool is_chosen(const jp_question *q, const char *label) {
    for (int i = 0; i < q->n_methods; i++)
        if (!strcmp(q->methods[i].label, label)) return true;
    return false;
}

static int add_method(jp_question *q, const char *text, size_t size, bool variants, jopa_error *e) {
    jp_method_choice *made = &q->methods[q->n_methods], choice = {.method = NULL};
    char              name[JP_LABEL_SIZE];
    if (size >= sizeof choice.label)
        return jp_fail(e, JOPA_ERROR_USAGE, "'%s' is not a method: see `jopa list methods`",
                       jp_excerpt_of(text, size, 100).text);
    if (q->n_methods == JP_MOST_METHODS)
        return jp_fail(e, JOPA_ERROR_USAGE, "more than %d methods at once", JP_MOST_METHODS);
    memcpy(choice.label, text, size);
    if (variants && is_chosen(q, choice.label)) return JP_OK;
    memcpy(name, choice.label, sizeof name);
    char   rest[JP_LABEL_SIZE] = "";
    size_t length = variants ? strcspn(name, "@/") : strlen(name);
    memcpy(rest, name + length, strlen(name + length));
    name[length] = '\0';
    int status = parse_variant_of(&choice, rest, e);
    if (!status) status = find_method_named(&choice.method, name, e);
    if (status) return status;
    *made = choice;
    q->n_methods++;
    return JP_OK;
}

int jp_question_method(jp_question *q, const char *name, jopa_error *e) {
    return add_method(q, name, strlen(name), false, e);
}

int jp_question_methods(jp_question *q, const char *list, bool variants, jopa_error *e) {
    int status = JP_OK;
    q->n_methods = 0;
    for (const char *at = list; *at && !status;) {
        size_t size = strcspn(at, ",");
        status = size ? add_method(q, at, size, variants, e)
                      : jp_fail(e, JOPA_ERROR_USAGE, "'%s' is not a list of methods: see `jopa list methods`", list);
        at += size + (at[size] == ',');
    }
    if (!status && !q->n_methods) status = jp_fail(e, JOPA_ERROR_USAGE, "no method given: see `jopa list methods`");
    return status;
}

/* ---- operators ------------------------------------------------------------------------------------------------------
 */

int jp_operator_choose(jp_operator_choice *out, const char *name, jopa_error *e) {
    jp_operator_choice made = {.name = name};
    int                status = jp_operator_parse(name, &made.op, &made.text, e);
    if (!status) *out = made;
    return status;
}

/* "all": those of the table that need no text. */
static int choose_every_operator(jp_question *q, jopa_error *e) {
    const char *summary, *name;
    int         status = JP_OK;
    for (int i = 0; (name = jp_operator_name(i, &summary)) && !status; i++)
        if (!strchr(name, ':')) status = jp_operator_choose(&q->operators[q->n_operators++], name, e);
    return status;
}

int jp_question_operators(jp_question *q, const char *list, jopa_error *e) {
    q->n_operators = 0;
    if (!strcmp(list, "all")) return choose_every_operator(q, e);
    int status = *list ? jp_split(&q->operator_names, list, e)
                       : jp_fail(e, JOPA_ERROR_USAGE, "`operators`: name some, such as zero,delete, or all");
    if (!status && q->operator_names.n > JP_MOST_OPERATORS)
        status = jp_fail(e, JOPA_ERROR_USAGE, "`operators`: more than %d", JP_MOST_OPERATORS);
    for (int i = 0; i < q->operator_names.n && !status; i++)
        status = *q->operator_names.at[i]
                     ? jp_operator_choose(&q->operators[q->n_operators++], q->operator_names.at[i], e)
                     : jp_fail(e, JOPA_ERROR_USAGE,
                               "`operators` %s: not a list of operators; see `jopa list operators`", list);
    return status;
}
