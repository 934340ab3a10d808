#include <math.h>
#include <string.h>

#include "report/html/html-parts.h"
#include "report/label.h"
#include "report/uniqueness.h"
#include "base/number.h"

void jp_html_open_table(jp_html *h, const char *id, const char *summary, const char *const *heads) {
    jp_buffer_format(h->out,
                     "<details id=\"%s\">\n<summary>%s</summary>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
                     "aria-label=\"%s\">"
                     "<table>\n<thead><tr>",
                     id, summary, summary);
    for (; *heads; heads++)
        jp_buffer_format(h->out,
                         **heads == '>' ? "<th scope=\"col\" class=\"figure\">%s</th>" : "<th scope=\"col\">%s</th>",
                         *heads + (**heads == '>'));
    jp_buffer_text(h->out, "</tr></thead>\n<tbody>\n");
}

void jp_html_close_table(jp_html *h) { jp_buffer_text(h->out, "</tbody>\n</table></div>\n</details>\n"); }

static double drop_without_details_html(const jp_explanation *x, int unit) {
    for (int i = 0; i < x->joint.n_necessary; i++)
        if (x->joint.necessary[i].unit == unit) return x->joint.necessary[i].drop_without;
    return NAN;
}

static void put_interval_cell(jp_html *h, const jp_explanation *x, int unit) {
    jp_buffer text = {0};
    jp_put_frequency_interval(&text, x, unit);
    jp_buffer_text(h->out, "<td class=\"figure\">");
    if (text.failed) h->out->failed = true;
    else if (text.size) jp_html_text(h, text.data);
    jp_buffer_text(h->out, "</td>");
    jp_buffer_free(&text);
}

