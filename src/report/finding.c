#include "report/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/label.h"
#include "report/view.h"

/* Nats: below LITTLE (1.5 times) a drop is said to change little; ratios are named up to MOST. */
static const double LITTLE = 0.405, MOST = 13.8155; /* log 1.5, log 1e6 */

enum { MAX_PHRASES = 5, QUOTE = 40 };

typedef struct {
    jp_buffer  *out;
    const char *text;
    int         n, all;
} phrases;

static void count_phrase(void *user, size_t start, size_t end) {
    (void)start, (void)end;
    ++*(int *)user;
}

static void put_listed(void *user, size_t start, size_t end) {
    phrases *p = user;
    int      shown = p->all > MAX_PHRASES ? MAX_PHRASES - 1 : p->all, at = p->n++;
    if (at < shown) {
        if (at) jp_buffer_text(p->out, at + 1 == p->all ? " and " : ", ");
        jp_put_quoted(p->out, p->text, start, end, QUOTE);
    } else if (at == shown) jp_buffer_format(p->out, " and %d more", p->all - shown);
}

/* “a”, “b” and “c”; returns how many phrases there are. */
static int put_phrases(jp_buffer *out, const jp_explanation *x) {
    phrases p = {out, x->prompt_text, 0, 0};
    jp_each_phrase(x, count_phrase, &p.all);
    jp_each_phrase(x, put_listed, &p);
    return p.all;
}

/* Target tokens over which a finding's ratios are averaged: those of a long response say nothing as a whole. */
static int tokens_of_ratio(const jp_explanation *x) {
    int n = x->against.present ? 1 : x->target_last - x->target_first;
    return x->log_prob.drop > MOST && n > 1 ? n : 1;
}

/* Whether response token t begins with a space, or the text begins with it. */
static bool begins_word(const jp_explanation *x, int t) {
    const char *text = x->response_tokens[t].text;
    return t == 0 || !text || !*text || strchr(" \n\t", *text);
}

/* What differs of the answer and of the other one, each from the beginning of its word on: both have what they share
 * before that. */
static void put_difference(jp_buffer *out, const jp_explanation *x, bool other) {
    jp_buffer text = {0};
    int       first = x->target_first, shared = first, last = other ? x->against.n_tokens : x->target_last - first;
    while (shared > 0 && !begins_word(x, shared)) shared--;
    for (int t = shared; t < first; t++) jp_buffer_text(&text, x->response_tokens[t].text);
    for (int t = 0; t < last; t++)
        jp_buffer_text(&text, other ? x->against.tokens[t].text : x->response_tokens[first + t].text);
    if (text.failed) out->failed = true;
    else jp_put_quoted(out, text.data, 0, text.size, QUOTE);
    jp_buffer_free(&text);
}

/* "248 times less likely" for a drop in nats; of n > 1 tokens, their geometric mean. */
static void put_times(jp_buffer *out, double drop, int n) {
    double ratio = exp(fabs(drop) / n);
    if (fabs(drop) / n > MOST) jp_buffer_text(out, "more than a million");
    else jp_put_fixed(out, ratio, ratio >= 9.95 ? 0 : ratio >= 1.095 ? 1 : 2);
    jp_buffer_format(out, " times %s likely%s", drop >= 0 ? "less" : "more", n > 1 ? " per token" : "");
}

static bool targets_all(const jp_explanation *x) {
    return x->target_first >= x->target_last || (x->target_first <= 0 && x->target_last >= x->n_response_tokens);
}

