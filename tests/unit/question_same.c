#include "question_same.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* ---- the same -----------------------------------------------------------------------------------------------------
 */

static void same_text(const char *what, const char *a, const char *b) {
    if (!a != !b || (a && strcmp(a, b))) fail_msg("%s: '%s' and '%s'", what, a ? a : "(none)", b ? b : "(none)");
}

static void same_number(const char *what, double a, double b) {
    if (!(a == b)) fail_msg("%s: %g and %g", what, a, b);
}

static void same_texts(const char *what, const char *const *a, int n, const char *const *b, int m) {
    same_number(what, n, m);
    for (int i = 0; i < n; i++) same_text(what, a[i], b[i]);
}

static void same_operator(const jp_operator_choice *a, const jp_operator_choice *b) {
    same_text("operator", a->name, b->name);
    same_text("operator's text", a->text, b->text);
    same_number("operator's kind", a->op.kind, b->op.kind);
}

static void same_prompt(const jp_question *a, const jp_question *b) {
    same_texts("roles of the chat", a->roles, a->n_messages, b->roles, b->n_messages);
    same_texts("contents", a->contents, a->n_messages, b->contents, b->n_messages);
    same_number("raw", a->raw, b->raw);
    same_number("chat", a->chat, b->chat);
    same_text("response", a->response, b->response);
    same_number("max_tokens", a->max_tokens, b->max_tokens);
    same_number("targets", a->n_targets, b->n_targets);
    for (int i = 0; i < a->n_targets; i++) same_text("target", a->targets[i].given, b->targets[i].given);
}

static void same_search(const jp_question *a, const jp_question *b) {
    same_number("methods", a->n_methods, b->n_methods);
    for (int i = 0; i < a->n_methods; i++) {
        assert_ptr_equal(a->methods[i].method, b->methods[i].method);
        same_text("method's label", a->methods[i].label, b->methods[i].label);
        same_number("method's sparsity", a->methods[i].sparsity, b->methods[i].sparsity);
        same_number("method's budget", a->methods[i].budget, b->methods[i].budget);
    }
    same_text("rule", a->rule, b->rule);
    same_number("k", a->k, b->k);
    same_number("sparsity", a->sparsity, b->sparsity);
    same_number("min_drop", a->min_drop, b->min_drop);
    same_number("automatic levels", a->levels.automatic, b->levels.automatic);
    same_number("levels", a->levels.given.n, b->levels.given.n);
    for (int i = 0; i < a->levels.given.n; i++)
        same_number("level", a->levels.given.kinds[i], b->levels.given.kinds[i]);
    same_number("budget", a->budget, b->budget);
    same_number("budget_per_unit", a->budget_per_unit, b->budget_per_unit);
    same_number("time", a->seconds, b->seconds);
    assert_true(a->seed == b->seed);
}

static void same_use(const jp_question *a, const jp_question *b) {
    same_number("repeat", a->repeat, b->repeat);
    same_number("matrix", a->matrix, b->matrix);
    same_number("operators", a->n_operators, b->n_operators);
    for (int i = 0; i < a->n_operators; i++) same_operator(&a->operators[i], &b->operators[i]);
    same_number("metrics", a->metrics, b->metrics);
    same_text("id", a->id, b->id);
    same_number("by_response", a->by_response, b->by_response);
    same_number("refusal", a->refusal, b->refusal);
    same_number("threshold", a->threshold, b->threshold);
    same_number("similarity", a->similarity, b->similarity);
    same_number("tolerance", a->tolerance, b->tolerance);
    same_number("ratio", a->ratio, b->ratio);
}

void assert_same_question(const jp_question *a, const jp_question *b) {
    assert_int_equal(a->command, b->command);
    same_text("command", a->command_name, b->command_name);
    same_prompt(a, b);
    same_number("unit", a->unit, b->unit);
    same_text("roles", a->mask_roles, b->mask_roles);
    same_texts("keep", a->keep, a->n_keep, b->keep, b->n_keep);
    same_number("marks", a->marks, b->marks);
    same_operator(&a->op, &b->op);
    same_search(a, b);
    same_use(a, b);
}

void assert_same_asked(const jopa_options *a, const jopa_options *b) {
    jp_question p, q;
    jopa_error  e = {0};
    if (jp_question_init(&p, a, &e)) fail_msg("%s", e.message);
    if (jp_question_init(&q, b, &e)) fail_msg("%s", e.message);
    assert_same_question(&p, &q);
    jp_question_free(&p);
    jp_question_free(&q);
}

/* ---- random values ------------------------------------------------------------------------------------------------
 */

unsigned next_random(unsigned *state, unsigned below) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* Names that some options take and others have in lists; options are told apart by name. */
static const struct {
    const char *name, *values[7];
} known[] = {
    {"prompt", {"a doctor and the patient", "The story is short. The doctor waits.", "become \xe2\x82\xac friend"}},
    {"system", {"Be kind.", "the story"}},
    {"response", {" the doctor is a friend", " the patient"}},
    {"target", {"0:5", "1:9", "4:12"}},
    {"unit", {"token", "word", "sentence"}},
    {"roles", {"user", "all", "system,user"}},
    {"operator", {"zero", "mean", "delete", "token:_"}},
    {"operators", {"all", "zero,delete", "token:_"}},
    {"method", {"ablation", "random", "jopa", "random,ablation"}},
    {"methods", {"ablation@0.2/50", "random", "jopa,random/3"}},
    {"levels", {"auto", "none"}},
    {"metrics", {"none", "prob", "words,sparsity", "prob,words"}},
    {"max_tokens", {"3", "5"}},
    {"k", {"1", "2", "3"}},
    {"budget", {"40", "70"}},
    {"time", {"30", "1e3", "60.5"}},
    {"repeat", {"1", "2"}},
    {"seed", {"0", "1", "18446744073709551615"}},
    {"threads", {"1", "2"}},
    {"ctx", {"0", "2048"}},
    {"hide", {"doctor", "0,2", "1-2"}},
    {"keep", {"doctor", "the", "patient"}},
    {"id", {"one", "two"}},
    {"data", {"some.jsonl", "more.jsonl"}},
    {"results", {"results.jsonl"}},
};

static const char *number_between(const jopa_option_info *info, unsigned *random) {
    static char text[32];
    double      most = info->most < info->least + 4 ? info->most : info->least + 4;
    snprintf(text, sizeof text, "%.3f", info->least + (most - info->least) * (1 + next_random(random, 98)) / 100);
    return text;
}

/* One of the names that the row itself lists. */
static const char *one_of(const char *list, unsigned *random) {
    static char text[64];
    unsigned    n = 1;
    for (const char *at = list; *at; at++) n += *at == ',';
    for (unsigned i = next_random(random, n); i > 0; i--) list = strchr(list, ',') + 1;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(list, ","), list);
    return text;
}

const char *random_value(const jopa_option_info *info, unsigned *random) {
    if (info->values && strncmp(info->values, "jopa list", 9)) return one_of(info->values, random);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        unsigned n = 0;
        if (strcmp(known[i].name, info->name)) continue;
        while (n < 7 && known[i].values[n]) n++;
        return known[i].values[next_random(random, n)];
    }
    if (!strcmp(info->type, "switch")) return next_random(random, 2) ? "true" : "false";
    if (!strcmp(info->type, "number")) return number_between(info, random);
    return info->fallback;
}