static void put_units(jp_html *h, const jp_explanation *x) {
    const char *const heads[] = {"Part",
                                 "Role",
                                 "Hidden",
                                 ">Score",
                                 ">Masking probability",
                                 ">Drop once shown again",
                                 x->stability.present ? ">Share of other seeds' sets" : NULL,
                                 x->stability.n_low ? ">95 % interval" : NULL,
                                 NULL};
    jp_html_open_table(h, "units", "Every part of the prompt", heads);
    for (int u = 0; u < x->n_units; u++) {
        jp_buffer text = {0};
        jp_put_unit(&text, x, u);
        jp_buffer_format(h->out, "<tr%s>", x->units[u].selected ? " class=\"chosen\"" : "");
        jp_html_cell_taken(h, &text);
        jp_html_cell_text(h, x->units[u].role ? x->units[u].role : "");
        jp_html_cell_text(h, x->units[u].selected ? "yes" : "");
        jp_html_cell_figure(h, x->units[u].score);
        jp_html_cell_figure(h, x->units[u].probability);
        jp_html_cell_figure(h, drop_without_details_html(x, u));
        if (x->stability.present) jp_html_cell_figure(h, x->stability.frequency[u]);
        if (x->stability.present && x->stability.n_low) put_interval_cell(h, x, u);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_html_close_table(h);
}

static void put_tokens(jp_html *h, const jp_explanation *x) {
    static const char *const heads[] = {"Token", ">Probability", ">With the set hidden", ">Change, nats", NULL};
    jp_html_open_table(h, "tokens", "Every token of the response", heads);
    for (int t = 0; t < x->n_response_tokens; t++) {
        const jp_result_response_token *token = &x->response_tokens[t];
        jp_buffer                       text = {0};
        jp_put_quoted(&text, token->text, 0, strlen(token->text), 40);
        jp_buffer_text(h->out, "<tr>");
        jp_html_cell_taken(h, &text);
        jp_html_cell_figure(h, exp(token->log_prob));
        jp_html_cell_figure(h, exp(token->masked_log_prob));
        jp_html_cell_figure(h, token->masked_log_prob - token->log_prob);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_html_close_table(h);
}

static void put_metric(jp_html *h, const jp_result_metric *m) {
    jp_buffer name = {0};
    jp_put_metric_name(&name, m->name);
    jp_buffer_text(h->out, "<tr>");
    jp_html_cell_text(h, m->group);
    jp_html_cell_taken(h, &name);
    jp_html_cell_figure(h, m->value);
    jp_buffer_text(h->out, "</tr>\n");
}

static void put_metrics_details_html(jp_html *h, const jp_explanation *x) {
    static const char *const heads[] = {"Metric", "Figure", ">Value", NULL};
    if (!x->n_metrics) return;
    jp_html_open_table(h, "metrics", "Metrics", heads);
    for (int i = 0; i < x->n_metrics; i++) {
        if (!jp_first_of_group(x->metrics, i)) continue;
        for (int j = i; j < x->n_metrics; j++)
            if (!strcmp(x->metrics[j].group, x->metrics[i].group)) put_metric(h, &x->metrics[j]);
    }
    jp_html_close_table(h);
}

static void put_levels(jp_html *h, const jp_explanation *x) {
    static const char *const heads[] = {"Level", ">Units",       ">Not ruled out",  ">In the best set",
                                        ">Drop", ">Evaluations", ">Tokens decoded", ">Came back",
                                        NULL};
    if (!x->n_levels) return;
    jp_html_open_table(h, "levels", "From coarse to fine", heads);
    for (int i = 0; i < x->n_levels; i++) {
        const jp_result_level *l = &x->levels[i];
        jp_buffer_text(h->out, "<tr>");
        jp_html_cell_text(h, l->unit);
        jp_html_cell_figure(h, l->units);
        jp_html_cell_figure(h, l->candidates);
        jp_html_cell_figure(h, l->n_selected);
        jp_html_cell_figure(h, l->drop);
        jp_html_cell_figure(h, (double)l->evaluations);
        jp_html_cell_figure(h, (double)l->decoded_tokens);
        jp_html_cell_figure(h, l->returned);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_html_close_table(h);
}

static void put_fact(jp_html *h, const char *name, const char *value) {
    if (!value) return;
    jp_buffer_format(h->out, "<tr><th scope=\"row\">%s</th>", name);
    jp_html_cell_text(h, value);
    jp_buffer_text(h->out, "</tr>\n");
}

static void put_count(jp_html *h, const char *name, int64_t value) {
    jp_buffer_format(h->out, "<tr><th scope=\"row\">%s</th><td>", name);
    jp_put_count(h->out, value);
    jp_buffer_text(h->out, "</td></tr>\n");
}

static void put_trust_details_html(jp_html *h, const jp_explanation *x) {
    static const char *const heads[] = {"Check", ">Drop, nats", ">Deviation", NULL};
    if (!x->stability.present && !x->n_operators) return;
    jp_html_open_table(h, "trust", "Other seeds, other operators", heads);
    if (x->stability.present) {
        jp_buffer_format(h->out, "<tr><td>mean of %d other seeds</td>", x->stability.runs);
        jp_html_cell_figure(h, x->stability.mean);
        jp_html_cell_figure(h, x->stability.deviation);
        jp_buffer_text(h->out, "</tr>\n");
    }
    for (int i = 0; i < x->n_operators; i++) {
        jp_buffer_text(h->out, "<tr><td>the same set, operator ");
        jp_html_text(h, x->operators[i].name);
        jp_buffer_text(h->out, "</td>");
        jp_html_cell_figure(h, x->operators[i].drop);
        jp_html_cell_figure(h, NAN);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_html_close_table(h);
}

static void put_run_details_html(jp_html *h, const jp_explanation *x) {
    static const char *const heads[] = {"Run", "Value", NULL};
    jp_html_open_table(h, "run", "The run", heads);
    put_fact(h, "Model", x->model.file);
    put_fact(h, "Architecture", x->model.architecture);
    put_fact(h, "Quantization", x->model.quantization);
    put_fact(h, "Computed in", x->model.weights);
    put_fact(h, "Computed by", x->model.devices);
    put_fact(h, "Engine", x->engine);
    put_fact(h, "Method", x->method);
    put_fact(h, "Operator", x->op);
    put_fact(h, "Unit", x->unit);
    put_fact(h, "Ended", x->stopped);
    if (isfinite(x->noise)) {
        jp_buffer_text(h->out, "<tr><td>Noise of a score, nats</td>");
        jp_html_cell_figure(h, x->noise);
        jp_buffer_text(h->out, "</tr>\n");
    }
    put_count(h, "Evaluations", x->cost.evaluations);
    put_count(h, "Gradients", x->cost.gradients);
    put_count(h, "Tokens decoded", x->cost.decoded_tokens);
    put_count(h, "Tokens without sharing", x->cost.naive_tokens);
    jp_html_close_table(h);
}

int jp_html_details(jp_html *h, const jp_explanation *x) {
    jp_html_section(h, "details", "In figures", NULL);
    put_units(h, x);
    put_tokens(h, x);
    put_metrics_details_html(h, x);
    put_trust_details_html(h, x);
    put_levels(h, x);
    put_run_details_html(h, x);
    jp_html_end_section(h);
    return JP_OK;
}
