/* The page of `compare`: a table, the searches' curves, who hid what, and the prompt by how many methods agree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/plot/figures.h"
#include "report/finding.h"
#include "report/html/html-parts.h"
#include "report/label.h"
#include "report/markup.h"
#include "report/view.h"
#include "base/number.h"

enum { MAX_ROWS = 60 };

static double best_drop_comparison_html(const jopa_result *r) {
    double best = -INFINITY;
    for (int i = 0; i < r->n_items; i++) best = fmax(best, r->items[i].log_prob.drop);
    return best;
}

/* What is no number comes last. */
static bool is_larger(double a, double b) { return a > b || (isnan(b) && !isnan(a)); }

/* Indices of the explanations, largest drop first; equal drops keep their order. NULL without memory. */
static int *by_drop(const jopa_result *r) {
    int *order = calloc((size_t)r->n_items + 1, sizeof *order);
    for (int i = 0; order && i < r->n_items; i++) {
        int at = i;
        for (; at > 0 && is_larger(r->items[i].log_prob.drop, r->items[order[at - 1]].log_prob.drop); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* "jopa", "jopa and greedy", "jopa, greedy and lime": the methods whose sets share the largest drop. */
static void put_best_methods(jp_html *h, const jopa_result *r, double best) {
    int n = 0, at = 0;
    for (int i = 0; i < r->n_items; i++) n += jp_is_best(r->items[i].log_prob.drop, best);
    if (!n) jp_buffer_text(h->out, "No method");
    for (int i = 0; i < r->n_items; i++) {
        if (!jp_is_best(r->items[i].log_prob.drop, best)) continue;
        if (at++) jp_buffer_text(h->out, at == n ? " and " : ", ");
        jp_html_text(h, r->items[i].method);
    }
}

static void put_finding_html(jp_html *h, const jopa_result *r) {
    jp_buffer finding = {0};
    if (!strcmp(r->command, "compare")) jp_put_comparison_finding(&finding, r);
    if (finding.failed) h->out->failed = true;
    else if (finding.size)
        jp_put_html(h->out, finding.data, finding.size); /* its line end parts it from what follows */
    jp_buffer_free(&finding);
}

static void put_head_comparison_html(jp_html *h, const jopa_result *r, const int *order) {
    const jp_explanation *best = &r->items[order[0]];
    jp_buffer_text(h->out, "<p class=\"eyebrow\">Comparison</p>\n<h1>");
    put_best_methods(h, r, best->log_prob.drop);
    jp_buffer_text(h->out, " found the set that the response needs most</h1>\n<p class=\"lead\">");
    put_finding_html(h, r);
    jp_buffer_format(h->out, "%d methods, one prompt, one response, %d ", r->n_items, best->n_units);
    jp_put_units(h->out, best, best->n_units);
    jp_buffer_text(h->out,
                   " to hide. Each set is judged by how far it lowers the log-probability of the response.</p>\n");
}

static void put_selection(jp_html *h, const jp_explanation *x) {
    jp_buffer words = {0};
    jp_put_selection(&words, x);
    jp_html_cell_taken(h, &words);
}

static void put_share(jp_html *h, double share) {
    jp_buffer_text(h->out, "<td class=\"figure\">");
    if (isfinite(share)) jp_put_fixed(h->out, 100 * share, share < 0.0995 ? 1 : 0);
    jp_buffer_text(h->out, isfinite(share) ? " %</td>" : "</td>");
}

static void put_table_comparison_html(jp_html *h, const jopa_result *r, const int *order) {
    double best = best_drop_comparison_html(r);
    jp_buffer_text(h->out,
                   "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table of methods\"><table "
                   "class=\"methods\">\n<thead><tr>"
                   "<th scope=\"col\">Method</th><th scope=\"col\" class=\"figure\">Drop, nats</th>"
                   "<th scope=\"col\" class=\"figure\">Of the best</th><th scope=\"col\" class=\"figure\">Sparsity</th>"
                   "<th scope=\"col\" class=\"figure\">Evaluations</th><th scope=\"col\" class=\"figure\">Seconds</th>"
                   "<th scope=\"col\">Hidden</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < r->n_items; i++) {
        const jp_explanation *x = &r->items[order[i]];
        jp_buffer_format(h->out, "<tr%s><th scope=\"row\">", x->log_prob.drop >= best ? " class=\"chosen\"" : "");
        jp_html_text(h, jp_explanation_label(x));
        jp_buffer_text(h->out, "</th>");
        jp_html_cell_figure(h, x->log_prob.drop);
        put_share(h, best > 0 ? x->log_prob.drop / best : NAN);
        put_share(h, x->sparsity);
        jp_buffer_text(h->out, "<td class=\"figure\">");
        if (!x->failed) jp_put_count(h->out, x->cost.evaluations);
        jp_buffer_text(h->out, "</td>");
        jp_html_cell_figure(h, x->failed ? NAN : x->cost.seconds);
        put_selection(h, x);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_buffer_text(h->out, "</tbody>\n</table></div>\n");
}

static void put_plots(jp_html *h, const jopa_result *r) {
    jp_plot bars = {.width = JP_FIGURE_WIDTH, .height = 30 * r->n_items},
            curves = {.width = JP_FIGURE_WIDTH, .height = 340};
    jp_buffer_text(h->out, "<div class=\"figures\">\n");
    jp_html_section(h, "drops", "Drop", NULL);
    jp_buffer_text(h->out, "<figure>\n");
    jp_figure_drops(h->out, r, bars);
    jp_buffer_text(h->out, "<figcaption>Nats of log-probability that the response loses.</figcaption>\n</figure>\n");
    jp_html_end_section(h);
    if (jp_figure_search(NULL, r, curves)) {
        jp_html_section(h, "search", "Drop against cost", NULL);
        jp_buffer_text(h->out, "<figure>\n");
        jp_figure_search(h->out, r, curves);
        jp_buffer_text(h->out,
                       "<figcaption>The best drop so far, after each evaluation of a set.</figcaption>\n</figure>\n");
        jp_html_end_section(h);
    }
    jp_buffer_text(h->out, "</div>\n");
}

/* In how many explanations unit u is hidden. Explanations of one comparison share their units. */
static int votes(const jopa_result *r, int u) {
    int n = 0;
    for (int i = 0; i < r->n_items; i++) n += u < r->items[i].n_units && r->items[i].units[u].selected;
    return n;
}

static void put_matrix_row(jp_html *h, const jopa_result *r, const int *order, int unit) {
    jp_buffer name = {0};
    jp_put_unit(&name, &r->items[0], unit);
    jp_buffer_text(h->out, "<tr><th scope=\"row\" dir=\"auto\">");
    if (name.failed) h->out->failed = true;
    else jp_html_text(h, name.data);
    jp_buffer_text(h->out, "</th>");
    for (int i = 0; i < r->n_items; i++) {
        const jp_explanation *x = &r->items[order[i]];
        bool                  hidden = unit < x->n_units && x->units[unit].selected;
        jp_buffer_text(h->out, hidden ? "<td class=\"hit\"><span>hidden</span></td>" : "<td></td>");
    }
    jp_buffer_text(h->out, "</tr>\n");
    jp_buffer_free(&name);
}

static void put_matrix(jp_html *h, const jopa_result *r, const int *order) {
    jp_html_section(h, "matrix", "Who hides what", NULL);
    jp_buffer_text(h->out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Hidden parts by method\">"
                           "<table class=\"matrix\">\n<thead><tr><th scope=\"col\">Part</th>");
    for (int i = 0; i < r->n_items; i++) {
        jp_buffer_text(h->out, "<th scope=\"col\">");
        jp_html_text(h, r->items[order[i]].method);
        jp_buffer_text(h->out, "</th>");
    }
    jp_buffer_text(h->out, "</tr></thead>\n<tbody>\n");
    int rows = 0, left_out = 0;
    for (int u = 0; u < r->items[0].n_units; u++) {
        if (!votes(r, u)) continue;
        if (rows++ < MAX_ROWS) put_matrix_row(h, r, order, u);
        else left_out++;
    }
    jp_buffer_text(h->out, "</tbody>\n</table></div>\n");
    if (left_out) jp_buffer_format(h->out, "<p class=\"note\">%d more parts are left out here.</p>\n", left_out);
    jp_html_end_section(h);
}

static int put_prompt_comparison_html(jp_html *h, const jopa_result *r, const jp_explanation *best) {
    double *values = calloc((size_t)best->n_units + 1, sizeof *values);
    if (!values) return jp_fail_memory(h->e);
    for (int u = 0; u < best->n_units; u++) values[u] = votes(r, u);
    jp_html_section(h, "prompt", "Prompt", NULL);
    int status = jp_html_prompt(h, best, values, r->n_items, true);
    jp_html_legend(h, "hidden by few", "hidden by many methods", "the best set");
    jp_html_end_section(h);
    free(values);
    jp_html_section(h, "response", "Response",
                    "Colour: how much probability a token loses once the best set is hidden.");
    if (!status) status = jp_html_response(h, best);
    jp_html_end_section(h);
    return status;
}

int jp_html_compare(jp_html *h, const jopa_result *r) {
    int *order = by_drop(r);
    if (!order) return jp_fail_memory(h->e);
    const jp_explanation *best = &r->items[order[0]];
    jp_html_open(h, "Comparison of methods", "prompt");
    put_head_comparison_html(h, r, order);
    jp_html_section(h, "methods", "Methods", NULL);
    put_table_comparison_html(h, r, order);
    jp_html_end_section(h);
    put_plots(h, r);
    int status = put_prompt_comparison_html(h, r, best);
    put_matrix(h, r, order);
    jp_html_close(h, best);
    free(order);
    return status;
}
