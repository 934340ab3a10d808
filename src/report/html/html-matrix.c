/* The matrix, to be looked into: pick a part of the response, and the prompt is coloured by what hiding each part of it
 * alone takes from that; pick a part of the prompt, or a set, and the response is coloured by what it loses. The script
 * reads the numbers from attributes; as it is drawn here, all of the response is picked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/carried.h"
#include "report/html/html-parts.h"
#include "report/label.h"

enum { MOST_SENTENCES = 8, QUOTE = 40 };

/* What an element's attributes are made of. */
typedef struct {
    const jp_explanation *x;
    const jp_pieces      *response; /* whose pieces with tokens have a number each, in order */
} sight;

/* ---- numbers ------------------------------------------------------------------------------------------------------
 */

/* Of several units at once, where they share a character: the sum. */
static double of_tokens(const jp_explanation *x, const jp_piece *units, const jp_piece *tokens) {
    double sum = 0;
    for (int u = units->first; u < units->last; u++)
        for (int t = tokens->first; t < tokens->last; t++) sum += x->matrix.rows[u].tokens[t];
    return sum;
}

static double set_of_tokens(const jp_result_loss *l, const jp_piece *tokens) {
    double sum = 0;
    for (int t = tokens->first; t < tokens->last; t++) sum += l->tokens[t];
    return sum;
}

/* Four digits after the point; what is no number is left empty. */
static void put_short(jp_buffer *out, double value, bool first) {
    jp_buffer_text(out, first ? "" : " ");
    if (isfinite(value)) jp_put_exact(out, round(value * 1e4) / 1e4 + 0.0);
    else jp_buffer_text(out, "-");
}

static void put_sentences_of(jp_buffer *out, const jp_explanation *x, const jp_piece *units) {
    jp_buffer_text(out, " data-sentences=\"");
    for (int s = 0; s < x->matrix.n_sentences; s++) {
        double sum = 0;
        for (int u = units->first; u < units->last; u++) sum += x->matrix.rows[u].sentences[s];
        put_short(out, sum, !s);
    }
    jp_buffer_text(out, "\"");
}

static double of_all(const jp_explanation *x, const jp_piece *units) {
    double sum = 0;
    for (int u = units->first; u < units->last; u++) sum += jp_loss_of_all(&x->matrix.rows[u]);
    return sum;
}

/* ---- elements -----------------------------------------------------------------------------------------------------
 */

static void put_button_facts(jp_buffer *out, bool blank) {
    jp_buffer_text(out, " role=\"button\" aria-pressed=\"false\"");
    if (blank) jp_buffer_text(out, " aria-label=\"white space\"");
}

static void carrier_facts(jp_buffer *out, const void *user, const jp_piece *p, bool blank) {
    const sight *s = user;
    bool         first = true;
    put_button_facts(out, blank);
    jp_buffer_format(out, " data-first=\"%d\" data-last=\"%d\" data-drops=\"", p->first, p->last);
    for (int i = 0; i < s->response->n; i++) {
        if (s->response->at[i].first == s->response->at[i].last) continue;
        put_short(out, of_tokens(s->x, p, &s->response->at[i]), first);
        first = false;
    }
    jp_buffer_text(out, "\"");
    put_sentences_of(out, s->x, p);
}

static void carried_facts(jp_buffer *out, const void *user, const jp_piece *p, bool blank) {
    (void)user, (void)p;
    put_button_facts(out, blank);
}

static int put_message_matrix(const sight *s, jp_html *h, const jp_result_message *m, const double *values,
                              double max) {
    jp_pieces pieces = {0};
    bool      first = true;
    int       status = jp_view_prompt(s->x, m, &pieces, h->e);
    jp_buffer_text(h->out, "<div class=\"text\" dir=\"auto\" data-map=\"matrix-prompt\">");
    for (int i = 0; i < pieces.n; i++) {
        jp_piece *p = &pieces.at[i];
        p->value = p->first < p->last ? 0 : NAN;
        for (int u = p->first; u < p->last; u++) p->value += values[u];
        p->selected = false;
        jp_html_piece(h, s->x->prompt_text, p, max, &first, carrier_facts, s);
    }
    jp_buffer_text(h->out, "</div>\n");
    free(pieces.at);
    return status;
}

