#include "asked.h"
#include "report_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char fixture_system[] = "Be <b>kind</b>.";
const char fixture_user[] = "A \"doctor\"\tand\na patient 👩‍⚕️ meet.";
const char fixture_response[] = "They met & <i>talked</i> 😀.";
const char fixture_masked[] = "They met & slept.";

static void add_token(jp_explanation *x, size_t start, size_t size, int unit) {
    char *text = strndup(x->prompt_text + start, size);
    if (size < 4 && (unsigned char)*text >= 0x80) { /* a cut character */
        free(text);
        text = strdup("\xef\xbf\xbd");
    }
    x->prompt_tokens[x->n_prompt_tokens++] =
        (jp_result_token){100 + x->n_prompt_tokens, text, start, start + size, unit};
}

static void add_unit(jp_explanation *x, size_t start, size_t size, const char *role, double score) {
    x->units[x->n_units] =
        (jp_result_unit){strndup(x->prompt_text + start, size), strdup(role), start, start + size, score,
                         score > 0 ? 0.5 + score / 20 : NAN,    false};
    add_token(x, start, size, x->n_units++);
}

/* Units of the user's text: its words with the space before, marks, and the emoji. */
static void add_user_units(jp_explanation *x, size_t from) {
    static const struct {
        int    size;
        double score;
    } units[] = {
        {1, 0.1}, {2, -0.25}, {6, 8.5}, {1, 0}, {4, 0.5}, {2, 0.125}, {8, 7.75}, {14, NAN}, {5, 1}, {1, 0.75},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        add_unit(x, from, (size_t)units[i].size, "user", units[i].score);
        from += (size_t)units[i].size;
    }
}

static void add_prompt(jp_explanation *x) {
    char text[512];
    snprintf(text, sizeof text, "<s>%s</s><u>%s</u>", fixture_system, fixture_user);
    size_t system = 3, user = system + strlen(fixture_system) + 7;
    x->prompt_text = strdup(text);
    x->prompt_tokens = calloc(32, sizeof *x->prompt_tokens);
    x->units = calloc(32, sizeof *x->units);
    x->messages = calloc(2, sizeof *x->messages);
    x->messages[x->n_messages++] = (jp_result_message){strdup("system"), 0, system, system + strlen(fixture_system)};
    x->messages[x->n_messages++] = (jp_result_message){strdup("user"), 2, user, user + strlen(fixture_user)};
    add_token(x, 0, system, -1);
    add_token(x, system, user - system, -1);
    add_user_units(x, user);
    add_token(x, user + strlen(fixture_user), 4, -1);
    x->selected = calloc(2, sizeof *x->selected);
    x->selected[x->n_selected++] = 2;
    x->selected[x->n_selected++] = 6;
    x->units[2].selected = x->units[6].selected = true;
}

static void add_response(jp_explanation *x) {
    static const struct {
        const char *text;
        double      full, masked;
    } tokens[] = {
        {"They", -0.5, -0.25},        {" met", -1.0, -4.5},           {" &", -2.0, -2.0},
        {" <", -0.125, -1},           {"i>talked</i>", -3, -12.0625}, {" \xef\xbf\xbd", -0.1, -0.2},
        {"\xef\xbf\xbd", -0.1, -0.3}, {"\xef\xbf\xbd", -0.1, -0.4},   {".", NAN, NAN},
    };
    x->response_text = strdup(fixture_response);
    x->response_tokens = calloc(16, sizeof *x->response_tokens);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        x->response_tokens[x->n_response_tokens++] =
            (jp_result_response_token){(int32_t)i, strdup(tokens[i].text), tokens[i].full, tokens[i].masked};
    x->target_last = x->n_response_tokens - 1;
}

static void add_joint(jp_explanation *x) {
    x->joint.present = true;
    x->joint.sum_of_single_drops = 5.25;
    x->joint.synergy = 8.5375;
    x->joint.necessary = calloc(2, sizeof *x->joint.necessary);
    x->joint.necessary[x->joint.n_necessary++] = (jp_result_necessary){2, 3.5};
    x->joint.necessary[x->joint.n_necessary++] = (jp_result_necessary){6, 1.75};
    x->joint.pairs = calloc(1, sizeof *x->joint.pairs);
    x->joint.pairs[x->joint.n_pairs++] = (jp_result_pair){2, 6, 13.7875, 8.5375};
}

