#include "bench/measures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

static double drop(const jp_explanation *x) { return x->log_prob.drop; }
static double share(const jp_explanation *x) { return 100 * x->sparsity; }
static double synergy(const jp_explanation *x) { return x->joint.present ? x->joint.synergy : NAN; }
static double evaluations_figures(const jp_explanation *x) { return (double)x->cost.evaluations; }
static double gradients(const jp_explanation *x) { return (double)x->cost.gradients; }
static double decoded(const jp_explanation *x) { return (double)x->cost.decoded_tokens; }

/* Seconds are not among them: the same seed gives the same tables. */
static const struct {
    const char *key, *title;
    int         better;
    double (*value)(const jp_explanation *);
} known[] = {
    {"log_prob.drop", "Drop of the response's log-probability, nats", 1, drop},
    {"prob.drop_per_token", "Drop per token, nats", 1, NULL},
    {"prob.probability_ratio", "Probability ratio per token, masked to full", -1, NULL},
    {"prob.perplexity_masked", "Perplexity of the response, prompt masked", 1, NULL},
    {"prob.kl_divergence", "KL divergence of next-token distributions, nats", 1, NULL},
    {"words.total_variation", "Total variation of word frequencies, regenerated response", 1, NULL},
    {"words.bleu", "BLEU of the regenerated response", -1, NULL},
    {"words.rouge1", "ROUGE-1 of the regenerated response", -1, NULL},
    {"words.rougeL", "ROUGE-L of the regenerated response", -1, NULL},
    {"meaning.encoder_distance", "1 - cosine of sentence embeddings, regenerated response", 1, NULL},
    {"meaning.state_distance", "1 - cosine of the model's own mean states, regenerated response", 1, NULL},
    {"curves.deletion_area", "Area under the deletion curve, nats", -1, NULL},
    {"curves.insertion_area", "Area under the insertion curve, nats", 1, NULL},
    {"lds.spearman", "Linear datamodeling score, rank correlation", 1, NULL},
    {"top_k_drop.top_1", "Drop with the unit of the highest score hidden, nats", 1, NULL},
    {"top_k_drop.top_3", "Drop with the 3 units of the highest scores hidden, nats", 1, NULL},
    {"top_k_drop.top_5", "Drop with the 5 units of the highest scores hidden, nats", 1, NULL},
    {"sparsity", "Hidden tokens, % of the maskable ones", 0, share},
    {"joint.synergy", "Synergy: drop beyond the sum of single drops, nats", 0, synergy},
    {"cost.evaluations", "Evaluations", 0, evaluations_figures},
    {"cost.gradients", "Gradients", 0, gradients},
    {"cost.decoded_tokens", "Tokens decoded", 0, decoded},
};

enum { KNOWN = sizeof known / sizeof *known };

static bool ends_in_digit(const char *text) { return *text && jp_ascii_is_digit(text[strlen(text) - 1]); }

/* Said already by other measures, or points of a curve. */
static bool is_redundant(const jp_result_metric *m) {
    if (!strcmp(m->group, "prob"))
        return !strcmp(m->name, "drop") || !strcmp(m->name, "log_probability_ratio") || !strcmp(m->name, "perplexity");
    return !strcmp(m->group, "sparsity") || (!strcmp(m->group, "curves") && ends_in_digit(m->name));
}

static bool is_key(const char *key, const jp_result_metric *m) {
    size_t size = strlen(m->group);
    return !strncmp(key, m->group, size) && key[size] == '.' && !strcmp(key + size + 1, m->name);
}

double jp_measure_value(const jp_measure *m, const jp_explanation *x) {
    for (int i = 0; i < KNOWN; i++)
        if (known[i].value && !strcmp(known[i].key, m->key)) return known[i].value(x);
    for (int i = 0; i < x->n_metrics; i++)
        if (is_key(m->key, &x->metrics[i])) return x->metrics[i].value;
    return NAN;
}

/* ---- collecting -----------------------------------------------------------------------------------------------------
 */

/* Place in the tables: known ones in their order, others in front of "sparsity" as they come. */
static double place_figures(const char *key) {
    int sparsity = 0;
    for (int i = 0; i < KNOWN; i++) {
        if (!strcmp(known[i].key, key)) return i;
        if (!strcmp(known[i].key, "sparsity")) sparsity = i;
    }
    return sparsity - 0.5;
}

static int add_figures(jp_measures *m, const char *key) {
    int at = m->n;
    for (int i = 0; i < m->n; i++)
        if (!strcmp(m->items[i].key, key)) return JP_OK;
    if (m->n == m->capacity) {
        int         capacity = m->capacity ? 2 * m->capacity : 32;
        jp_measure *items = realloc(m->items, (size_t)capacity * sizeof *items);
        if (!items) return JOPA_ERROR_MEMORY;
        m->items = items;
        m->capacity = capacity;
    }
    jp_measure made = {.key = strdup(key)};
    if (!made.key) return JOPA_ERROR_MEMORY;
    made.title = made.key;
    for (int i = 0; i < KNOWN; i++) {
        if (strcmp(known[i].key, key)) continue;
        made.title = known[i].title;
        made.better = known[i].better;
    }
    for (; at > 0 && place_figures(m->items[at - 1].key) > place_figures(key); at--) m->items[at] = m->items[at - 1];
    m->items[at] = made;
    m->n++;
    return JP_OK;
}

int jp_measures_collect(jp_measures *m, const jp_explanation *x) {
    int status = JP_OK;
    for (int i = 0; i < KNOWN && !status; i++)
        if (known[i].value && isfinite(known[i].value(x))) status = add_figures(m, known[i].key);
    for (int i = 0; i < x->n_metrics && !status; i++) {
        char key[160];
        if (is_redundant(&x->metrics[i]) || !isfinite(x->metrics[i].value)) continue;
        snprintf(key, sizeof key, "%s.%s", x->metrics[i].group, x->metrics[i].name);
        status = add_figures(m, key);
    }
    return status;
}

void jp_measures_free(jp_measures *m) {
    for (int i = 0; i < m->n; i++) free(m->items[i].key);
    free(m->items);
    *m = (jp_measures){0};
}