static int put_prompt_matrix(const sight *s, jp_html *h, const double *values, double max) {
    jp_result_message *messages;
    int                n, status = jp_view_messages(s->x, &messages, &n, h->e);
    if (status) return status;
    for (int i = 0; !status && i < n; i++) {
        jp_buffer_text(h->out, "<h3 class=\"role\">");
        jp_html_text(h, n > 1 && messages[i].role ? messages[i].role : "Prompt");
        jp_buffer_text(h->out, "</h3>\n");
        status = put_message_matrix(s, h, &messages[i], values, max);
    }
    free(messages);
    return status;
}

static void put_response_matrix(const sight *s, jp_html *h) {
    bool first = true;
    jp_buffer_text(h->out, "<h3>Response</h3>\n<div class=\"text\" dir=\"auto\" data-map=\"matrix-response\">");
    for (int i = 0; i < s->response->n; i++) {
        jp_piece p = s->response->at[i];
        p.value = NAN;
        jp_html_piece(h, s->x->response_text, &p, 0, &first, carried_facts, s);
    }
    jp_buffer_text(h->out, "</div>\n");
}

/* ---- what can be picked besides -------------------------------------------------------------------------------------
 */

static void close_pick(jp_html *h, jp_buffer *name) {
    jp_buffer_text(h->out, ">");
    if (name->failed) h->out->failed = true;
    else jp_html_text(h, name->data);
    jp_buffer_text(h->out, "</button>\n");
    jp_buffer_free(name);
}

static void put_sentence_pick(jp_html *h, const jp_explanation *x, int sentence) {
    jp_buffer name = {0};
    jp_put_sentence(&name, x, &x->matrix.sentences[sentence], QUOTE);
    jp_buffer_format(h->out, "<button type=\"button\" class=\"pick\" aria-pressed=\"false\" data-sentence=\"%d\"",
                     sentence);
    close_pick(h, &name);
}

static void put_set_pick(jp_html *h, const sight *s, const jp_result_loss *l) {
    jp_buffer name = {0};
    bool      first = true;
    jp_buffer_text(h->out, "<button type=\"button\" class=\"pick\" aria-pressed=\"false\" data-units=\"");
    for (int i = 0; i < l->n_units; i++) jp_buffer_format(h->out, i ? " %d" : "%d", l->units[i]);
    jp_buffer_text(h->out, "\" data-drops=\"");
    for (int i = 0; i < s->response->n; i++) {
        if (s->response->at[i].first == s->response->at[i].last) continue;
        put_short(h->out, set_of_tokens(l, &s->response->at[i]), first);
        first = false;
    }
    jp_buffer_text(h->out, "\"");
    if (l->target) jp_buffer_text(&name, "the set of ");
    jp_put_set_name(&name, l);
    close_pick(h, &name);
}

static void put_picks(jp_html *h, const sight *s) {
    const jp_explanation *x = s->x;
    jp_buffer_text(h->out, "<div class=\"picks\" role=\"group\" aria-label=\"Parts to pick\">\n"
                           "<button type=\"button\" class=\"pick\" aria-pressed=\"true\" data-sentence=\"all\">"
                           "all of the response</button>\n");
    for (int i = 0; x->matrix.n_sentences > 1 && i < x->matrix.n_sentences; i++) put_sentence_pick(h, x, i);
    for (int i = 0; i < x->matrix.n_sets; i++) put_set_pick(h, s, &x->matrix.sets[i]);
    jp_buffer_text(h->out, "</div>\n");
}

/* ---- in figures -----------------------------------------------------------------------------------------------------
 */

static int token_hit_most(const jp_result_loss *l) {
    int best = -1;
    for (int t = 0; t < l->n_tokens; t++)
        if (isfinite(l->tokens[t]) && l->tokens[t] > 0 && (best < 0 || l->tokens[t] > l->tokens[best])) best = t;
    return best;
}

