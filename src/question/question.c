#include "question/question.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table.h"
#include "engine/template/template.h"
#include "metric/metric.h"

/* ---- the prompt and its response ------------------------------------------------------------------------------- */

static int check_tools(const char *text, jopa_error *e) {
    json_t *tools = text ? json_loads(text, 0, NULL) : NULL;
    bool    fine = !text || json_array_size(tools);
    for (size_t i = 0; i < json_array_size(tools); i++) fine &= json_is_object(json_array_get(tools, i));
    json_decref(tools);
    return fine ? JP_OK : jp_fail(e, JOPA_ERROR_INPUT, "`tools`: a JSON array of objects is needed, one a tool");
}

static int resolve_template(jp_question *q, const jopa_options *o, jopa_error *e) {
    q->tools = jp_options_text(o, "tools");
    q->chat_template = jp_options_text(o, "template");
    q->template_args = jp_options_text(o, "template_args");
    if (q->raw && (q->tools || q->chat_template || q->template_args))
        return jp_fail(e, JOPA_ERROR_USAGE, "`raw` has no chat template: leave `%s` out",
                       q->tools           ? "tools"
                       : q->chat_template ? "template"
                                          : "template_args");
    int status = check_tools(q->tools, e);
    return status ? status : jp_template_check(q->template_args, e);
}

/* The chat that was given, or one made of the prompt and the system's text. */
static int resolve_chat(jp_question *q, const jopa_options *o, jopa_error *e) {
    const char *prompt = jp_options_text(o, "prompt"), *system = jp_options_text(o, "system");
    q->chat = o->n_messages > 0;
    q->raw = jp_options_switch(o, "raw");
    if (q->command == JP_BENCH) return JP_OK;
    if (q->chat && prompt) return jp_fail(e, JOPA_ERROR_USAGE, "one prompt at a time: `prompt` or a chat's messages");
    if (q->chat && system)
        return jp_fail(e, JOPA_ERROR_USAGE, "the chat holds the system's text itself: leave `system` out");
    if (!q->chat && !prompt)
        return jp_fail(e, JOPA_ERROR_USAGE, "no prompt: give its text, `prompt_file` or `messages`");
    if (q->raw && (system || o->n_messages > 1))
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`raw` takes one text: put the system text into the prompt, or leave `raw` out");
    q->roles = (const char *const *)o->roles;
    q->contents = (const char *const *)o->contents;
    q->extras = (const char *const *)o->extras;
    q->n_messages = o->n_messages;
    return q->chat ? JP_OK : jp_question_prompt(q, prompt, system, e);
}

int jp_question_prompt(jp_question *q, const char *prompt, const char *system, jopa_error *e) {
    enum { MOST = 2 }; /* roles, then contents */
    const char **texts = realloc(q->memory, 2 * MOST * sizeof *texts);
    int          n = 0;
    if (!texts) return jp_fail_memory(e);
    q->memory = texts;
    if (system) {
        texts[n] = "system";
        texts[MOST + n++] = system;
    }
    texts[n] = "user";
    texts[MOST + n++] = prompt;
    q->roles = texts;
    q->contents = texts + MOST;
    q->extras = NULL;
    q->n_messages = n;
    return JP_OK;
}

static bool several_targets(const jp_question *q) {
    return q->n_targets > 1 || (q->n_targets && q->targets[0].kind == JP_TARGET_SENTENCES);
}

static int resolve_targets(jp_question *q, const jopa_options *o, jopa_error *e) {
    int                      n, status = JP_OK;
    const char *const       *texts = jp_options_texts(o, "target", &n);
    static const char *const each = "sentence:all";
    if (!n && q->command == JP_CITE) texts = (n = 1, &each);
    if (!n) return JP_OK;
    q->targets = malloc((size_t)n * sizeof *q->targets);
    if (!q->targets) return jp_fail_memory(e);
    while (q->n_targets < n && !status) {
        status = jp_target_wish_parse(&q->targets[q->n_targets], texts[q->n_targets], e);
        q->n_targets += !status;
    }
    if (!status && several_targets(q) && q->command & (JP_AUDIT | JP_COMPRESS))
        status = jp_fail(e, JOPA_ERROR_USAGE, "`target`: %s takes one at a time", q->command_name);
    return status;
}

/* "=" before it makes a text of "next". */
static int resolve_against(jp_question *q, const jopa_options *o, jopa_error *e) {
    const char *text = jp_options_text(o, "against");
    if (!text) return JP_OK;
    q->against_next = !strcmp(text, "next");
    q->against = text + (*text == '=');
    if (!*q->against)
        return jp_fail(e, JOPA_ERROR_USAGE, "`against`: it is empty; give the text of another answer, or next");
    if (several_targets(q))
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "`against` is another answer to one `target`: ask for one target at a time");
    return JP_OK;
}

static int resolve_response(jp_question *q, const jopa_options *o, jopa_error *e) {
    q->response = jp_options_text(o, "response");
    q->max_tokens = jp_options_integer(o, "max_tokens");
    int status = resolve_targets(q, o, e);
    return status ? status : resolve_against(q, o, e);
}

/* ---- what is hidden, and the search ------------------------------------------------------------------------------ */

/* Whether the list names the role itself, not by "all". */
static bool names_role(const char *list, const char *role) {
    size_t length = strlen(role);
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ", ");
        if (size == length && !memcmp(at, role, size)) return true;
        at += size + (at[size] != '\0');
    }
    return false;
}

/* Those that look for what made a response search the prompt alone. */
static void resolve_response_roles(jp_question *q) {
    if (q->command & (JP_AUDIT | JP_COMPRESS | JP_CITE)) return;
    q->thinking = names_role(q->mask_roles, "thinking") || names_role(q->mask_roles, "assistant");
    q->before = names_role(q->mask_roles, "response");
}

