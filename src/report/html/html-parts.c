#include "report/html/html-parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/assets.h"
#include "report/label.h"
#include "report/markup.h"
#include "base/number.h"

enum { HEATS = 10 };

void jp_html_text(jp_html *h, const char *text) { jp_put_html(h->out, text, strlen(text)); }

void jp_html_open(jp_html *h, const char *title, const char *main_part) {
    jp_buffer *out = h->out;
    jp_buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    jp_buffer_format(out,
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
                     "form-action 'none'; style-src '%s' '%s'; script-src '%s'\">\n<title>",
                     jp_page_css_hash, jp_plot_css_hash, jp_page_js_hash);
    jp_html_text(h, title);
    jp_buffer_text(out, "</title>\n<style>");
    jp_buffer_text(out, jp_page_css);
    jp_buffer_text(out, "</style>\n<style>");
    jp_buffer_text(out, jp_plot_css);
    jp_buffer_text(out, "</style>\n</head>\n<body>\n");
    jp_buffer_format(out, "<a class=\"skip\" href=\"#%s\">Skip to the %s</a>\n", main_part, main_part);
    jp_buffer_text(out, "<header class=\"top\"><span class=\"brand\">jopa</span>"
                        "<button id=\"theme\" type=\"button\" hidden>Dark</button></header>\n<main>\n");
}

void jp_html_close(jp_html *h, const jp_explanation *x) {
    jp_buffer_text(h->out, "</main>\n<footer>");
    jp_buffer line = {0};
    jp_put_model(&line, x);
    if (line.failed) h->out->failed = true;
    else jp_html_text(h, line.data);
    jp_buffer_free(&line);
    jp_buffer_text(h->out, " &middot; operator ");
    jp_html_text(h, x->op ? x->op : "unknown");
    jp_buffer_format(h->out, " &middot; seed %llu &middot; jopa ", (unsigned long long)x->seed);
    jp_html_text(h, x->version ? x->version : JOPA_VERSION);
    jp_buffer_text(h->out, "</footer>\n<div id=\"tip\" role=\"tooltip\" hidden></div>\n<script>");
    jp_buffer_text(h->out, jp_page_js);
    jp_buffer_text(h->out, "</script>\n</body>\n</html>\n");
}

void jp_html_section(jp_html *h, const char *id, const char *title, const char *note) {
    jp_buffer_format(h->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id,
                     id, title);
    if (note) jp_buffer_format(h->out, "<p class=\"note\">%s</p>\n", note);
}

void jp_html_end_section(jp_html *h) { jp_buffer_text(h->out, "</section>\n"); }

static void put_taken(jp_html *h, jp_buffer *text) {
    if (text->failed) h->out->failed = true;
    else if (text->data) jp_html_text(h, text->data);
    jp_buffer_free(text);
}

void jp_html_tile(jp_html *h, const char *name, jp_buffer *value, jp_buffer *detail) {
    jp_buffer_format(h->out, "<div><dt>%s</dt><dd>", name);
    put_taken(h, value);
    jp_buffer_text(h->out, "<small>");
    put_taken(h, detail);
    jp_buffer_text(h->out, "</small></dd></div>\n");
}

/* " h7" for a value at 0.7 of the ramp's top, " n7" below zero, nothing for none. */
static void put_heat(jp_buffer *out, double value, double max) {
    int step = jp_heat_step(value, max, HEATS);
    if (step) jp_buffer_format(out, " %c%d", value < 0 ? 'n' : 'h', step);
}

void jp_html_piece(jp_html *h, const char *text, const jp_piece *p, double max, bool *first, jp_html_facts *facts,
                   const void *user) {
    const char *tag = p->selected ? "mark" : "span";
    if (p->first == p->last) {
        jp_put_html(h->out, text + p->start, p->end - p->start);
        return;
    }
    bool blank = strspn(text + p->ink_start, " \t\r\n") >= p->ink_end - p->ink_start;
    jp_put_html(h->out, text + p->start, p->ink_start - p->start);
    jp_buffer_format(h->out, "<%s class=\"t", tag);
    put_heat(h->out, p->value, max);
    jp_buffer_format(h->out, "%s\" tabindex=\"%d\"", blank ? " blank" : "", *first ? 0 : -1);
    facts(h->out, user, p, blank);
    jp_buffer_text(h->out, ">");
    jp_put_html(h->out, text + p->ink_start, p->ink_end - p->ink_start);
    jp_buffer_format(h->out, "</%s>", tag);
    jp_put_html(h->out, text + p->ink_end, p->end - p->ink_end);
    *first = false;
}

