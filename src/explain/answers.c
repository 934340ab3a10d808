/* Whether a result that is there answers a question: what was noted of its own is the same, defaults filled in. */
#include "explain/answers.h"

#include <string.h>

#include "base/excerpt.h"
#include "base/number.h"
#include "question/like.h"

/* What was noted by that name; NULL: nothing. */
static const char *noted(const jp_explanation *x, const char *name) {
    for (int i = 0; i < x->n_options; i++)
        if (!strcmp(x->options[i].name, name)) return x->options[i].value;
    return NULL;
}

static bool same_value(const jp_option *option, const char *a, const char *b) {
    double x = 0, y = 0;
    bool   number = option && (option->type == JP_TYPE_NUMBER || option->type == JP_TYPE_INTEGER);
    if (!a || !b || !strcmp(a, b)) return a == b || (a && b);
    return number && jp_parse_double(a, NULL, &x) && jp_parse_double(b, NULL, &y) && x == y; /* 1e1 and 10 */
}

/* `there` and `here`: what two questions asked by one name. */
static int check_noted(const jp_explanation *there, const jp_explanation *here, const char *name, jopa_error *e) {
    const jp_option *option = jp_option_find(jp_command_bit(here->command), name);
    const char      *a = noted(there, name), *b = noted(here, name), *fallback = option ? option->info.fallback : NULL;
    if (!a) a = fallback;
    if (!b) b = fallback;
    if (same_value(option, a, b)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_USAGE, "`%s` was %s, not %s", name, a ? jp_excerpt(a, 80).text : "not given",
                   b ? jp_excerpt(b, 80).text : "left out");
}

static int check_options(const jp_explanation *there, const jp_explanation *here, jopa_error *e) {
    unsigned         command = jp_command_bit(here->command);
    const jp_option *row;
    int              status = check_noted(there, here, "messages", e);
    for (int i = 0; (row = jp_option_row(i)) && !status; i++)
        if (row->answers && row->commands & command) status = check_noted(there, here, row->info.name, e);
    return status;
}

static int check_text(const char *what, const char *there, const char *here, jopa_error *e) {
    if (same_value(NULL, there ? there : "", here ? here : "")) return JP_OK;
    return jp_fail(e, JOPA_ERROR_USAGE, "the %s was %s, not %s", what, jp_excerpt(there ? there : "unknown", 80).text,
                   jp_excerpt(here ? here : "unknown", 80).text);
}

static int check_model(const jp_explanation *there, const jopa_model *m, jopa_error *e) {
    jp_model_info info = {0};
    m->engine->ops->model_info(m->engine, &info);
    int status = check_text("engine", there->engine, m->engine->ops->name, e);
    if (!status) status = check_text("model", there->model.file, info.file, e);
    return status ? status : check_text("model's quantization", there->model.quantization, info.quantization, e);
}

int jp_answers(const jp_explanation *there, const jopa_model *m, const jp_question *q, jopa_error *e) {
    jp_explanation here = {.command = (char *)(uintptr_t)q->command_name};
    int            status = check_text("command", there->command, here.command, e);
    if (!status) status = check_model(there, m, e);
    if (!status) status = jp_question_record(q, &here, e);
    if (!status) status = check_options(there, &here, e);
    here.command = NULL;
    jp_explanation_free(&here);
    return status;
}
