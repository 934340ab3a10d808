#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff.h"
#include "report/finding.h"
#include "report/plot/figures.h"
#include "report/html/html-parts.h"
#include "report/label.h"
#include "report/markup.h"
#include "base/number.h"

enum { MAX_CHIPS = 8 };

static int targets_explanation_html(const jp_explanation *x) { return x->target_last - x->target_first; }

typedef struct {
    jp_html              *h;
    const jp_explanation *x;
    int                   n;
} chips;

static void put_chip(void *user, size_t start, size_t end) {
    chips *c = user;
    if (c->n++ >= MAX_CHIPS) return;
    if (c->n > 1) jp_buffer_text(c->h->out, "<span class=\"plus\">+</span> ");
    jp_buffer text = {0};
    jp_put_quoted(&text, c->x->prompt_text, start, end, 40);
    jp_buffer_text(c->h->out, "<mark dir=\"auto\">");
    if (text.data && !text.failed) /* without the quotation marks: the chip's shape does that */
        jp_put_html(c->h->out, text.data + strlen("“"), text.size - strlen("“”"));
    else c->h->out->failed = true;
    jp_buffer_text(c->h->out, "</mark> ");
    jp_buffer_free(&text);
}

static void put_subject_html(jp_html *h, const jp_explanation *x) {
    jp_buffer text = {0};
    jp_put_finding_subject(&text, x);
    if (text.failed) h->out->failed = true;
    else jp_put_html(h->out, text.data, text.size);
    jp_buffer_free(&text);
}

int jp_html_chips(jp_html *h, const jp_explanation *x) {
    chips c = {h, x, 0};
    jp_buffer_text(h->out, "<span class=\"chips\">");
    jp_each_phrase(x, put_chip, &c);
    if (!c.n) jp_buffer_text(h->out, "nothing that was found");
    if (c.n > MAX_CHIPS) jp_buffer_format(h->out, "and %d more", c.n - MAX_CHIPS);
    jp_buffer_text(h->out, "</span>");
    return c.n;
}

static void put_title_explanation_html(jp_buffer *out, const jp_explanation *x) {
    jp_put_finding_subject(out, x);
    jp_buffer_text(out, " rests on ");
    jp_put_selection(out, x);
}

static void put_head_explanation_html(jp_html *h, const jp_explanation *x) {
    jp_buffer *out = h->out;
    jp_buffer  loss = {0};
    jp_buffer_text(out, "<p class=\"eyebrow\">Joint explanation by ");
    jp_html_text(h, x->method);
    jp_buffer_text(out, "</p>\n<h1>");
    put_subject_html(h, x);
    jp_buffer_text(out, " rests on ");
    jp_html_chips(h, x);
    jp_buffer_text(out, "</h1>\n<p class=\"lead\">");
    jp_put_finding_loss(&loss, x);
    if (loss.failed) out->failed = true;
    else jp_put_html(out, loss.data, loss.size);
    jp_buffer_free(&loss);
    jp_buffer_text(out, "</p>\n");
}

static const jp_html_page explain_page = {put_title_explanation_html,
                                          put_head_explanation_html,
                                          NULL,
                                          "the set that is hidden together",
                                          "With the set hidden, the model writes something else",
                                          "The set hidden",
                                          "Not this time: both responses are the same."};

static const jp_html_page *page_of(const jp_explanation *x) {
    return x->audit.present ? &jp_html_audit : x->compression.present ? &jp_html_compress : &explain_page;
}

static void tile_drop(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    jp_put_figure(&value, x->log_prob.drop);
    jp_buffer_text(&value, " nats");
    jp_buffer_text(&detail, x->against.present ? "log p − log p " : "log p ");
    jp_put_figure(&detail, x->log_prob.full);
    jp_buffer_text(&detail, " → ");
    jp_put_figure(&detail, x->log_prob.masked);
    jp_html_tile(h, "Drop of the set", &value, &detail);
}

static void tile_token(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    if (x->against.present || targets_explanation_html(x) <= 0 || !isfinite(x->log_prob.full) ||
        !isfinite(x->log_prob.masked))
        return;
    jp_put_figure(&value, exp(x->log_prob.full / targets_explanation_html(x)));
    jp_buffer_text(&value, " → ");
    jp_put_figure(&value, exp(x->log_prob.masked / targets_explanation_html(x)));
    jp_buffer_text(&detail, "geometric mean");
    jp_html_tile(h, "Probability per token", &value, &detail);
}