static void put_subject(jp_buffer *out, const jp_explanation *x, bool first) {
    if (x->against.present) {
        jp_buffer_text(out, first ? "Why " : "");
        put_difference(out, x, false);
        jp_buffer_text(out, first ? " and not " : " rather than ");
        put_difference(out, x, true);
        return;
    }
    if (targets_all(x)) {
        jp_buffer_text(out, first ? "The response" : "the response");
        return;
    }
    jp_pieces pieces = {0};
    size_t    start = SIZE_MAX, end = 0;
    if (jp_view_response(x, &pieces, NULL)) out->failed = true;
    for (int i = 0; i < pieces.n; i++) {
        const jp_piece *p = &pieces.at[i];
        if (p->first < x->target_last && p->last > x->target_first && p->start < start) start = p->start;
        if (p->first < x->target_last && p->last > x->target_first) end = p->end;
    }
    free(pieces.at);
    if (start < end) jp_put_quoted(out, x->response_text, start, end, QUOTE);
    jp_buffer_text(out, start < end ? " in the response" : first ? "The target" : "the target");
}

/* The drops of a pair's units alone: each one is what the pair's drop is once the other is shown again. */
static bool pair_alone(const jp_explanation *x, double *alone) {
    if (x->n_selected != 2 || !x->joint.present || x->joint.n_necessary < 2) return false;
    for (int i = 0; i < 2; i++) {
        alone[1 - i] = NAN;
        for (int j = 0; j < x->joint.n_necessary; j++)
            if (x->joint.necessary[j].unit == x->selected[i]) alone[1 - i] = x->joint.necessary[j].drop_without;
    }
    return isfinite(alone[0]) && isfinite(alone[1]);
}

static void put_pair_alone(jp_buffer *out, const jp_explanation *x, const double *alone) {
    double drop = x->log_prob.drop;
    if (fmax(alone[0], alone[1]) <= fmax(LITTLE, 0.1 * drop)) {
        jp_buffer_text(out, "; either alone changes ");
        jp_buffer_text(out, fmax(alone[0], alone[1]) <= 0 ? "nothing for the worse" : "little");
    } else if (alone[0] + alone[1] < 0.8 * drop) {
        for (int i = 0; i < 2; i++) {
            jp_buffer_text(out, i ? ", " : "; alone, ");
            jp_put_unit(out, x, x->selected[i]);
            jp_buffer_text(out, i ? " " : " makes it ");
            put_times(out, alone[i], tokens_of_ratio(x));
        }
    }
}

/* The same from the scores of an ablation, which are the units' drops alone; NULL: there was none. */
static bool pair_of_ablation(const jp_explanation *x, const jp_explanation *ablation, double *alone) {
    if (!ablation || x->n_selected != 2 || ablation->n_units != x->n_units) return false;
    for (int i = 0; i < 2; i++) alone[i] = ablation->units[x->selected[i]].score;
    return isfinite(alone[0]) && isfinite(alone[1]);
}

static void put_alone(jp_buffer *out, const jp_explanation *x, const jp_explanation *ablation) {
    double alone[2], sum = x->joint.sum_of_single_drops, drop = x->log_prob.drop;
    if (pair_alone(x, alone) || pair_of_ablation(x, ablation, alone)) put_pair_alone(out, x, alone);
    else if (x->n_selected > 1 && x->joint.present && isfinite(sum) && sum < 0.8 * drop) {
        jp_buffer_text(out, "; hidden one at a time they ");
        if (sum <= 0.05 * drop) jp_buffer_text(out, "cost it next to nothing");
        else {
            jp_buffer_text(out, "account for ");
            jp_put_fixed(out, 100 * sum / drop, 0);
            jp_buffer_text(out, "\xc2\xa0% of that drop");
        }
    }
}

/* Of an answer that is explained against another. */
static void put_beside(jp_buffer *out, const jp_explanation *x) {
    if (!x->against.present) return;
    jp_buffer_text(out, " beside ");
    put_difference(out, x, true);
}

/* Which of the two is the likelier, where hiding the set changes that; or where it was the other one all along. */
static void put_likelier(jp_buffer *out, const jp_explanation *x) {
    if (!x->against.present || !(x->log_prob.masked < 0)) return;
    jp_buffer_text(out, "; ");
    put_difference(out, x, true);
    jp_buffer_text(out, x->log_prob.full < 0 ? " is the likelier even before" : " is then the likelier");
}

