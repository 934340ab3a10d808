/* Format "text": what a person sees on a terminal. */
#include <math.h>
#include <string.h>

#include "report/carried.h"
#include "report/finding.h"
#include "report/flow.h"
#include "report/footnotes.h"
#include "report/formats.h"
#include "report/label.h"
#include "base/number.h"
#include "report/text/text-parts.h"
#include "report/uniqueness.h"
#include "report/view.h"

enum { MAX_PAIRS = 3, MAX_NECESSARY = 6, MAX_NEAR = 3, MAX_CELLS = 3 };

static void put_percent(jp_buffer *out, double share) {
    jp_put_fixed(out, 100 * share, fabs(share) < 0.0995 ? 1 : 0);
    jp_buffer_text(out, "\xc2\xa0%"); /* a space that does not break */
}

static int fact_hidden(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_selection(&t, x);
    jp_buffer_format(&t, " (%d of %d ", x->n_selected, x->n_units);
    jp_put_units(&t, x, x->n_units);
    if (isfinite(x->sparsity)) {
        jp_buffer_text(&t, ", ");
        put_percent(&t, x->sparsity);
    }
    jp_buffer_text(&t, ")");
    return jp_page_fact(p, "hidden together", &t);
}

static int fact_drop(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_figure(&t, x->log_prob.drop);
    jp_buffer_text(&t, " nats");
    if (isfinite(x->log_prob.full) && isfinite(x->log_prob.masked)) {
        jp_buffer_text(&t,
                       x->against.present ? ": log p(this) − log p(that) goes from " : ": log p(response) goes from ");
        jp_put_figure(&t, x->log_prob.full);
        jp_buffer_text(&t, " to ");
        jp_put_figure(&t, x->log_prob.masked);
    }
    return jp_page_fact(p, "drop", &t);
}

/* Geometric means over the target tokens: exp(log p / n). */
static int fact_per_token(jp_page *p, const jp_explanation *x) {
    int       n = x->target_last - x->target_first;
    jp_buffer t = {0};
    if (n <= 0 || x->against.present || !isfinite(x->log_prob.full) || !isfinite(x->log_prob.masked)) return JP_OK;
    jp_buffer_text(&t, "probability ");
    jp_put_figure(&t, exp(x->log_prob.full / n));
    jp_buffer_text(&t, " → ");
    jp_put_figure(&t, exp(x->log_prob.masked / n));
    jp_buffer_text(&t, ", ");
    double ratio = exp(fabs(x->log_prob.drop) / n);
    jp_put_figure(&t, ratio);
    jp_buffer_format(&t, " times %s likely (geometric mean of %d)", x->log_prob.drop >= 0 ? "less" : "more", n);
    return jp_page_fact(p, "per token", &t);
}

/* The other answer by itself. */
static int fact_against(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!x->against.present) return JP_OK;
    jp_put_quoted(&t, x->against.text, 0, strlen(x->against.text), 40);
    if (!strcmp(x->against.name ? x->against.name : "", "next")) jp_buffer_text(&t, ", the model's second choice");
    if (isfinite(x->against.full) && isfinite(x->against.masked)) {
        jp_buffer_text(&t, ": its log p goes from ");
        jp_put_figure(&t, x->against.full);
        jp_buffer_text(&t, " to ");
        jp_put_figure(&t, x->against.masked);
    }
    return jp_page_fact(p, "against", &t);
}

static int fact_joint(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!x->joint.present || !isfinite(x->joint.synergy) || x->n_selected < 2) return JP_OK;
    jp_buffer_text(&t, "one at a time the drops add up to ");
    jp_put_figure(&t, x->joint.sum_of_single_drops);
    jp_buffer_text(&t, "; together ");
    jp_put_figure(&t, fabs(x->joint.synergy));
    jp_buffer_text(&t, x->joint.synergy >= 0 ? " more (synergy)" : " less (they overlap)");
    return jp_page_fact(p, "joint", &t);
}

static int fact_pairs(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    int       n = 0;
    for (int i = 0; i < x->joint.n_pairs && n < MAX_PAIRS; i++) {
        const jp_result_pair *pair = &x->joint.pairs[i];
        if (!(pair->interaction > 0)) continue;
        if (n++) jp_buffer_text(&t, "; ");
        jp_put_unit(&t, x, pair->first);
        jp_buffer_text(&t, " + ");
        jp_put_unit(&t, x, pair->second);
        jp_buffer_text(&t, ": +");
        jp_put_figure(&t, pair->interaction);
    }
    if (n) jp_buffer_text(&t, " nats together beyond their sum");
    return n ? jp_page_fact(p, n == 1 ? "best pair" : "best pairs", &t) : JP_OK;
}