static void tile_against(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    if (!x->against.present || !isfinite(x->against.full) || !isfinite(x->against.masked)) return;
    jp_put_figure(&value, x->against.full);
    jp_buffer_text(&value, " → ");
    jp_put_figure(&value, x->against.masked);
    jp_buffer_text(&detail, "log p");
    jp_html_tile(h, "The other answer", &value, &detail);
}

static void tile_synergy(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    if (!x->joint.present || !isfinite(x->joint.synergy)) return;
    if (x->joint.synergy >= 0) jp_buffer_text(&value, "+");
    jp_put_figure(&value, x->joint.synergy);
    jp_buffer_text(&value, " nats");
    jp_buffer_text(&detail, "one by one ");
    jp_put_figure(&detail, x->joint.sum_of_single_drops);
    jp_html_tile(h, "Synergy", &value, &detail);
}

static void tile_size(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    jp_buffer_format(&value, "%d of %d", x->n_selected, x->n_units);
    jp_put_units(&detail, x, x->n_units);
    if (isfinite(x->sparsity)) {
        jp_buffer_text(&detail, ", ");
        jp_put_fixed(&detail, 100 * x->sparsity, 1);
        jp_buffer_text(&detail, " %");
    }
    jp_html_tile(h, "Hidden", &value, &detail);
}

static void tile_cost(jp_html *h, const jp_explanation *x) {
    jp_buffer value = {0}, detail = {0};
    jp_put_count(&value, x->cost.evaluations);
    jp_buffer_text(&detail, "evaluations");
    if (isfinite(x->cost.seconds)) {
        jp_buffer_text(&detail, ", ");
        jp_put_figure(&detail, x->cost.seconds);
        jp_buffer_text(&detail, " s");
    }
    jp_html_tile(h, "Cost", &value, &detail);
}

static int put_maps(jp_html *h, const jp_explanation *x) {
    double *values = calloc((size_t)x->n_units + 1, sizeof *values), max = 0;
    if (!values) return jp_fail_memory(h->e);
    for (int u = 0; u < x->n_units; u++) {
        values[u] = jp_unit_value(x, u);
        if (isfinite(values[u])) max = fmax(max, values[u]);
    }
    jp_html_section(h, "prompt", "Prompt",
                    "What the model read. Point at a word, or press Tab and then the arrow keys.");
    int status = jp_html_prompt(h, x, values, max, true);
    free(values);
    jp_html_legend(h, max > 0 ? "counts little" : NULL, "counts much", page_of(x)->marked);
    jp_html_end_section(h);
    jp_html_section(h, "response", "Response",
                    "What it answered. Colour: how much probability a token loses once the set is hidden.");
    if (!status) status = jp_html_response(h, x);
    jp_html_legend(h, "loses little", "loses much", NULL);
    jp_html_end_section(h);
    return status;
}

static void put_runs(jp_html *h, const char *text, const jp_diff *d, const char *tag) {
    for (int i = 0; i < d->n; i++) {
        const jp_diff_run *run = &d->runs[i];
        if (!run->same) jp_buffer_format(h->out, "<%s>", tag);
        jp_put_html(h->out, text + run->start, run->end - run->start);
        if (!run->same) jp_buffer_format(h->out, "</%s>", tag);
    }
}

static int put_rewritten(jp_html *h, const jp_explanation *x) {
    jp_diff before, after;
    if (!x->masked_response) return JP_OK;
    int status = jp_diff_texts(x->response_text, x->masked_response, &before, &after, h->e);
    if (status) return status;
    jp_html_section(h, "rewritten", page_of(x)->rewritten, NULL);
    if (!strcmp(x->response_text, x->masked_response))
        jp_buffer_format(h->out, "<p class=\"note\">%s</p>\n", page_of(x)->same);
    jp_buffer_text(h->out, "<div class=\"beside\">\n<div><h3>The whole prompt</h3><div class=\"text\" dir=\"auto\">");
    put_runs(h, x->response_text, &before, "del");
    jp_buffer_format(h->out, "</div></div>\n<div><h3>%s</h3><div class=\"text\" dir=\"auto\">", page_of(x)->hidden);
    put_runs(h, x->masked_response, &after, "ins");
    jp_buffer_text(h->out, "</div></div>\n</div>\n");
    jp_html_end_section(h);
    free(before.runs);
    free(after.runs);
    return JP_OK;
}