static void add_metric(jp_explanation *x, const char *group, const char *name, double value) {
    x->metrics[x->n_metrics++] = (jp_result_metric){strdup(group), strdup(name), value};
}

static void add_rest(jp_explanation *x, const char *method) {
    x->version = strdup("0.1.0");
    x->command = strdup("explain");
    x->model.file = strdup("/models/tiny.gguf");
    x->model.architecture = strdup("llama");
    x->model.quantization = strdup("Q4_1");
    x->model.parameters = 134515008;
    x->engine = strdup("local");
    x->chat_template.name = strdup("default");
    x->chat_template.hash = strdup("872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788");
    x->chat_template.date = strdup("2026-01-31");
    x->chat_template.date_set = true;
    x->method = strdup(method);
    x->op = strdup("zero");
    x->unit = strdup("word");
    x->seed = UINT64_MAX;
    x->k = 2;
    x->sparsity = 0.2;
    x->log_prob.full = -6.925;
    x->log_prob.masked = -20.7125;
    x->log_prob.drop = 13.7875;
    x->masked_response = strdup(fixture_masked);
    x->metrics = calloc(4, sizeof *x->metrics);
    add_metric(x, "prob", "drop_per_token", 13.7875 / 8);
    add_metric(x, "words", "bleu", NAN);
    add_metric(x, "prob", "perplexity", 2.5);
    x->trace = calloc(2, sizeof *x->trace);
    x->trace[x->n_trace++] = (jp_result_trace){2, 0.5, 4};
    x->trace[x->n_trace++] = (jp_result_trace){40, 3.25, 13.7875};
    x->cost.evaluations = 1234;
    x->cost.gradients = 1;
    x->cost.decoded_tokens = 56789;
    x->cost.naive_tokens = 123456;
    x->cost.seconds = 6.17;
    x->cost.evaluations_per_second = 200;
    x->stopped = strdup("done");
}

static void fill(jp_explanation *x, const char *method) {
    add_prompt(x);
    add_response(x);
    add_joint(x);
    add_rest(x, method);
}

jopa_result *fixture_result(void) {
    jopa_result *r = jp_result_new("explain", 1);
    assert_non_null(r);
    fill(&r->items[0], "jopa");
    return r;
}

jopa_result *fixture_comparison(void) {
    jopa_result *r = jp_result_new("compare", 2);
    assert_non_null(r);
    fill(&r->items[0], "jopa");
    fill(&r->items[1], "random");
    jp_explanation *x = &r->items[1];
    x->units[6].selected = false;
    x->units[8].selected = true;
    x->selected[1] = 8;
    x->log_prob.drop = 4;
    x->cost.seconds = NAN;
    return r;
}

static void add_asked(jp_explanation *x) {
    static const char *const options[][2] = {{"unit", "word"}, {"k", "2"}, {"system", "Be \"kind\"\n\xf0\x9f\x98\x80"}};
    x->options = calloc(3, sizeof *x->options);
    for (size_t i = 0; i < 3; i++)
        x->options[x->n_options++] = (jp_result_option){strdup(options[i][0]), strdup(options[i][1])};
    x->id = strdup("question one");
    x->cost.recalled = 7;
}

static void add_trust(jp_explanation *x) {
    x->stability.present = true;
    x->stability.runs = 3;
    x->stability.mean = 12.5;
    x->stability.deviation = 0.75;
    x->stability.evaluations = 3000;
    x->stability.frequency = calloc((size_t)x->n_units, sizeof *x->stability.frequency);
    x->stability.n_frequency = x->n_units;
    x->stability.frequency[2] = 1;
    x->stability.frequency[6] = 1.0 / 3;
    x->stability.frequency[7] = NAN;
    x->operators = calloc(1, sizeof *x->operators);
    x->operators[x->n_operators++] = (jp_result_operator){strdup("mean"), 9.5};
}

static double *same_numbers(double value, int n) {
    double *numbers = calloc((size_t)n, sizeof *numbers);
    for (int i = 0; i < n; i++) numbers[i] = value;
    return numbers;
}