static int fact_necessary(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    int       n = 0;
    for (int i = 0; x->n_selected > 1 && i < x->joint.n_necessary && n < MAX_NECESSARY; i++) {
        const jp_result_necessary *one = &x->joint.necessary[i];
        if (!isfinite(one->drop_without)) continue;
        jp_buffer_text(&t, n++ ? ", " : "the drop is ");
        jp_put_figure(&t, one->drop_without);
        jp_buffer_text(&t, " once ");
        jp_put_unit(&t, x, one->unit);
        if (n == 1) jp_buffer_text(&t, " is shown again");
    }
    return n ? jp_page_fact(p, "each one counts", &t) : JP_OK;
}

static void put_interval(jp_buffer *t, const jp_explanation *x, int unit, bool first) {
    jp_buffer interval = {0};
    jp_put_frequency_interval(&interval, x, unit);
    if (interval.failed) t->failed = true;
    else if (interval.size) jp_buffer_format(t, " (%s%s)", first ? "95\xc2\xa0% interval " : "", interval.data);
    jp_buffer_free(&interval);
}

/* Units that every run selected, whose interval is the same, then those that some did, with their shares. */
static void put_frequencies(jp_buffer *t, const jp_explanation *x) {
    int always = 0, sometimes = 0;
    for (int u = 0, last = -1; u <= x->stability.n_frequency; u++) {
        bool end = u == x->stability.n_frequency;
        if (end && last >= 0) put_interval(t, x, last, true);
        if (end || !(x->stability.frequency[u] >= 1)) continue;
        jp_buffer_text(t, always++ ? ", " : "; in all ");
        jp_put_unit(t, x, last = u);
    }
    for (int u = 0; u < x->stability.n_frequency; u++) {
        if (!(x->stability.frequency[u] > 0) || x->stability.frequency[u] >= 1) continue;
        jp_buffer_text(t, sometimes ? ", " : "; in some ");
        jp_put_unit(t, x, u);
        jp_buffer_text(t, " ");
        put_percent(t, x->stability.frequency[u]);
        put_interval(t, x, u, !always && !sometimes);
        sometimes++;
    }
}

static int fact_stability(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!x->stability.present) return JP_OK;
    jp_buffer_format(&t, "%d %s: drop ", x->stability.runs, x->stability.runs == 1 ? "run" : "runs");
    jp_put_figure(&t, x->stability.mean);
    if (isfinite(x->stability.deviation)) {
        jp_buffer_text(&t, " ± ");
        jp_put_figure(&t, x->stability.deviation);
    }
    put_frequencies(&t, x);
    return jp_page_fact(p, "other seeds", &t);
}

static int fact_near(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_uniqueness(&t, x);
    if (!t.size) return t.failed ? jp_fail_memory(p->e) : JP_OK;
    if (x->stability.near.n_sets) jp_buffer_text(&t, ": ");
    jp_put_near_sets(&t, x, MAX_NEAR);
    return jp_page_fact(p, "other sets", &t);
}

static int fact_matrix(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (jp_matrix_is_missing(x)) jp_buffer_text(&t, "left out: the run was stopped, or its time was over, before it");
    else if (!x->matrix.present) return JP_OK;
    else jp_put_strongest(&t, x, MAX_CELLS);
    if (!t.size) jp_buffer_text(&t, "no part takes anything from a token when it is hidden alone");
    else if (x->matrix.present)
        jp_buffer_format(&t, "; %d by %d numbers in all", x->matrix.n_rows, x->n_response_tokens);
    return jp_page_fact(p, "each one alone", &t);
}

static int fact_operators(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!x->n_operators) return JP_OK;
    jp_buffer_text(&t, "the same set's drop is ");
    for (int i = 0; i < x->n_operators; i++) {
        if (i) jp_buffer_text(&t, ", ");
        jp_put_figure(&t, x->operators[i].drop);
        jp_buffer_format(&t, " with %s", x->operators[i].name);
    }
    return jp_page_fact(p, "operators", &t);
}

static int facts_metrics(jp_page *p, const jp_explanation *x) {
    int status = JP_OK;
    for (int i = 0; !status && i < x->n_metrics; i++) {
        jp_buffer t = {0};
        int       n = 0;
        bool      first = jp_first_of_group(x->metrics, i);
        for (int j = i; first && j < x->n_metrics; j++) {
            if (strcmp(x->metrics[j].group, x->metrics[i].group)) continue;
            if (n++) jp_buffer_text(&t, ", ");
            jp_put_metric_name(&t, x->metrics[j].name);
            jp_buffer_text(&t, " ");
            jp_put_figure(&t, x->metrics[j].value);
        }
        if (n) status = jp_page_fact(p, x->metrics[i].group, &t);
    }
    return status;
}