static void put_loss_row(jp_html *h, const jp_explanation *x, const jp_result_loss *l, jp_buffer *name, bool chosen) {
    jp_buffer hit = {0};
    int       token = token_hit_most(l), shown = x->matrix.n_sentences > 1 ? x->matrix.n_sentences : 0;
    jp_buffer_format(h->out, "<tr%s>", chosen ? " class=\"chosen\"" : "");
    jp_html_cell_taken(h, name);
    jp_html_cell_figure(h, jp_loss_of_all(l));
    for (int i = 0; i < shown && i < MOST_SENTENCES; i++) jp_html_cell_figure(h, l->sentences[i]);
    if (token >= 0) {
        jp_put_response_token(&hit, x, token, QUOTE);
        jp_buffer_text(&hit, " ");
        jp_put_figure(&hit, l->tokens[token]);
    }
    jp_html_cell_taken(h, &hit);
    jp_buffer_text(h->out, "</tr>\n");
}

static void put_losses(jp_html *h, const jp_explanation *x) {
    static const char *const names[MOST_SENTENCES] = {">Sentence 1", ">2", ">3", ">4", ">5", ">6", ">7", ">8"};
    const char              *heads[MOST_SENTENCES + 4] = {"Part, hidden alone", ">All of the response"};
    int                      n = 2;
    for (int i = 0; x->matrix.n_sentences > 1 && i < x->matrix.n_sentences && i < MOST_SENTENCES; i++)
        heads[n++] = names[i];
    heads[n] = "Takes most from";
    jp_html_open_table(h, "losses", "What each part takes, in nats", heads);
    for (int u = 0; u < x->matrix.n_rows; u++) {
        jp_buffer name = {0};
        jp_put_unit(&name, x, u);
        put_loss_row(h, x, &x->matrix.rows[u], &name, x->units[u].selected);
    }
    for (int i = 0; i < x->matrix.n_sets; i++) {
        jp_buffer name = {0};
        jp_put_set_name(&name, &x->matrix.sets[i]);
        put_loss_row(h, x, &x->matrix.sets[i], &name, true);
    }
    jp_html_close_table(h);
    if (x->matrix.n_sentences > MOST_SENTENCES)
        jp_buffer_format(h->out, "<p class=\"note\">%d more sentences are in the other formats.</p>\n",
                         x->matrix.n_sentences - MOST_SENTENCES);
}

/* ---- the section ----------------------------------------------------------------------------------------------------
 */

static int put_maps_matrix(const sight *s, jp_html *h) {
    const jp_explanation *x = s->x;
    double               *values = calloc((size_t)x->n_units + 1, sizeof *values), max = 0;
    if (!values) return jp_fail_memory(h->e);
    for (int u = 0; u < x->n_units; u++) {
        values[u] = of_all(x, &(jp_piece){.first = u, .last = u + 1});
        if (isfinite(values[u])) max = fmax(max, fabs(values[u]));
    }
    put_response_matrix(s, h);
    int status = put_prompt_matrix(s, h, values, max);
    free(values);
    return status;
}

int jp_html_matrix(jp_html *h, const jp_explanation *x) {
    jp_pieces response = {0};
    sight     s = {x, &response};
    if (!x->matrix.present) return JP_OK;
    int status = jp_view_response(x, &response, h->e);
    if (status) return status;
    jp_html_section(
        h, "matrix", "Which part carries what",
        "Pick a word or a sentence of the response: the prompt is coloured by what hiding each part of it alone "
        "takes from that. Pick a part of the prompt: the response is coloured by what it loses. Click, or press "
        "Enter.");
    put_picks(h, &s);
    jp_buffer_text(h->out, "<p class=\"says\" role=\"status\">&nbsp;</p>\n");
    status = put_maps_matrix(&s, h);
    jp_html_legend(h, "loses little", "loses much", NULL);
    put_losses(h, x);
    jp_html_end_section(h);
    free(response.at);
    return status;
}
