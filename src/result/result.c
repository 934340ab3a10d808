#include "result/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/triggers.h"

static void free_prompt(jp_explanation *x) {
    for (int i = 0; i < x->n_prompt_tokens; i++) free(x->prompt_tokens[i].text);
    for (int i = 0; i < x->n_messages; i++) free(x->messages[i].role);
    for (int i = 0; i < x->n_units; i++) {
        free(x->units[i].text);
        free(x->units[i].role);
    }
    free(x->prompt_text);
    free(x->prompt_tokens);
    free(x->messages);
    free(x->units);
}

static void free_metrics(jp_explanation *x) {
    for (int i = 0; i < x->n_metrics; i++) {
        free(x->metrics[i].group);
        free(x->metrics[i].name);
    }
    free(x->metrics);
}

static void free_trust(jp_explanation *x) {
    for (int i = 0; i < x->n_operators; i++) free(x->operators[i].name);
    free(x->operators);
    free(x->stability.frequency);
    free(x->stability.low);
    free(x->stability.high);
    for (int i = 0; i < x->stability.near.n_sets; i++) free(x->stability.near.sets[i].units);
    free(x->stability.near.sets);
}

static void free_losses(jp_result_loss *losses, int n) {
    for (int i = 0; i < n; i++) {
        free(losses[i].target);
        free(losses[i].units);
        free(losses[i].tokens);
        free(losses[i].sentences);
    }
    free(losses);
}

static void free_matrix(jp_explanation *x) {
    free_losses(x->matrix.rows, x->matrix.n_rows);
    free_losses(x->matrix.sets, x->matrix.n_sets);
    free(x->matrix.sentences);
}

static void free_triggers(jp_result_trigger *t, int n) {
    for (int i = 0; i < n; i++) {
        free(t[i].text);
        free(t[i].role);
    }
    free(t);
}

static void free_uses(jp_explanation *x) {
    free_triggers(x->audit.sentences, x->audit.n_sentences);
    free_triggers(x->audit.words, x->audit.n_words);
    free(x->audit.until);
    free(x->audit.unmasked_response);
    free(x->audit.words_response);
    for (int i = 0; i < x->compression.n_turns; i++) {
        free(x->compression.turns[i].role);
        free(x->compression.turns[i].content);
    }
    free(x->compression.turns);
    free(x->compression.text);
}

static void free_citations(jp_explanation *x) {
    for (int i = 0; i < x->n_documents; i++) free(x->documents[i].title);
    for (int i = 0; i < x->n_citations; i++) {
        jp_result_citation *c = &x->citations[i];
        for (int j = 0; j < c->n_sources; j++) {
            free(c->sources[j].type);
            free(c->sources[j].cited_text);
            free(c->sources[j].document_title);
        }
        free(c->sources);
        free(c->text);
    }
    free(x->documents);
    free(x->citations);
}

static void free_options(jp_explanation *x) {
    for (int i = 0; i < x->n_options; i++) {
        free(x->options[i].name);
        free(x->options[i].value);
    }
    free(x->options);
}

static void free_targets(jp_explanation *x) {
    for (int i = 0; i < x->against.n_tokens; i++) free(x->against.tokens[i].text);
    free(x->against.tokens);
    free(x->against.name);
    free(x->against.text);
    for (int i = 0; i < x->n_targets; i++) {
        jp_result_target *t = &x->targets[i];
        free(t->name);
        free(t->text);
        free(t->log_probs);
        free(t->masked_log_probs);
        free(t->selected);
        free(t->stopped);
    }
    free(x->targets);
}

static void free_levels(jp_explanation *x) {
    for (int i = 0; i < x->n_levels; i++) {
        free(x->levels[i].unit);
        free(x->levels[i].selected);
    }
    free(x->levels);
}

void jp_explanation_free(jp_explanation *x) {
    for (int i = 0; i < x->n_response_tokens; i++) free(x->response_tokens[i].text);
    free_prompt(x);
    free_options(x);
    free_metrics(x);
    free_uses(x);
    free_citations(x);
    free_trust(x);
    free_matrix(x);
    free_targets(x);
    free_levels(x);
    char *owned[] = {x->version,
                     x->command,
                     x->model.file,
                     x->model.architecture,
                     x->model.quantization,
                     x->model.weights,
                     x->model.devices,
                     x->engine,
                     x->method,
                     x->op,
                     x->unit,
                     x->chat_template.name,
                     x->chat_template.hash,
                     x->chat_template.date,
                     x->response_text,
                     x->stopped,
                     x->masked_response,
                     x->id,
                     x->failed};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(x->response_tokens);
    free(x->selected);
    free(x->joint.necessary);
    free(x->joint.pairs);
    free(x->trace);
    memset(x, 0, sizeof *x);
}

struct jopa_result *jp_result_new(const char *command, int n) {
    struct jopa_result *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->command = strdup(command);
    r->items = calloc(n > 0 ? (size_t)n : 1, sizeof *r->items);
    r->n_items = n;
    for (int i = 0; i < n && r->items; i++) r->items[i].noise = NAN;
    r->list = !strcmp(command, "compare") || !strcmp(command, "score");
    if (r->command && r->items) return r;
    free(r->command);
    free(r->items);
    free(r);
    return NULL;
}

int jp_result_join(struct jopa_result *to, struct jopa_result *from, jopa_error *e) {
    size_t          n = (size_t)to->n_items + (size_t)from->n_items;
    jp_explanation *items = realloc(to->items, (n ? n : 1) * sizeof *items);
    if (!items) return jp_fail_memory(e);
    memcpy(items + to->n_items, from->items, (size_t)from->n_items * sizeof *items);
    to->items = items;
    int status = jp_triggers_count(to, (int)n, e);
    if (status) return status;
    to->n_items = (int)n;
    to->list = true;
    from->n_items = 0;
    return JP_OK;
}

void jopa_result_free(jopa_result *r) {
    if (!r) return;
    for (int i = 0; i < r->n_items; i++) jp_explanation_free(&r->items[i]);
    jp_triggers_free(r->triggers, r->n_triggers);
    free(r->items);
    free(r->command);
    free(r);
}

bool jp_first_of_group(const jp_result_metric *m, int i) {
    for (int j = 0; j < i; j++)
        if (!strcmp(m[j].group, m[i].group)) return false;
    return true;
}

bool jp_result_compares(const struct jopa_result *r) { return r->list && strcmp(r->command, "audit"); }

const char *jp_explanation_label(const jp_explanation *x) {
    return !strcmp(x->command, "score") && x->id ? x->id : x->method;
}