/* data-unit="3-5" and data-bytes="12:20", as the options `hide` and `target` have them. */
static void unit_facts(jp_buffer *out, const void *user, const jp_piece *p, bool blank) {
    const jp_explanation *x = user;
    (void)blank;
    jp_buffer_format(out, " data-unit=\"%d", p->first);
    if (p->last - p->first > 1) jp_buffer_format(out, "-%d", p->last - 1);
    jp_buffer_text(out, "\"");
    jp_put_number_attribute(out, "data-score", x->units[p->first].score);
    jp_put_number_attribute(out, "data-probability", x->units[p->first].probability);
    for (int i = 0; p->selected && i < x->joint.n_necessary; i++)
        if (x->joint.necessary[i].unit >= p->first && x->joint.necessary[i].unit < p->last)
            jp_put_number_attribute(out, "data-without", x->joint.necessary[i].drop_without);
}

static void token_facts(jp_buffer *out, const void *user, const jp_piece *p, bool blank) {
    const jp_explanation *x = user;
    double                full = 0, masked = 0;
    (void)blank;
    jp_buffer_format(out, " data-bytes=\"%zu:%zu\"", p->start, p->end);
    for (int t = p->first; t < p->last; t++) {
        if (isnan(jp_token_drop(x, t))) return;
        full += x->response_tokens[t].log_prob;
        masked += x->response_tokens[t].masked_log_prob;
    }
    jp_put_number_attribute(out, "data-full", full);
    jp_put_number_attribute(out, "data-masked", masked);
}

static int put_message_parts_html(jp_html *h, const jp_explanation *x, const jp_result_message *m, const double *values,
                                  double max, bool selection) {
    jp_pieces pieces = {0};
    bool      first = true;
    int       status = jp_view_prompt(x, m, &pieces, h->e);
    jp_buffer_text(h->out, "<div class=\"text\" dir=\"auto\" data-map=\"prompt\">");
    for (int i = 0; i < pieces.n; i++) {
        jp_piece *p = &pieces.at[i];
        p->value = p->first < p->last && values ? 0 : NAN;
        for (int u = p->first; values && u < p->last; u++) p->value += values[u];
        p->selected = p->selected && selection;
        jp_html_piece(h, x->prompt_text, p, max, &first, unit_facts, x);
    }
    jp_buffer_text(h->out, "</div>\n");
    free(pieces.at);
    return status;
}

int jp_html_prompt(jp_html *h, const jp_explanation *x, const double *values, double max, bool selection) {
    jp_result_message *messages;
    int                n, status = jp_view_messages(x, &messages, &n, h->e);
    if (status) return status;
    for (int i = 0; !status && i < n; i++) {
        if (n > 1) {
            jp_buffer_text(h->out, "<h3 class=\"role\">");
            jp_html_text(h, messages[i].role ? messages[i].role : "text");
            jp_buffer_text(h->out, "</h3>\n");
        }
        status = put_message_parts_html(h, x, &messages[i], values, max, selection);
    }
    free(messages);
    return status;
}

int jp_html_response(jp_html *h, const jp_explanation *x) {
    jp_pieces pieces = {0};
    bool      first = true;
    int       status = jp_view_response(x, &pieces, h->e);
    double    max = jp_pieces_max(&pieces);
    jp_buffer_text(h->out, "<div class=\"text\" dir=\"auto\" data-map=\"response\">");
    for (int i = 0; i < pieces.n; i++) jp_html_piece(h, x->response_text, &pieces.at[i], max, &first, token_facts, x);
    jp_buffer_text(h->out, "</div>\n");
    free(pieces.at);
    return status;
}

void jp_html_legend(jp_html *h, const char *low, const char *high, const char *marked) {
    jp_buffer_text(h->out, "<p class=\"legend\">");
    if (low) jp_buffer_format(h->out, "<span>%s</span><span class=\"ramp\" aria-hidden=\"true\">", low);
    for (int i = 2; low && i <= HEATS; i += 2) jp_buffer_format(h->out, "<i class=\"h%d\"></i>", i);
    if (low) jp_buffer_format(h->out, "</span><span>%s</span>", high);
    if (marked)
        jp_buffer_format(h->out, "<span class=\"key\"><mark aria-hidden=\"true\">&nbsp;</mark> %s</span>", marked);
    jp_buffer_text(h->out, "</p>\n");
}

void jp_html_cell_text(jp_html *h, const char *text) {
    jp_buffer_text(h->out, "<td>");
    jp_html_text(h, text);
    jp_buffer_text(h->out, "</td>");
}

void jp_html_cell_taken(jp_html *h, jp_buffer *text) {
    jp_buffer_text(h->out, "<td>");
    put_taken(h, text);
    jp_buffer_text(h->out, "</td>");
}

void jp_html_cell_figure(jp_html *h, double value) {
    jp_buffer_text(h->out, "<td class=\"figure\">");
    if (isfinite(value)) jp_put_figure(h->out, value);
    jp_buffer_text(h->out, "</td>");
}