static void add_near(jp_explanation *x) {
    x->stability.low = same_numbers(0.0625, x->n_units);
    x->stability.high = same_numbers(0.75, x->n_units);
    x->stability.n_low = x->stability.n_high = x->n_units;
    x->stability.low[3] = NAN;
    x->stability.near.present = true;
    x->stability.near.within = 0.02;
    x->stability.near.best = 13.875;
    x->stability.near.others = 7;
    x->stability.near.sets = calloc(2, sizeof *x->stability.near.sets);
    for (int i = 0; i < 2; i++) {
        jp_result_set *s = &x->stability.near.sets[x->stability.near.n_sets++];
        *s = (jp_result_set){.units = calloc(2, sizeof *s->units), .n_units = 1 + i, .drop = i ? (double)NAN : 13.875};
        s->units[0] = 2;
        s->units[1] = 8;
    }
}

static jp_result_loss one_loss(const jp_explanation *x, int unit, const char *target) {
    jp_result_loss l = {.n_units = 1, .drop = unit == 4 ? (double)NAN : 0.5 * unit, .n_tokens = x->n_response_tokens};
    l.target = target ? strdup(target) : NULL;
    l.units = calloc(1, sizeof *l.units);
    l.units[0] = unit;
    l.tokens = same_numbers(0.25 * unit - 1, l.n_tokens);
    l.tokens[unit % l.n_tokens] = unit == 5 ? (double)NAN : 4;
    l.sentences = same_numbers(unit, x->matrix.n_sentences);
    l.n_sentences = x->matrix.n_sentences;
    return l;
}

static void add_matrix(jp_explanation *x) {
    x->matrix.present = true;
    x->matrix.sentences = calloc(2, sizeof *x->matrix.sentences);
    x->matrix.sentences[x->matrix.n_sentences++] = (jp_result_sentence){0, 4};
    x->matrix.sentences[x->matrix.n_sentences++] = (jp_result_sentence){4, x->n_response_tokens};
    x->matrix.rows = calloc((size_t)x->n_units, sizeof *x->matrix.rows);
    while (x->matrix.n_rows < x->n_units) {
        x->matrix.rows[x->matrix.n_rows] = one_loss(x, x->matrix.n_rows, NULL);
        x->matrix.n_rows++;
    }
    x->matrix.sets = calloc(2, sizeof *x->matrix.sets);
    x->matrix.sets[x->matrix.n_sets++] = one_loss(x, 2, "sentence:1");
    x->matrix.sets[x->matrix.n_sets++] = one_loss(x, 6, "<i>They met");
}

static void add_levels(jp_explanation *x) {
    x->levels = calloc(2, sizeof *x->levels);
    for (int i = 0; i < 2; i++) {
        jp_result_level *l = &x->levels[x->n_levels++];
        *l = (jp_result_level){
            .unit = strdup(i ? "word" : "sentence"), .units = 4 + i, .candidates = 3, .drop = 2.5 + i};
        l->evaluations = 40 + i;
        l->decoded_tokens = 400;
        l->seconds = 0.5;
        l->returned = i;
        l->selected = calloc(2, sizeof *l->selected);
        l->selected[l->n_selected++] = (jp_result_range){3, 8};
        l->selected[l->n_selected++] = (jp_result_range){20, 24};
    }
}

static jp_result_trigger *one_trigger(const char *text, double drop, int *n) {
    jp_result_trigger *t = calloc(1, sizeof *t);
    *t = (jp_result_trigger){strdup(text), strdup("user"), 1, 30, 36, 4, drop};
    *n = 1;
    return t;
}

static void add_uses(jp_explanation *x) {
    jp_result_audit       *a = &x->audit;
    jp_result_compression *c = &x->compression;
    *a = (jp_result_audit){.present = true, .threshold = 1, .until = strdup("probability"), .reached = true};
    a->drop_per_token = 1.25;
    a->unmasked_response = strdup("They met.");
    a->similarity = NAN;
    a->turned_away = true;
    a->words_drop_per_token = 0.875;
    a->words_response = strdup("They");
    a->sentences = one_trigger("doctor", 3.5, &a->n_sentences);
    a->words = one_trigger("patient", 2.5, &a->n_words);
    *c = (jp_result_compression){.present = true, .text = strdup("A doctor meet."), .tokens = 13, .tokens_left = 9};
    c->ratio = 0.4;
    c->tolerance = 0.1;
    c->drop = 0.25;
    c->drop_per_token = 0.03125;
    c->turns = calloc(1, sizeof *c->turns);
    c->turns[c->n_turns++] = (jp_result_turn){strdup("user"), strdup("A doctor meet.")};
}