static void put_quoted_unit(jp_html *h, const jp_explanation *x, int unit) {
    jp_buffer text = {0};
    jp_put_unit(&text, x, unit);
    if (text.failed) h->out->failed = true;
    else jp_html_text(h, text.data);
    jp_buffer_free(&text);
}

static void put_necessary(jp_html *h, const jp_explanation *x) {
    jp_buffer_text(h->out, "<ul class=\"facts\">\n");
    for (int i = 0; i < x->joint.n_necessary; i++) {
        const jp_result_necessary *one = &x->joint.necessary[i];
        if (!isfinite(one->drop_without)) continue;
        jp_buffer_text(h->out, "<li>Show <b dir=\"auto\">");
        put_quoted_unit(h, x, one->unit);
        jp_buffer_text(h->out, "</b> again, and the drop is ");
        jp_put_figure(h->out, one->drop_without);
        jp_buffer_text(h->out, " nats instead of ");
        jp_put_figure(h->out, x->log_prob.drop);
        jp_buffer_text(h->out, ".</li>\n");
    }
    jp_buffer_text(h->out, "</ul>\n");
}

static void put_joint_explanation_html(jp_html *h, const jp_explanation *x) {
    jp_plot plot = {.width = JP_FIGURE_WIDTH, .height = x->n_selected > 2 ? 300 : 100};
    bool    graph = jp_figure_graph(NULL, x, plot);
    if (!graph && !x->joint.n_necessary) return;
    jp_html_section(h, "joint", "Why it takes the set", NULL);
    if (graph) {
        jp_buffer_text(h->out, "<figure>\n");
        jp_figure_graph(h->out, x, plot);
        jp_buffer_text(
            h->out, "<figcaption>A line between two parts: the nats that hiding both adds to the sum of hiding each. "
                    "A circle&rsquo;s size: the share of the drop that is lost when it is shown "
                    "again.</figcaption>\n</figure>\n");
    }
    if (x->joint.n_necessary) put_necessary(h, x);
    jp_html_end_section(h);
}

static void put_search(jp_html *h, const jp_explanation *x) {
    jp_explanation copy = *x; /* borrowed: only to hand one explanation to a figure of results */
    jopa_result    alone = {.command = "explain", .items = &copy, .n_items = 1};
    jp_plot        plot = {.width = JP_FIGURE_WIDTH, .height = JP_FIGURE_HEIGHT};
    if (!jp_figure_search(NULL, &alone, plot)) return;
    jp_html_section(h, "search", "How it was found", NULL);
    jp_buffer_text(h->out, "<figure>\n");
    jp_figure_search(h->out, &alone, plot);
    jp_buffer_text(h->out,
                   "<figcaption>The best drop so far, after each evaluation of a set.</figcaption>\n</figure>\n");
    jp_html_end_section(h);
}

int jp_html_explain(jp_html *h, const jp_explanation *x) {
    const jp_html_page *page = page_of(x);
    jp_buffer           title = {0};
    page->title(&title, x);
    if (title.failed) h->out->failed = true;
    jp_html_open(h, title.failed ? "" : title.data, "prompt");
    jp_buffer_free(&title);
    page->head(h, x);
    jp_buffer_text(h->out, "<dl class=\"tiles\">\n");
    tile_drop(h, x);
    tile_token(h, x);
    tile_against(h, x);
    tile_synergy(h, x);
    tile_size(h, x);
    tile_cost(h, x);
    jp_buffer_text(h->out, "</dl>\n");
    if (page->found) page->found(h, x);
    int status = put_maps(h, x);
    if (!status) status = jp_html_matrix(h, x);
    if (!status) status = put_rewritten(h, x);
    jp_buffer_text(h->out, "<div class=\"figures\">\n");
    put_joint_explanation_html(h, x);
    put_search(h, x);
    jp_buffer_text(h->out, "</div>\n");
    jp_html_stability(h, x);
    if (!status) status = jp_html_details(h, x);
    jp_html_close(h, x);
    return status;
}