static int resolve_units(jp_question *q, const jopa_options *o, jopa_error *e) {
    int status = jp_unit_kind_parse(jp_options_text(o, "unit"), &q->unit, e);
    q->mask_roles = q->command == JP_CITE ? "all" : jp_options_text(o, "roles");
    resolve_response_roles(q);
    q->keep = jp_options_texts(o, "keep", &q->n_keep);
    q->marks = jp_options_switch(o, "marks");
    const char *op = q->command == JP_COMPRESS ? "delete" : jp_options_text(o, "operator");
    if (!status && q->command == JP_COMPRESS && q->unit == JP_UNIT_MARKED)
        status = jp_fail(e, JOPA_ERROR_USAGE, "`unit` marked: marked spans are what is kept here; choose another unit");
    return status ? status : jp_operator_choose(&q->op, op, e);
}

static void resolve_effort(jp_question *q, const jopa_options *o) {
    q->k = jp_options_integer(o, "k");
    q->sparsity = q->command & (JP_COMPRESS | JP_AUDIT | JP_CITE) ? 1 : jp_options_number(o, "sparsity");
    q->min_drop = jp_options_number(o, "min_drop");
    q->budget = jp_options_integer(o, "budget");
    q->budget_per_unit = jp_options_number(o, "budget_per_unit");
    q->seconds = jp_options_number(o, "time");
    q->seed = jp_options_unsigned(o, "seed");
    q->repeat = jp_options_integer(o, "repeat");
    q->matrix = jp_options_switch(o, "matrix");
}

static int resolve_methods(jp_question *q, const jopa_options *o, jopa_error *e) {
    const char *method = jp_options_text(o, "method");
    switch (q->command) {
    case JP_COMPRESS: q->rule = method; return JP_OK;
    case JP_BENCH:
        return jp_question_methods(q, jopa_options_given(o, "method") ? method : jp_options_text(o, "methods"), true,
                                   e);
    case JP_AUDIT:
    case JP_CITE:
    case JP_SCORE: return jp_question_methods(q, "jopa", false, e);
    case JP_EXPLAIN: return jp_question_method(q, method, e);
    default: return jp_question_methods(q, method, false, e);
    }
}

/* Levels that were asked for by name; those that a long prompt would have are known later. */
static int check_flat(const jp_question *q, jopa_error *e) {
    bool applies = false;
    for (int i = 0; i < q->n_methods; i++) applies |= jp_levels_apply(q->methods[i].method->name);
    if (!applies || q->levels.given.n < 2 || !(q->repeat || q->min_drop > 0)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_USAGE,
                   "`repeat` and `min_drop` do not search by levels: set `levels` to none, or leave them out");
}

static int resolve_search(jp_question *q, const jopa_options *o, jopa_error *e) {
    const char *levels = jp_options_text(o, "levels"), *operators = jp_options_text(o, "operators"),
               *metrics = jp_options_text(o, "metrics");
    resolve_effort(q, o);
    int status = resolve_methods(q, o, e);
    if (!status) status = jp_levels_parse(&q->levels, levels ? levels : "none", q->unit, e);
    if (!status) status = check_flat(q, e);
    if (!status && operators) status = jp_question_operators(q, operators, e);
    return status ? status : jp_metric_parse(metrics ? metrics : "none", &q->metrics, e);
}

/* ---- uses ------------------------------------------------------------------------------------------------------ */

static int resolve_use(jp_question *q, const jopa_options *o, jopa_error *e) {
    const char *until = jp_options_text(o, "until");
    q->id = jp_options_text(o, "id");
    q->by_response = until && !strcmp(until, "response");
    q->refusal = jp_options_switch(o, "refusal");
    q->threshold = jp_options_number(o, "threshold");
    q->similarity = jp_options_number(o, "similarity");
    q->tolerance = jp_options_number(o, "tolerance");
    q->ratio = jp_options_number(o, "ratio");
    if (q->refusal && q->n_targets)
        return jp_fail(e, JOPA_ERROR_USAGE, "`refusal` finds the target itself: leave `target` out");
    if (q->ratio > 0 && jopa_options_given(o, "tolerance"))
        return jp_fail(e, JOPA_ERROR_USAGE, "`ratio` and `tolerance`: one of them");
    return JP_OK;
}

int jp_question_init(jp_question *q, const jopa_options *o, jopa_error *e) {
    *q = (jp_question){.command = o->command, .options = o, .progress = o->progress, .user = o->user};
    q->command_name = jp_command_name(__builtin_ctz(o->command));
    if (o->command & (JP_RENDER | JP_LIST | JP_MODEL)) return JP_OK; /* they ask a model nothing */
    int status = resolve_chat(q, o, e);
    if (!status && q->command == JP_CITE) status = jp_question_documents(q, o, e);
    if (!status) status = resolve_template(q, o, e);
    if (!status) status = resolve_response(q, o, e);
    if (!status) status = resolve_units(q, o, e);
    if (!status) status = resolve_search(q, o, e);
    if (!status) status = resolve_use(q, o, e);
    return status ? status : jp_engine_check(jp_options_text(o, "engine"), e);
}

void jp_question_free(jp_question *q) {
    free(q->memory);
    free(q->with_documents);
    free(q->asked_with_documents);
    jp_documents_free(&q->documents);
    free(q->targets);
    jp_parts_free(&q->operator_names);
    *q = (jp_question){0};
}

int jopa_options_check(const jopa_options *o, jopa_error *e) {
    jp_question q;
    int         status = jp_question_init(&q, o, e);
    jp_question_free(&q);
    return status;
}