/* From coarse to fine: how many of how many units the best set has, and its drop. */
static int fact_levels(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!x->n_levels) return JP_OK;
    for (int i = 0; i < x->n_levels; i++) {
        const jp_result_level *l = &x->levels[i];
        jp_buffer_format(&t, "%s%d of %d %ss", i ? "; " : "", l->n_selected, l->units, l->unit);
        if (isfinite(l->drop)) {
            jp_buffer_text(&t, ", drop ");
            jp_put_figure(&t, l->drop);
        }
        jp_buffer_text(&t, ", ");
        jp_put_count(&t, l->decoded_tokens);
        jp_buffer_text(&t, " tokens");
        if (l->returned)
            jp_buffer_format(&t, ", %d %s%s came back", l->returned, x->levels[i > 0 ? i - 1 : 0].unit,
                             l->returned == 1 ? "" : "s");
    }
    return jp_page_fact(p, "levels", &t);
}

static int fact_cost(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_count(&t, x->cost.evaluations);
    jp_buffer_text(&t, x->cost.evaluations == 1 ? " evaluation" : " evaluations");
    if (x->cost.gradients) {
        jp_buffer_text(&t, " and ");
        jp_put_count(&t, x->cost.gradients);
        jp_buffer_text(&t, x->cost.gradients == 1 ? " gradient" : " gradients");
    }
    if (isfinite(x->cost.seconds)) {
        jp_buffer_text(&t, " in ");
        jp_put_figure(&t, x->cost.seconds);
        jp_buffer_text(&t, " s");
    }
    if (x->cost.decoded_tokens) {
        jp_buffer_text(&t, "; ");
        jp_put_count(&t, x->cost.decoded_tokens);
        jp_buffer_text(&t, " tokens decoded");
        if (x->cost.naive_tokens > x->cost.decoded_tokens) {
            jp_buffer_text(&t, " instead of ");
            jp_put_count(&t, x->cost.naive_tokens);
        }
    }
    return jp_page_fact(p, "cost", &t);
}

static int fact_noise(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    if (!isfinite(x->noise)) return JP_OK;
    jp_put_figure(&t, x->noise);
    jp_buffer_text(
        &t, " nats between scores of the same text by this server: drops that differ by less are not told apart");
    return jp_page_fact(p, "noise", &t);
}

static int fact_run(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_buffer_format(&t, "%s, operator %s, seed %llu; ", x->method, x->op ? x->op : "unknown",
                     (unsigned long long)x->seed);
    jp_put_model(&t, x);
    const char *why = x->stopped ? x->stopped : "done";
    if (!strcmp(why, "time")) jp_buffer_text(&t, "; stopped by the time limit: the best so far");
    if (!strcmp(why, "interrupted")) jp_buffer_text(&t, "; interrupted: the best so far");
    return jp_page_fact(p, "method", &t);
}

int jp_page_masked_response(jp_page *p, const jp_explanation *x) {
    if (!x->masked_response) return JP_OK;
    jp_page_heading(p, "RESPONSE WITH THE SET HIDDEN");
    return jp_page_paragraph(p, *x->masked_response ? x->masked_response : "(nothing)", JP_LOOK_PLAIN);
}

int jp_page_run(jp_page *p, const jp_explanation *x) {
    int status = facts_metrics(p, x);
    if (!status) status = fact_levels(p, x);
    if (!status) status = fact_noise(p, x);
    if (!status) status = fact_cost(p, x);
    return status ? status : fact_run(p, x);
}

int jp_text_explain(jp_page *p, const jp_explanation *x) {
    int (*const facts[])(jp_page *, const jp_explanation *) = {
        fact_hidden,   fact_drop,      fact_against, fact_per_token, jp_page_most_lost, fact_joint,
        fact_pairs,    fact_necessary, fact_matrix,  fact_stability, fact_near,         fact_operators,
        facts_metrics, fact_levels,    fact_noise,   fact_cost,      fact_run,
    };
    jp_buffer finding = {0};
    jp_put_finding(&finding, x);
    int status = jp_page_finding(p, &finding);
    if (!status) status = jp_page_prompt(p, x, true);
    if (!status) status = jp_page_response(p, x);
    if (!status) status = jp_page_masked_response(p, x);
    if (!status) jp_page_heading(p, "EXPLANATION");
    for (size_t i = 0; !status && i < sizeof facts / sizeof *facts; i++) status = facts[i](p, x);
    return status;
}

static int write_text_text(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    jp_page page = {out, o && o->width > 0 ? o->width : 80, o && o->color, o && o->scores, e};
    int     status;
    if (jp_result_compares(r)) status = jp_text_compare(&page, r);
    else if (r->list) status = jp_text_audits(&page, r);
    else if (jp_shows_citations(&r->items[0])) status = jp_text_cite(&page, &r->items[0]);
    else if (r->items[0].audit.present) status = jp_text_audit(&page, &r->items[0]);
    else if (r->items[0].compression.present) status = jp_text_compress(&page, &r->items[0]);
    else status = jp_text_explain(&page, &r->items[0]);
    return status ? status : out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_text = {"text", "for a terminal: the prompt with the set highlighted, and what hiding it did",
                                  write_text_text};