/* "with both hidden, it is 171 times less likely; either alone changes little" */
static void put_loss(jp_buffer *out, const jp_explanation *x, const jp_explanation *ablation, int n, bool first) {
    static const char *const hidden[][2] = {{"hidden, ", "Hidden, "},
                                            {"with both hidden, ", "With both hidden, "},
                                            {"with all of them hidden, ", "With all of them hidden, "}};
    jp_buffer_text(out, hidden[n < 2 ? 0 : n > 2 ? 2 : 1][first]);
    jp_buffer_text(out, "it is ");
    put_times(out, x->log_prob.drop, tokens_of_ratio(x));
    put_beside(out, x);
    put_alone(out, x, ablation);
    put_likelier(out, x);
}

static void put_nothing_found(jp_buffer *out, const jp_explanation *x) {
    jp_buffer_text(out, "No set of ");
    if (x->k > 0) {
        jp_buffer_format(out, "at most %d ", x->k);
        jp_put_units(out, x, x->k);
    } else jp_put_units(out, x, 2);
    jp_buffer_text(out, " was found that ");
    put_subject(out, x, false);
    jp_buffer_text(out, " rests on");
    if (!x->n_selected || !isfinite(x->log_prob.drop)) return;
    jp_buffer_text(out, ": hiding ");
    put_phrases(out, x);
    jp_buffer_text(out, " makes it ");
    put_times(out, x->log_prob.drop, tokens_of_ratio(x));
    put_beside(out, x);
}

static bool has_finding(const jp_explanation *x) { return x->n_selected && x->log_prob.drop >= LITTLE; }

static void put_finding_sentence(jp_buffer *out, const jp_explanation *x, const jp_explanation *ablation) {
    if (!has_finding(x)) {
        put_nothing_found(out, x);
        return;
    }
    put_subject(out, x, true);
    jp_buffer_text(out, " rests on ");
    int n = put_phrases(out, x);
    jp_buffer_text(out, ": ");
    put_loss(out, x, ablation, n, false);
}

static bool was_cut(const jp_explanation *x) {
    return x->stopped && (!strcmp(x->stopped, "time") || !strcmp(x->stopped, "interrupted"));
}

void jp_put_finding_subject(jp_buffer *out, const jp_explanation *x) {
    if (x->against.present) put_subject(out, x, true);
    else jp_buffer_text(out, "The response");
}

void jp_put_finding(jp_buffer *out, const jp_explanation *x) {
    if (x->failed) return;
    put_finding_sentence(out, x, NULL);
    jp_buffer_text(out, was_cut(x) ? " (the best so far).\n" : ".\n");
}

void jp_put_finding_loss(jp_buffer *out, const jp_explanation *x) {
    int n = 0;
    jp_each_phrase(x, count_phrase, &n);
    if (has_finding(x)) put_loss(out, x, NULL, n, true);
    else put_nothing_found(out, x);
    jp_buffer_text(out, was_cut(x) ? " (the best so far)." : ".");
}

static const jp_explanation *ablation_of(const jopa_result *r) {
    for (int i = 0; i < r->n_items; i++)
        if (r->items[i].method && !strcmp(r->items[i].method, "ablation") && !r->items[i].failed) return &r->items[i];
    return NULL;
}

void jp_put_comparison_finding(jp_buffer *out, const jopa_result *r) {
    const jp_explanation *best = &r->items[jp_best_explanation(r)], *single = ablation_of(r);
    if (best->failed) return;
    put_finding_sentence(out, best, single);
    jp_buffer_text(out, ".");
    if (single && single != best && single->log_prob.drop < 0.9 * best->log_prob.drop) {
        jp_buffer_text(out, " Hiding one at a time (ablation) points at ");
        put_phrases(out, single);
        jp_buffer_text(out, " instead: ");
        put_times(out, single->log_prob.drop, tokens_of_ratio(best));
        jp_buffer_text(out, ".");
    }
    jp_buffer_text(out, "\n");
}