static double *two_numbers(double a, double b, int *n) {
    double *numbers = calloc(2, sizeof *numbers);
    numbers[0] = a;
    numbers[1] = b;
    *n = 2;
    return numbers;
}

static void add_targets(jp_explanation *x) {
    x->targets = calloc(2, sizeof *x->targets);
    for (int i = 0; i < 2; i++) {
        jp_result_target *t = &x->targets[x->n_targets++];
        *t = (jp_result_target){.first = 4 * i, .last = 4 * i + 2, .full = -1.5, .masked = -4.75 - i, .drop = 3.25 + i};
        t->name = strdup(i ? "They met" : "sentence:1");
        t->text = strdup(i ? "<i>talked</i>" : "They met");
        t->log_probs = two_numbers(-0.5, -1, &t->n_log_probs);
        t->masked_log_probs = two_numbers(-0.25, -4.5 - i, &t->n_masked_log_probs);
        t->selected = calloc(2, sizeof *t->selected);
        t->selected[t->n_selected++] = 2;
        t->selected[t->n_selected++] = 6 + i;
        t->evaluations = 40 * i;
        t->decoded_tokens = 400 * i;
        t->stopped = strdup("done");
    }
}

static void add_against(jp_explanation *x) {
    static const char *const texts[] = {"They", " parted"};
    x->against.present = true;
    x->against.name = strdup("They parted");
    x->against.text = strdup("They parted");
    x->against.full = -6.5;
    x->against.masked = -2.25;
    x->against.tokens = calloc(2, sizeof *x->against.tokens);
    for (int i = 0; i < 2; i++)
        x->against.tokens[x->against.n_tokens++] = (jp_result_response_token){i, strdup(texts[i]), -3.25, -1.125};
}

/* A statement with a source, and one without. */
static void add_citations(jp_explanation *x) {
    x->documents = calloc(1, sizeof *x->documents);
    x->n_documents = 1;
    x->documents[0] = (jp_result_document){.title = strdup("One <&>"), .start = 1, .end = strlen(x->prompt_text)};
    x->citations = calloc(2, sizeof *x->citations);
    x->n_citations = 2;
    for (int i = 0; i < 2; i++) {
        jp_result_citation *c = &x->citations[i];
        *c = (jp_result_citation){.text = strdup(x->response_tokens[i].text),
                                  .first = i,
                                  .last = i + 1,
                                  .from_documents = !i,
                                  .drop = i ? NAN : 2.5,
                                  .documents_drop = 3 - i,
                                  .covered = 0.75,
                                  .shown = i ? NAN : 0.5};
        c->start = i ? x->citations[0].end : 0;
        c->end = c->start + strlen(c->text);
        c->sources = calloc(1, sizeof *c->sources);
        if (i) continue;
        c->n_sources = 1;
        c->sources[0] = (jp_result_source){.type = strdup("char_location"),
                                           .cited_text = strdup(x->units[0].text),
                                           .document_title = strdup("One <&>"),
                                           .start_char = 3,
                                           .end_char = 9};
    }
}

jopa_result *fixture_everything(void) {
    jopa_result    *r = fixture_result();
    jp_explanation *x = &r->items[0];
    x->model.weights = strdup("f16");
    x->model.devices = strdup("127.0.0.1:50052,gpu.local:50052");
    add_asked(x);
    add_trust(x);
    add_near(x);
    add_matrix(x);
    x->noise = 0.0625;
    add_levels(x);
    add_uses(x);
    add_targets(x);
    add_against(x);
    add_citations(x);
    return r;
}

jopa_result *fixture_citing(void) {
    jopa_result *r = fixture_everything();
    free(r->items[0].command);
    r->items[0].command = strdup("cite");
    return r;
}

char *fixture_render(const jopa_result *r, const char *format, int width, bool color, bool scores) {
    char columns[16];
    snprintf(columns, sizeof columns, "%d", width);
    jopa_options *o = asked("render", "width", columns, "color", color ? "always" : "never", "scores",
                            scores ? "true" : "false", NULL);
    jopa_error    e = {0};
    char         *text = jopa_result_render(r, format, o, NULL, &e);
    jopa_options_free(o);
    if (!text) fail_msg("format %s: %s", format, e.message);
    return text;
}
